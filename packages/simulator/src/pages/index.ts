/**
 * The pages people look at: the caller's phone at `/phone` and what happens behind it at `/events`.
 *
 * Each page is one document, one script and one style sheet; nothing is fetched from anywhere else, so they work with no
 * network. The build leaves them ready beside the package's code (`dist/pages`); run from source they are bundled on the
 * first request.
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bundlePage, documentOf, type PageName, pageNames } from './bundle.ts'

/** A page, or a part of one, as it is served. */
export interface Page {
  status: number
  contentType: string
  body: string
}

const built = new URL('./pages/', import.meta.url)
const bundles = new Map<PageName, { script: string; style: string }>()

/** What to answer to `GET path`; undefined when no page is there. */
export function page(path: string): Page | undefined {
  const [, first = '', second, more] = path.split('/')
  if (more !== undefined) return undefined
  if (second === undefined || second === '') {
    const name = first === '' ? 'phone' : pageNames.find((known) => known === first)
    return name === undefined
      ? undefined
      : { status: 200, contentType: 'text/html; charset=utf-8', body: documentOf(name) }
  }
  if (first !== 'pages') return undefined
  const [file, extension] = second.split('.')
  const name = pageNames.find((known) => known === file)
  if (name === undefined) return undefined
  if (extension === 'js')
    return { status: 200, contentType: 'text/javascript; charset=utf-8', body: bundleOf(name).script }
  if (extension === 'css') return { status: 200, contentType: 'text/css; charset=utf-8', body: bundleOf(name).style }
  return undefined
}

function bundleOf(name: PageName): { script: string; style: string } {
  const known = bundles.get(name)
  if (known !== undefined) return known
  const script = new URL(`${name}.js`, built)
  const made = existsSync(script)
    ? { script: readFileSync(script, 'utf8'), style: readFileSync(new URL(`${name}.css`, built), 'utf8') }
    : bundlePage(name, fileURLToPath(new URL('./client/', import.meta.url)))
  bundles.set(name, made)
  return made
}
