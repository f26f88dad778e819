/** The styles of host pages: resets and templates from npm, and rules of our own that hosts also have. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { compile } from 'tailwindcss'

const require = createRequire(import.meta.url)
const read = (file: string) => readFile(require.resolve(file), 'utf8')

/** Returns the built style sheets of `@callgather/react` in the order in which an application loads them. */
export async function ownSheets(): Promise<string> {
  const files = ['styles.css', 'wall.css'].map(
    (name) => new URL(`../../../../packages/react/dist/${name}`, import.meta.url),
  )
  return (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('\n')
}

/** Tailwind 4 compiles its own functions, so the reset is compiled as in an application. */
async function tailwind4(): Promise<string> {
  const { build } = await compile(
    '@layer theme, base, components, utilities; @import "tailwindcss/preflight.css" layer(base);',
    {
      loadStylesheet: async (id, base) => ({ path: id, base, content: await read(id) }),
    },
  )
  return build([])
}

/** What MUI's `CssBaseline` sets with the default theme: only the page, inherited box sizing and bold text. */
const mui = `
html { -webkit-font-smoothing: antialiased; box-sizing: border-box; -webkit-text-size-adjust: 100%; }
*, *::before, *::after { box-sizing: inherit; }
strong, b { font-weight: 700; }
body { margin: 0; color: rgb(0 0 0 / 0.87); background: #fff;
  font: 400 1rem/1.5 Roboto, Helvetica, Arial, sans-serif; letter-spacing: 0.00938em; }
`

/** The rules of older applications, which style every element of a kind. */
const elementRules = `
h1, h2, h3, h4 { margin: 40px 0 20px; color: crimson; font: italic 300 30px/2 Georgia, serif; text-transform: uppercase; }
p, ul, ol, dl, dd { margin: 15px 30px; padding: 5px; list-style: square inside; line-height: 2.5; }
li { margin: 6px; padding: 3px; border-bottom: 1px solid silver; }
button, input, select, textarea { width: 90%; margin: 8px; padding: 12px 30px; border: 3px dotted teal; border-radius: 0;
  background: gold; box-shadow: 0 0 4px black; color: navy; font: bold 18px serif; text-transform: uppercase; letter-spacing: 2px; }
button:hover, input:focus { background: orange; }
label, legend { display: block; float: left; width: 50%; margin: 9px; font-weight: 900; }
fieldset { margin: 20px; padding: 20px; border: 2px groove red; }
table { width: 50%; margin: 20px; border-collapse: separate; border-spacing: 8px; } th, td { padding: 20px; text-align: center; }
a { color: red; } svg { display: block; width: 100%; fill: red; vertical-align: middle; overflow: visible; }
span, i, strong, mark, time, bdi, q { display: block; margin: 2px; font-style: normal; background: pink; quotes: none; }
header, section, nav, article, footer, form, div { margin: 4px; padding: 4px; }
dialog { padding: 60px; border: 10px solid; } summary, details, pre, search { margin: 20px; white-space: nowrap; }
::before, ::after { content: "!"; display: block; margin: 5px; }
::placeholder { color: red; opacity: 0.3; } ::backdrop { background: red; }
`

/** Everything that a page can give to our components by inheritance. */
const inherited = `
body { letter-spacing: 0.3em; word-spacing: 1em; text-transform: uppercase; text-indent: 2em; text-shadow: 1px 1px red; color: red;
  font: italic small-caps 900 condensed 40px/3 serif; font-kerning: none; font-feature-settings: "smcp"; font-optical-sizing: none;
  font-synthesis: none; font-variation-settings: "wght" 200; font-size-adjust: 0.8; text-rendering: optimizeLegibility;
  -webkit-font-smoothing: antialiased; white-space: pre; word-break: break-all; overflow-wrap: break-word; hyphens: auto; line-break: anywhere;
  tab-size: 2; list-style: upper-roman inside; quotes: "<" ">"; cursor: help; border-collapse: collapse; border-spacing: 9px;
  caption-side: bottom; empty-cells: hide; text-align: center; text-align-last: right; text-wrap: balance; text-decoration-skip-ink: none;
  text-underline-offset: 8px; text-emphasis: dot; orphans: 5; widows: 5; accent-color: red; caret-color: red; fill: red; stroke: red;
  stroke-width: 5px; text-anchor: end; image-rendering: pixelated; scrollbar-color: red blue; -webkit-text-stroke: 1px green;
  -webkit-text-fill-color: lime; -webkit-tap-highlight-color: red; -webkit-user-select: none; user-select: none; print-color-adjust: exact; paint-order: stroke; }
`

/** The style sheets of hosts by name. */
export async function hostSheets(): Promise<Readonly<Record<string, string>>> {
  return {
    'Bootstrap 5': await read('bootstrap/dist/css/bootstrap.css'),
    'Tailwind 3': await read('@unocss/reset/tailwind.css'),
    'Tailwind 4': await tailwind4(),
    'normalize.css': await read('@unocss/reset/normalize.css'),
    'the reset of Eric Meyer': await read('@unocss/reset/eric-meyer.css'),
    'sanitize.css': await read('@unocss/reset/sanitize/sanitize.css'),
    'the template of Vite': await read('create-vite/template-react-ts/src/index.css'),
    'the baseline of MUI': mui,
    'a universal reset': '* { margin: 0; padding: 0; }',
    'rules for elements': elementRules,
    'inherited styles': inherited,
    'a root font of 10 px': 'html { font-size: 10px; } body { font-size: 1.6rem; }',
  }
}
