/**
 * Words for those who do not see the change. Announcements are kept apart from what is shown: what is shown changes
 * more often, and in more places, than anyone wants read out (WCAG 4.1.3).
 */
export function LiveRegion({ text, assertive = false }: { readonly text: string; readonly assertive?: boolean }) {
  return (
    <span className="cg-visually-hidden" role={assertive ? 'alert' : 'status'} aria-atomic="true">
      {text}
    </span>
  )
}
