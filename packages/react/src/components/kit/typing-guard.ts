/**
 * Protects an agent who types in a field that is removed, for example because another agent starts a gather. Without
 * the guard, the focus falls back to the page, and the next letters trigger shortcuts.
 *
 * A hidden field takes the focus and discards keys. The hidden field is a `textarea`, because host shortcuts usually
 * ignore text fields. It is removed when it loses the focus: by Tab, Escape or a click.
 */
import type { FocusEvent } from 'react'
import { useLanguage } from '../../strings/strings-context.tsx'

/** Guards every text field in a region. Spread the returned props on the region's element. */
export function useTypingGuard(): { readonly onFocus: (event: FocusEvent<HTMLElement>) => void } {
  const { t } = useLanguage()
  const label = t('typing.kept')
  return {
    onFocus: ({ target }) => {
      if (isTextField(target)) guardTyping(target, label)
    },
  }
}

const guarded = new WeakSet<Element>()

/** Whether the typing guard decides where the focus goes when this field is removed. */
export const isGuarded = (field: Element): boolean => guarded.has(field)

const notText = ['button', 'checkbox', 'color', 'file', 'image', 'radio', 'range', 'reset', 'submit']
const textFields = `textarea, select, input${notText.map((type) => `:not([type="${type}"])`).join('')}`

const isTextField = (element: HTMLElement) => element.matches(textFields) || element.isContentEditable

/** Guards a text field while the field has the focus. Returns a function that stops the guard. */
function guardTyping(field: HTMLElement, label: string): () => void {
  if (guarded.has(field)) return () => {}
  guarded.add(field)
  const ancestors = ancestorsOf(field)
  let lastKey: KeyboardEvent | null = null
  const onKeyDown = (event: KeyboardEvent) => {
    lastKey = event
  }
  const stop = () => {
    guarded.delete(field)
    for (const observer of observers) observer.disconnect()
    field.removeEventListener('keydown', onKeyDown)
    field.removeEventListener('blur', onBlur)
  }
  const onBlur = () =>
    // Browsers also report a blur when the field is removed or its window loses the focus. Ignore both.
    queueMicrotask(() => {
      if (!field.isConnected || activeIn(field) === field) return
      // Suspense and tabs hide a field without removing it. The browser then blurs the field.
      if (isHidden(field)) moveFocus()
      else stop()
    })
  const onMutation = () => {
    if (!field.isConnected || field.matches(':disabled')) moveFocus()
  }
  const moveFocus = () => {
    stop()
    const place = ancestors.find((it) => it.isConnected && !isHidden(it))
    if (!place) return
    const active = activeIn(place)
    if (active !== null && active !== field && active !== place.ownerDocument.body) return
    if (isLeaving(lastKey, field)) regionOf(place)?.focus({ preventScroll: true })
    else discardKeys(place, label)
  }
  const observers = rootsOf(field).map((root) => {
    const observer = new MutationObserver(onMutation)
    observer.observe(root, { childList: true, subtree: true, attributeFilter: ['disabled'] })
    return observer
  })
  field.addEventListener('keydown', onKeyDown)
  field.addEventListener('blur', onBlur)
  return stop
}

/** Whether the agent left the field with the last key: Escape, or Enter that submits the form. */
function isLeaving(key: KeyboardEvent | null, field: HTMLElement): boolean {
  if (key?.key === 'Escape') return true
  return key?.key === 'Enter' && (key.defaultPrevented || field.matches('input'))
}

function discardKeys(place: Element, label: string): void {
  const sink = place.ownerDocument.createElement('textarea')
  sink.className = 'cg-key-sink'
  sink.setAttribute('aria-label', label)
  sink.autocomplete = 'off'
  // Inline styles, because hosts may use the parts without our style sheet.
  Object.assign(sink.style, { position: 'fixed', inlineSize: '1px', blockSize: '1px', opacity: '0', border: '0' })
  const leave = () => {
    const region = regionOf(place)
    if (region) region.focus({ preventScroll: true })
    else sink.blur()
  }
  const onKey = (event: KeyboardEvent) => {
    const passes = event.key === 'Tab' || event.key === 'Escape' || isCombination(event)
    if (!passes) {
      event.preventDefault()
      event.stopPropagation()
    } else if (event.key === 'Escape' && event.type === 'keydown') {
      // Run after other Escape handlers, which may move the focus.
      queueMicrotask(() => activeIn(sink) === sink && leave())
    }
  }
  for (const type of ['keydown', 'keypress', 'keyup'] as const) sink.addEventListener(type, onKey)
  sink.addEventListener('beforeinput', (event) => event.preventDefault())
  place.append(sink)
  // Guard the hidden field too, because it may be removed with its region.
  const stop = guardTyping(sink, label)
  sink.addEventListener('blur', () =>
    queueMicrotask(() => {
      if (activeIn(sink) === sink || !sink.isConnected) return
      stop()
      sink.remove()
    }),
  )
  sink.focus({ preventScroll: true })
}

/** Whether a key event is a shortcut with Ctrl or Meta. Alt and AltGr (reported as Ctrl+Alt) type letters. */
const isCombination = ({ ctrlKey, metaKey, altKey }: KeyboardEvent) => metaKey || (ctrlKey && !altKey)

/** Whether an element is inert or, if the browser supports `checkVisibility`, not rendered. */
const isHidden = (element: Element): boolean =>
  element.checkVisibility?.() === false || [element, ...ancestorsOf(element)].some((it) => it.hasAttribute('inert'))

const regionOf = (place: Element) => place.closest<HTMLElement>('[tabindex="-1"]')

function ancestorsOf(element: Element): Element[] {
  const parent = element.parentElement ?? hostOf(element)
  return parent ? [parent, ...ancestorsOf(parent)] : []
}

/** Returns the host of the shadow root around an element. Not by `instanceof`: the element may be in another window. */
function hostOf(element: Element): Element | null {
  const root = element.getRootNode()
  return root.nodeType === Node.DOCUMENT_FRAGMENT_NODE ? ((root as ShadowRoot).host ?? null) : null
}

/** Returns every root around an element: shadow roots and the document. A mutation observer sees only one root. */
function rootsOf(element: Element): Node[] {
  const host = hostOf(element)
  return [element.getRootNode(), ...(host ? rootsOf(host) : [])]
}

/** Returns the focused element of the document or shadow root that contains `element`. */
export function activeIn(element: Element): Element | null {
  return (element.getRootNode() as Partial<DocumentOrShadowRoot>).activeElement ?? null
}
