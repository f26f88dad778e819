import { FIELDS, NON_TEXT_FIELDS, placeOf, targetOf } from './fields.ts'

/** Whether a key belongs to typing. Any other key is deliberate. */
const isTyping = ({ key }: KeyboardEvent) =>
  key.length === 1 || ['Enter', 'Backspace', 'Delete', 'Dead', 'Process', 'Unidentified'].includes(key)

/**
 * Swallows typed keys after their field in `root` disappears, so that they fire no shortcut and press no button. Stops at
 * a deliberate action: a pointer, Tab, Escape, an arrow, a modifier, a submitted form, or a key outside `root`.
 *
 * @returns a function that stops it.
 */
export function swallowLeftoverTyping(root: Element): () => void {
  let isWriting = false
  const done = () => {
    isWriting = false
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Shift' || event.key === 'AltGraph') return
    // AltGr writes characters, and reports Ctrl and Alt on some systems.
    const isModified = (event.ctrlKey || event.metaKey) && !event.getModifierState('AltGraph')
    if (isModified || !isTyping(event) || placeOf(event, root) === 'outside') return done()
    const field = targetOf(event).closest(FIELDS)
    if (field) {
      // The Enter that submits a form is released after the submit.
      if (event.type === 'keydown') isWriting = !field.matches(NON_TEXT_FIELDS)
    } else if (isWriting) {
      event.preventDefault()
      event.stopPropagation()
    }
  }
  const { ownerDocument } = root
  // Space presses a button when it is released.
  const keys = ['keydown', 'keyup'] as const
  const ends = ['pointerdown', 'click'] as const
  for (const type of keys) ownerDocument.addEventListener(type, onKey, true)
  for (const type of ends) ownerDocument.addEventListener(type, done, true)
  // A submit event does not leave a shadow root.
  root.addEventListener('submit', done, true)
  return () => {
    for (const type of keys) ownerDocument.removeEventListener(type, onKey, true)
    for (const type of ends) ownerDocument.removeEventListener(type, done, true)
    root.removeEventListener('submit', done, true)
  }
}
