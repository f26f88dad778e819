/**
 * Measures the time from navigation to the caller's key on the screen: the panel as a custom element from the built classic script,
 * against the panel of the React package. Each load has a new browser context, so nothing is cached.
 */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright'
import { atMost, type Effort, median, type Report, ratioOf, roundsOf } from './harness.ts'
import { Lab } from './lab.ts'
import { bundlePage, launchBrowser } from './page/bundle-page.ts'
import { callIdOf } from './parts/corpus.ts'

const NAME = 'first-key'
/** The origin of the pages, whose files Playwright serves. The server part allows it. */
const origin = 'http://page.localhost'
const callId = callIdOf(NAME, 0)
const dist = fileURLToPath(new URL('../packages/embed/dist/', import.meta.url))

/** The files of a page, by the last part of their path. */
type Files = Readonly<Record<string, string>>

/** P11, in time. */
export async function firstKey({ rounds, size }: Effort): Promise<Report> {
  await using lab = new Lab()
  const load = await lab.load()
  const server = await lab.server({ name: 'CallGather', store: 'memory' })
  await load.ask('prepare', { name: NAME, kind: 'keys', calls: 1, count: 1, keys: lab.keys })
  await load.ask('send', { ...server.address, name: NAME, from: 0, count: 2, connections: 1 })
  const [ticket = ''] = await server.ask('tickets', 1)
  const url = `http://127.0.0.1:${server.address.port}`
  const page = (head: string, body: string) =>
    `<!doctype html><html data-call-id="${callId}" data-url="${url}" data-ticket="${ticket}"><title>benchmark</title>${head}<body>${body}</body></html>`
  const { js, css } = await bundlePage('panel.tsx')
  const style = '<link rel="stylesheet" href="panel.css"><script type="module" src="panel.js"></script>'
  const react: Files = { '': page(style, '<main></main>'), 'panel.js': js, 'panel.css': css }
  const start = `<script>customElements.whenDefined('callgather-panel').then(() => {
    document.querySelector('callgather-panel').getTicket = () => '${ticket}' })</script>`
  const element: Files = {
    '': page(
      '<script src="callgather.js"></script>',
      `<callgather-panel url="${url}" call-id="${callId}"></callgather-panel>${start}`,
    ),
    'callgather.js': await readFile(`${dist}callgather.js`, 'utf8'),
  }
  await using browser = await launchBrowser()
  const times = { element: [] as number[], react: [] as number[] }
  for await (const round of roundsOf(NAME, rounds)) {
    for (const [panel, files] of [
      ['element', element],
      ['react', react],
    ] as const) {
      const taken: number[] = []
      for (let nth = 0; nth < Math.ceil(5 * size); nth++) taken.push(await timeOf(browser, files))
      if (round > 0) times[panel].push(median(taken))
    }
  }
  return {
    tables: [
      {
        caption: 'From navigation to the first key on the screen, nothing cached',
        head: ['panel', 'ms'],
        rows: [
          ['React package', median(times.react)],
          ['custom element', median(times.element)],
        ],
      },
    ],
    goals: [
      atMost('P11', 'time to the first key, custom element against React', 1.3, ratioOf(times.element, times.react)),
    ],
  }
}

/** Opens a page, and returns when the key was painted, in ms since navigation. */
async function timeOf(browser: Browser, files: Files): Promise<number> {
  await using context = await browser.newContext({ permissions: ['local-network-access'] })
  const page = await context.newPage()
  page.on('pageerror', (error) => process.stderr.write(`page: ${error.message}\n`))
  await page.route(`${origin}/*`, (route) => {
    const name = route.request().url().split('/').at(-1) ?? ''
    const type = name.endsWith('.js') ? 'text/javascript' : name.endsWith('.css') ? 'text/css' : 'text/html'
    return route.fulfill({ body: files[name] ?? '', contentType: `${type}; charset=utf-8` })
  })
  await page.goto(`${origin}/`, { waitUntil: 'commit' })
  const shown = await page.waitForFunction(() => {
    const root = document.querySelector('callgather-panel')?.shadowRoot ?? document.querySelector('main')
    return /outside any request/i.test(root?.textContent ?? '') && performance.now()
  })
  return (await shown.jsonValue()) as number
}
