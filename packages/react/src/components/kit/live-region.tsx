/**
 * Announces text to screen readers (WCAG 4.1.3). It is separate from the visible text, because that text changes too
 * often to be read out.
 */
export function LiveRegion({ text, assertive = false }: { readonly text: string; readonly assertive?: boolean }) {
  return (
    <span className="cg-visually-hidden" role={assertive ? 'alert' : 'status'} aria-atomic="true">
      {text}
    </span>
  )
}
