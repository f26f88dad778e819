/**
 * What the elements have in common: attributes and properties, a shadow root, and a view that is mounted while the
 * element is in the document. A move in the document does not remount it.
 */
import { HOST_CONTRACT, HOST_CONTRACT_VERSION, type HostEvent } from '@callgather/protocol'
import { GatherProvider, type GetTicket, type StringOverrides, StringsProvider } from '@callgather/react'
import type { ReactNode } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { upgradeProperties } from './accessors.ts'
import { type AttributeName, attributeRules, type PropertyName, propertyRules } from './attributes.ts'
import { dictionaryOf, directionOf, type ElementLanguage, english, loadedLanguage, loadLanguage } from './languages.ts'
import { acquireClient, type ClientKey, type ClientLease } from './shared-client.ts'
import { adoptStyles } from './styles.ts'

/** `HTMLElement`; a class without abilities where there is no DOM, so that a server can import the module. */
const ElementBase: typeof HTMLElement =
  typeof HTMLElement === 'undefined' ? (class {} as typeof HTMLElement) : HTMLElement

export abstract class CallGatherElement extends ElementBase {
  readonly #properties = new Map<PropertyName, unknown>()
  readonly #warnings = new Set<string>()
  #isScheduled = false
  #view: { readonly root: Root; readonly container: HTMLElement; readonly releaseStyles: () => void } | null = null
  #lease: ClientLease | null = null
  #language: ElementLanguage | null = null
  /** Why the element has no client. */
  #problem: string | null = null
  #isReady = false

  /** What the element shows. */
  protected abstract view(): ReactNode

  connectedCallback(): void {
    upgradeProperties(this)
    this.#schedule()
  }

  disconnectedCallback(): void {
    this.#schedule()
  }

  attributeChangedCallback(): void {
    this.#schedule()
  }

  /**
   * Moves the focus to the first control inside. `delegatesFocus` would do that too, but it also moves the focus on
   * every press on text, which then cannot be selected.
   */
  override focus(options?: FocusOptions): void {
    const controls = this.shadowRoot?.querySelectorAll<HTMLElement>('button, input, select, textarea, a, [tabindex]')
    const first = [...(controls ?? [])].find((control) => control.tabIndex >= 0 && control.checkVisibility())
    const target = first ?? this.#view?.container
    target?.focus(options)
  }

  /** The value of an attribute; `null` if it is missing or cannot be used. */
  protected attribute(name: AttributeName): string | null {
    const value = this.getAttribute(name)
    if (value === null || attributeRules[name].accepts(value)) return value
    this.#warn(`attribute \`${name}\``, value)
    return null
  }

  /** The value of a property that has no attribute. */
  readProperty(name: PropertyName): unknown {
    return this.#properties.get(name)
  }

  /** Sets a property that has no attribute. A value that cannot be used counts as missing. */
  writeProperty(name: PropertyName, value: unknown): void {
    const { accepts } = propertyRules[name]
    const isGiven = value !== undefined && value !== null
    if (isGiven && !accepts(value)) this.#warn(`property \`${name}\``, typeof value)
    if (isGiven && accepts(value)) this.#properties.set(name, value)
    else this.#properties.delete(name)
    this.#schedule()
  }

  /** Dispatches a message of the host contract as an event of its type. */
  protected publish(event: HostEvent): void {
    this.dispatchEvent(new CustomEvent(event.type, { detail: event }))
  }

  /** Whether the element publishes an event: those of its call, and those that are not about a call. */
  protected isAbout(event: HostEvent): boolean {
    return !('callId' in event) || event.callId === null || event.callId === this.attribute('call-id')
  }

  #warn(subject: string, value: string): void {
    const key = `${subject} ${value}`
    if (this.#warnings.has(key)) return
    this.#warnings.add(key)
    console.warn(
      `CallGather: <${this.localName}> ignores its ${subject}, because its value cannot be used. See the README of @callgather/embed.`,
    )
  }

  // Deferred, because a move in the document disconnects the element for a moment, and hosts set properties one by one.
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      if (this.isConnected) this.#show()
      else this.#unmount()
    })
  }

  #show(): void {
    const lease = this.#connect()
    const language = this.#chooseLanguage()
    if (!language) return
    const { root, container } = this.#mount()
    // Without a theme, the colours follow the `color-scheme` of the page.
    container.dataset.cgTheme = this.attribute('theme') ?? ''
    container.dataset.cgDensity = this.attribute('density') ?? ''
    const shown =
      language.strings === english.strings && dictionaryOf(language.locale) !== 'en' ? 'en' : language.locale
    container.lang = shown
    container.dir = directionOf(shown)
    const overrides = this.readProperty('strings') as StringOverrides | undefined
    root.render(
      lease ? (
        <GatherProvider client={lease.client} queryClient={lease.queryClient}>
          <StringsProvider
            locale={language.locale}
            strings={language.strings}
            {...(overrides === undefined ? {} : { overrides })}
          >
            {this.view()}
          </StringsProvider>
        </GatherProvider>
      ) : (
        this.#problem !== null && (
          <p className="cg-embed-problem" role="alert">
            {this.#problem}
          </p>
        )
      ),
    )
    if (!lease || this.#isReady) return
    this.#isReady = true
    const callId = this.getAttribute('call-id')
    this.publish({ type: 'ready', contract: HOST_CONTRACT, version: HOST_CONTRACT_VERSION, callId })
  }

  #mount() {
    if (this.#view) return this.#view
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: 'open' })
    const container = document.createElement('div')
    container.className = 'cg-embed'
    container.tabIndex = -1
    shadow.replaceChildren(container)
    this.#view = { root: createRoot(container), container, releaseStyles: adoptStyles(shadow) }
    return this.#view
  }

  #unmount(): void {
    this.#view?.root.unmount()
    this.#view?.container.remove()
    this.#view?.releaseStyles()
    this.#view = null
    this.#lease?.release()
    this.#lease = null
    this.#isReady = false
    this.#problem = null
  }

  /** Returns the client of the current attributes; `null` if they are incomplete. */
  #connect(): ClientLease | null {
    const url = this.attribute('url')
    const getTicket = this.readProperty('getTicket') as GetTicket | undefined
    const key: ClientKey | null =
      url === null || !getTicket ? null : { url, getTicket, basePath: this.attribute('base-path') ?? undefined }
    if (key && this.#lease?.isFor(key)) return this.#lease
    this.#lease?.release()
    this.#lease = null
    if (key) {
      try {
        this.#lease = acquireClient(key, (event) => this.isAbout(event) && this.publish(event))
        this.#problem = null
      } catch (error) {
        this.#fail(error instanceof Error ? error.message : String(error))
      }
    } else if (document.readyState === 'complete') {
      const missing = url === null ? 'attribute `url`, the origin of your server' : 'property `getTicket`, a function'
      this.#fail(`CallGather: <${this.localName}> needs the ${missing}.`)
    } else {
      // A script of the page may still set them.
      addEventListener('load', () => setTimeout(() => this.#schedule()), { once: true })
    }
    return this.#lease
  }

  #fail(problem: string): void {
    if (this.#problem === problem) return
    this.#problem = problem
    this.publish({ type: 'error', code: 'invalidSetup', detail: problem, callId: null })
  }

  /** Returns the language to show; `null` while the first one is loading. */
  #chooseLanguage(): ElementLanguage | null {
    const given = this.attribute('locale')
    const wanted = given ?? document.documentElement.lang
    const isKnown = dictionaryOf(wanted) !== null
    if (given !== null && !isKnown) this.#warn('attribute `locale`', given)
    const locale = isKnown ? wanted : 'en'
    if (this.#language?.locale === locale) return this.#language
    const loaded = loadedLanguage(locale)
    if (loaded) this.#language = loaded
    else {
      loadLanguage(locale)
        .catch((error: unknown) => {
          const problem = `CallGather: the language ${locale} could not be loaded, so English is shown.`
          this.publish({ type: 'error', code: 'languageNotLoaded', detail: problem, callId: null })
          console.warn(problem, error)
          // Named after the wanted language, so that it is not requested again with each change.
          return { ...english, locale }
        })
        .then((language) => {
          this.#language = language
          this.#schedule()
        })
        .catch(() => {})
    }
    return this.#language
  }
}
