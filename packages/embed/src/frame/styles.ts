const styles = `
:root { color-scheme: light dark; }
:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; }
body { margin: 0; background: Canvas; color: CanvasText; font: 14px/1.45 system-ui, sans-serif; }
main { box-sizing: border-box; padding: 12px; }
.back { margin: 0 0 8px; padding: 6px 12px; border: 1px solid color-mix(in srgb, CanvasText 30%, Canvas); border-radius: 8px; background: Canvas; color: CanvasText; font: inherit; cursor: pointer; }
.back:hover { background: color-mix(in srgb, CanvasText 8%, Canvas); }
.back:focus-visible { outline: 2px solid Highlight; outline-offset: 2px; }
.back::before { content: "‹"; margin-inline-end: 6px; }
.back:dir(rtl)::before { content: "›"; }
`

/** Adds the styles of the page itself. The elements bring their own. */
export function addStyles(document: Document): void {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(styles)
  document.adoptedStyleSheets = [sheet]
}
