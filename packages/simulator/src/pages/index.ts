/**
 * Serves the caller's phone at `/phone` and the event log at `/events`. The pages load no file from another host, so they
 * work offline. They are built into `dist/pages`, or bundled on the first request when the package runs from source.
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bundlePage, documentOf, type PageName, pageNames } from './bundle.ts'

/** An HTML document, script or style sheet. */
interface Page {
  contentType: string
  body: string
}

const built = new URL('./pages/', import.meta.url)
const bundles = new Map<PageName, { js: string; css: string }>()

/** Returns the page file at `path`, or `undefined` if no file has this path. */
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
