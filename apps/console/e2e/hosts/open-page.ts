/** Opens pages of a host in a real browser, with the builds of the packages. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { transformAsync } from '@babel/core'
import reactCompiler from 'babel-plugin-react-compiler'
import { build, type Plugin } from 'esbuild'
import type { Browser, Page } from 'playwright'
import { ownSheets } from './sheets.ts'

/** Compiles the component of the host with the React Compiler. */
const compiler: Plugin = {
  name: 'react-compiler',
  setup: ({ onLoad }) =>
    onLoad({ filter: /host-component\.tsx$/ }, async ({ path }) => {
      const compiled = await transformAsync(await readFile(path, 'utf8'), {
        filename: path,
        configFile: false,
        babelrc: false,
        plugins: [[reactCompiler, { panicThreshold: 'all_errors' }]],
        parserOpts: { plugins: ['jsx', 'typescript'] },
      })
      return { contents: compiled?.code ?? '', loader: 'tsx' }
    }),
}

/** Bundles a page with the builds of the packages, as an application does. A classic script runs as soon as it is added. */
export async function bundle(file: string, { compiled = false } = {}): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    format: 'iife',
    write: false,
    logLevel: 'error',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"development"' },
    plugins: compiled ? [compiler] : [],
  })
  return outputFiles[0]?.text ?? ''
}

/** A page of a host. */
interface HostPage {
  readonly html: string
  /** The bundle, served as `/page.js`. */
  readonly script?: string
  /** The content security policy. Default: none. */
  readonly policy?: string
  readonly width?: number
}

/** Opens a page at an address where also `/page.js` and `/styles.css`, the styles of the components, are served. */
export async function openPage(browser: Browser, { html, script = '', policy, width = 1400 }: HostPage): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const styles = await ownSheets()
  const headers = policy === undefined ? {} : { 'content-security-policy': policy }
  await page.route('http://host.localhost/**', (route) => {
    const { pathname } = new URL(route.request().url())
    if (pathname === '/page.js') return route.fulfill({ contentType: 'text/javascript', body: script })
    if (pathname === '/styles.css') return route.fulfill({ contentType: 'text/css', body: styles })
    return route.fulfill({ contentType: 'text/html', headers, body: `<!doctype html><title>Host</title>${html}` })
  })
  await page.goto('http://host.localhost/')
  return page
}
