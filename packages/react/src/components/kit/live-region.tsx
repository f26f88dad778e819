/**
 * Announces text to screen readers. It is separate from the visible text, which changes too often to be read out
 * (WCAG 4.1.3).
 */
export function LiveRegion({ text, assertive = false }: { readonly text: string; readonly assertive?: boolean }) {
  return (
    <span className="cg-visually-hidden" role={assertive ? 'alert' : 'status'} aria-atomic="true">
      {text}
    </span>
  )
}
