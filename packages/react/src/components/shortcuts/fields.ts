/** Elements that take typed keys themselves. */
export const FIELDS = 'input, textarea, select, [contenteditable], [role="textbox"], [role="grid"]'

/** Elements of `FIELDS` in which an agent does not write. */
export const NON_TEXT_FIELDS =
  '[type="checkbox"], [type="radio"], [type="button"], [type="submit"], [type="range"], [role="grid"]'

/** Where a key event happens: inside a root, outside it, or nowhere, because nothing in the page has the focus. */
export function placeOf(event: Event, root: Element): 'inside' | 'outside' | 'nowhere' {
  const { body, documentElement } = root.ownerDocument
  if (event.composedPath().includes(root)) return 'inside'
  return event.target === body || event.target === documentElement ? 'nowhere' : 'outside'
}

/** The element of a key event, also in a shadow root. */
export const targetOf = (event: Event): Element => event.composedPath()[0] as Element
