import styles from '@callgather/react/styles.css?inline'

/** The styles of the element itself. The styles of its content come from `@callgather/react`. */
const elementStyles = `
:host { display: block; min-inline-size: 0 }
:host([hidden]) { display: none }
.cg-embed { block-size: 100%; min-inline-size: 0 }
.cg-embed:focus { outline: none }
.cg-embed-problem { margin: 0; padding: 12px; border: 1px solid; border-radius: 8px; font-size: 14px; line-height: 1.45 }
.cg-embed-failure { display: grid; justify-items: start; gap: 8px; padding: 12px }
.cg-embed-failure p { margin: 0 }
`

const sheets: CSSStyleSheet[] = []
const roots = new Set<ShadowRoot>()

/** Gives a shadow root the stylesheets, which all elements of the page share. Returns a function that releases it. */
export function adoptStyles(root: ShadowRoot): () => void {
  if (sheets.length === 0) for (const text of [styles, elementStyles]) addStyles(text)
  root.adoptedStyleSheets = [...sheets]
  roots.add(root)
  return () => roots.delete(root)
}

/** Adds the styles of a module that was loaded on demand. The build adds the calls. */
export function addStyles(text: string): void {
  // A constructed stylesheet is allowed by strict content security policies.
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(text)
  sheets.push(sheet)
  for (const root of roots) root.adoptedStyleSheets.push(sheet)
}
