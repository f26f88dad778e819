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
interface Page {
  contentType: string
  body: string
}

const built = new URL('./pages/', import.meta.url)
const bundles = new Map<PageName, { js: string; css: string }>()

/** What to answer to `GET path`; undefined when no page is there. */
export function page(path: string): Page | undefined {
  const [, first = '', second = '', ...more] = path.split('/')
  if (more.length > 0) return undefined
  const named = (text: string | undefined) => pageNames.find((known) => known === text)
  if (second === '') {
    const name = first === '' ? 'phone' : named(first)
    return name && { contentType: 'text/html; charset=utf-8', body: documentOf(name) }
  }
  const [file, extension] = second.split('.')
  const name = named(file)
  if (first !== 'pages' || name === undefined) return undefined
  if (extension === 'js') return { contentType: 'text/javascript; charset=utf-8', body: bundleOf(name).js }
  return extension === 'css' ? { contentType: 'text/css; charset=utf-8', body: bundleOf(name).css } : undefined
}

function bundleOf(name: PageName): { js: string; css: string } {
  const known = bundles.get(name)
  if (known !== undefined) return known
  const read = (extension: string) => readFileSync(new URL(`${name}.${extension}`, built), 'utf8')
  const made = existsSync(new URL(`${name}.js`, built))
    ? { js: read('js'), css: read('css') }
    : bundlePage(name, fileURLToPath(new URL('./client/', import.meta.url)))
  bundles.set(name, made)
  return made
}
