import type { HostEvent, HostFeature, HostInitRequest, HostTheme } from '@callgather/protocol'
import { callEvents } from '../bridge/call-events.ts'
import { backLabel } from './words.ts'

/** What a view needs. */
export interface FrameViewDeps {
  readonly init: HostInitRequest
  readonly getTicket: () => Promise<string>
  readonly publish: (event: HostEvent) => void
}

/** An element of `callgather.mjs`. */
interface EmbedElement extends HTMLElement {
  getTicket?: unknown
}

const features: readonly HostFeature[] = ['controls', 'transcript', 'assistant', 'timeline', 'collected', 'wrap-up']

/**
 * The events of the list of calls that go to the host: all events of its client, once. The frame itself publishes the
 * others.
 */
const forwarded = ['connection', ...callEvents, 'error'] as const

/** How many frames `focus` waits for an element to show its first control. */
const MAX_FOCUS_FRAMES = 300

/** The content of the page. The list of calls stays mounted behind the panel, so that its events go on. */
export class FrameView {
  readonly #deps: FrameViewDeps
  readonly #main = document.createElement('main')
  readonly #calls: EmbedElement
  readonly #back = document.createElement('button')
  readonly #observer: ResizeObserver
  #panel: EmbedElement | null = null
  #locale: string
  #theme: HostTheme
  #height = -1
  #width = -1

  constructor(deps: FrameViewDeps) {
    this.#deps = deps
    const { init, publish } = deps
    this.#locale = init.locale ?? navigator.language
    this.#theme = init.theme ?? 'auto'
    this.#calls = this.#create('callgather-calls')
    for (const type of forwarded) {
      this.#calls.addEventListener(type, (event) => {
        const message = (event as CustomEvent<HostEvent>).detail
        // The host knows why it returned no ticket, and says so itself.
        if (message.type !== 'error' || message.code !== 'ticketFailed') publish(message)
      })
    }
    this.#calls.addEventListener('call-selected', (event) => {
      const { callId } = (event as CustomEvent<{ callId: string }>).detail
      this.#choose(callId)
    })
    this.#back.type = 'button'
    this.#back.className = 'back'
    this.#back.addEventListener('click', () => this.#choose(null))
    this.#main.append(this.#calls)
    this.#observer = new ResizeObserver(() => this.#publishSize())
    this.#observer.observe(this.#main)
    this.setLocale(this.#locale)
    this.setTheme(this.#theme)
    this.show(init.callId ?? null)
    document.body.replaceChildren(this.#main)
  }

  /** Shows the panel of a call; `null` shows the list of calls. */
  show(callId: string | null): void {
    const isList = callId === null
    this.#calls.hidden = !isList
    if (isList) {
      this.#back.remove()
      this.#panel?.remove()
      this.#panel = null
      this.#calls.removeAttribute('selected')
      return
    }
    this.#calls.setAttribute('selected', callId)
    if (this.#panel) {
      this.#panel.setAttribute('call-id', callId)
      return
    }
    const panel = this.#create('callgather-panel')
    const shown = this.#deps.init.features
    if (shown) panel.setAttribute('hide', features.filter((name) => !shown.includes(name)).join(' '))
    panel.setAttribute('call-id', callId)
    this.#panel = panel
    this.#main.prepend(this.#back, panel)
  }

  setTheme(theme: HostTheme): void {
    this.#theme = theme
    document.documentElement.dataset.theme = theme
    for (const element of this.#elements()) element.setAttribute('theme', theme)
  }

  setLocale(locale: string): void {
    this.#locale = locale
    document.documentElement.lang = locale
    document.documentElement.dir = /^(ar|fa|he|ur)\b/i.test(locale) ? 'rtl' : 'ltr'
    this.#back.textContent = backLabel(locale)
    for (const element of this.#elements()) element.setAttribute('locale', locale)
  }

  /** Moves the focus to the first control of what is shown, as soon as there is one. */
  focus(): void {
    let frames = 0
    const tryFocus = () => {
      const target = this.#panel ?? this.#calls
      target.focus()
      if (document.activeElement !== target && target.isConnected && frames++ < MAX_FOCUS_FRAMES)
        requestAnimationFrame(tryFocus)
    }
    tryFocus()
  }

  remove(): void {
    this.#observer.disconnect()
    this.#main.remove()
  }

  /** Shows what the agent chose, moves the focus there, and publishes the choice. */
  #choose(callId: string | null): void {
    this.show(callId)
    this.focus()
    this.#deps.publish({ type: 'call-selected', callId })
  }

  #create(name: 'callgather-calls' | 'callgather-panel'): EmbedElement {
    const element: EmbedElement = document.createElement(name)
    element.setAttribute('url', location.origin)
    element.setAttribute('base-path', location.pathname.replace(/\/embed\/?$/, '') || '/')
    element.setAttribute('locale', this.#locale)
    element.setAttribute('theme', this.#theme)
    element.getTicket = this.#deps.getTicket
    return element
  }

  #elements(): HTMLElement[] {
    return this.#panel ? [this.#calls, this.#panel] : [this.#calls]
  }

  #publishSize(): void {
    // The height of the content doesn't depend on the height of the frame, so the two can't grow each other.
    const height = Math.ceil(this.#main.getBoundingClientRect().height)
    const width = window.innerWidth
    if (height === this.#height && width === this.#width) return
    this.#height = height
    this.#width = width
    this.#deps.publish({ type: 'resize', width, height })
  }
}
