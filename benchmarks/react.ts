/**
 * What a screen costs, in headless Chromium, for each thing that happens. The commit: from the event's arrival (fold,
 * cache, React) to the changed page, by the page's clock. And all scripts, styles and layout it leads to, by the
 * browser's own count, where waiting and painting are not in it.
 */
import { fileURLToPath } from 'node:url'
import { browserArgs, findBrowser } from '@callgather/test-kit/browser'
import { build } from 'esbuild'
import { type CDPSession, chromium, type Page } from 'playwright'
import { atLeast, atMost, type Effort, median, type Report, ratioOf, roundsOf } from './harness.ts'
import type { Bench } from './page/page.tsx'

declare global {
  interface Window {
    bench: Bench
  }
}

interface Row {
  readonly name: string
  readonly view: string
  readonly messages: number
  readonly what: 'message' | 'key'
  readonly millis: number[]
  readonly commits: number[]
  elements: number
  heap: number
  renders: string
}

const row = (name: string, view: string, messages: number, what: Row['what']): Row => ({
  ...{ name, view, messages, what },
  millis: [],
  commits: [],
  elements: 0,
  heap: 0,
  renders: '',
})

/** Runs the benchmark. */
export async function react({ rounds, size }: Effort): Promise<Report> {
  const page = await openPage()
  const lists = [
    row('Transcript, 12 rows', 'transcript', 12, 'message'),
    row('Transcript, 1,000 rows', 'transcript', 1_000, 'message'),
    row('Transcript, 10,000 rows', 'transcript', 10_000, 'message'),
    row('naive list, 12 rows', 'naive', 12, 'message'),
    row('naive list, 1,000 rows', 'naive', 1_000, 'message'),
    row('naive list, 10,000 rows', 'naive', 10_000, 'message'),
  ]
  const keys = [
    row('every component reads the whole call', 'all', 10, 'key'),
    row('one hook a question', 'hooks', 10, 'key'),
    row('limit: a bare store with selectors, no cache, no client', 'bare', 10, 'key'),
    row('the event alone: watched, and nothing shown', 'none', 10, 'key'),
  ]
  const count = 25 * size
  for (const round of roundsOf('react', rounds)) {
    for (const each of [...lists, ...keys]) {
      const times = each.messages > 5_000 ? Math.ceil(count / 3) : each.what === 'key' ? count * 2 : count
      await measure(page, each, times)
      if (round === 0) each.millis.length = each.commits.length = 0
    }
  }
  await page.page.context().browser()?.close()

  const [twelve, , ten, , , naive] = lists
  const [all, hooks, , none] = keys
  // What the event costs by itself is no one's choice of how to read: a commit less that is the rendering.
  const rendering = (one: Row | undefined) =>
    one?.commits.map((millis, nth) => millis - (none?.commits[nth] ?? 0)) ?? []
  const ratio = (one: Row | undefined, other: Row | undefined) => ratioOf(one?.millis ?? [], other?.millis ?? [])
  return {
    tables: [
      {
        caption: 'One message more, at the end of a transcript that follows it',
        head: [
          'list',
          'commit ms',
          'script, style, layout ms',
          '× its 12 rows',
          'DOM elements of the list',
          'JS heap MB',
        ],
        rows: lists.map((each, index) => [
          each.name,
          median(each.commits),
          median(each.millis),
          ratio(each, index < 3 ? twelve : lists[3]),
          each.elements,
          each.heap / 1e6,
        ]),
      },
      {
        caption: 'One key, with 50 components mounted of which 5 show digits',
        head: [
          'how they read',
          'commit ms',
          '× reading all',
          'less the event',
          'script, style, layout ms',
          'renders a key',
        ],
        rows: keys.map((each) => [
          each.name,
          median(each.commits),
          ratioOf(each.commits, all?.commits ?? []),
          each === none ? null : ratioOf(rendering(each), rendering(all)),
          median(each.millis),
          each.renders || 'none',
        ]),
      },
    ],
    goals: [
      atMost('G13', 'append to 10,000 rows against 12 rows', 1.5, ratio(ten, twelve)),
      atLeast('G13', 'append to 10,000 rows, times faster than a naive list', 15, ratio(naive, ten)),
      atMost('G13', 'DOM elements of the list at 10,000 rows', 120, ten?.elements ?? 0),
      atMost('G13', 'commit of an append to 10,000 rows, ms', 16, median(ten?.commits ?? [])),
      atMost('G14', 'rendering a key against reading all', 0.35, ratioOf(rendering(hooks), rendering(all))),
    ],
    packages: ['react', 'react-dom', '@tanstack/react-query'],
  }
}

async function measure({ page, session }: OpenPage, each: Row, count: number): Promise<void> {
  await page.evaluate(([view, messages]) => window.bench.mount(view, messages), [each.view, each.messages] as const)
  await page.evaluate(([what]) => window.bench.happen(what, 5), [each.what] as const)
  // Frames in which nothing happens have their price too; it is not ours.
  const idleBefore = await busy(session)
  await page.evaluate((times) => window.bench.happen('nothing', times), count)
  const before = await busy(session)
  const idle = before - idleBefore
  const rendersBefore = await page.evaluate(() => window.bench.renders())
  const commits = await page.evaluate(([what, times]) => window.bench.happen(what, times), [each.what, count] as const)
  each.commits.push(commits / count)
  each.millis.push(((await busy(session)) - before - idle) / count)
  const renders = await page.evaluate(() => window.bench.renders())
  each.renders = Object.entries(renders)
    .map(([name, times]) => `${((times - (rendersBefore[name] ?? 0)) / count).toFixed(1)} ${name}`)
    .join(', ')
  each.elements = await page.evaluate(() => window.bench.elements())
  await session.send('HeapProfiler.collectGarbage')
  each.heap = (await metrics(session)).get('JSHeapUsedSize') ?? 0
}

interface OpenPage {
  readonly page: Page
  readonly session: CDPSession
}

async function openPage(): Promise<OpenPage> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./page/page.tsx', import.meta.url))],
    bundle: true,
    write: false,
    outdir: 'page',
    format: 'esm',
    target: 'es2023',
    jsx: 'automatic',
    minify: true,
    conditions: ['callgather:source', 'production'],
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  })
  const executablePath = findBrowser()
  const browser = await chromium.launch({ args: [...browserArgs], ...(executablePath ? { executablePath } : {}) })
  const page = await browser.newPage()
  page.on('pageerror', (error) => process.stderr.write(`page: ${error.message}\n`))
  await page.setContent('<!doctype html><title>benchmark</title><main id="root"></main>')
  const styles = outputFiles.find(({ path }) => path.endsWith('.css'))
  await page.addStyleTag({ content: styles?.text ?? '' })
  const script = outputFiles.find(({ path }) => path.endsWith('.js'))
  await page.addScriptTag({ content: script?.text ?? '', type: 'module' })
  await page.waitForFunction(() => 'bench' in window)
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  return { page, session }
}

async function metrics(session: CDPSession): Promise<Map<string, number>> {
  const { metrics: list } = await session.send('Performance.getMetrics')
  return new Map(list.map(({ name, value }) => [name, value]))
}

/** How long scripts, styles and layout have taken, in ms: what a commit costs. Painting and idle frames are not in it. */
async function busy(session: CDPSession): Promise<number> {
  const now = await metrics(session)
  const seconds = ['ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration'].map((name) => now.get(name) ?? 0)
  return seconds.reduce((sum, each) => sum + each, 0) * 1000
}
