/**
 * Measures script, style and layout time per event in headless Chromium, from the browser's own metrics, without painting.
 * `render-counts.test.tsx` counts which components a key renders.
 */
import type { CDPSession, Page } from 'playwright'
import { atMost, type Effort, median, type Report, ratioOf, roundsOf } from './harness.ts'
import { bundlePage, launchBrowser } from './page/bundle-page.ts'
import type { Bench, View } from './page/page.tsx'

declare global {
  interface Window {
    bench: Bench
  }
}

/** P12. */
export async function screen({ rounds, size }: Effort): Promise<Report> {
  await using browser = await openPage()
  const { page, session } = browser
  const count = Math.ceil(25 * size)
  const most = size < 0.1 ? 1_000 : 10_000
  const missed = Math.ceil(3_000 * Math.min(1, size))
  const times = {
    short: [] as number[],
    long: [] as number[],
    wall: [] as number[],
    hidden: [] as number[],
  }
  let elements = 0
  for await (const round of roundsOf('screen', rounds)) {
    const short = await costOf(browser, 'transcript', 12, 'message', count)
    const long = await costOf(browser, 'transcript', most, 'message', count)
    elements = await page.evaluate(() => window.bench.elements())
    const wall = await costOf(browser, 'wall', 3, 'frame of the wall', count * 2)
    await page.evaluate(() => window.bench.mount('panel', 10))
    const hidden = await page.evaluate((events) => window.bench.comeBack(events), missed)
    if (round === 0) continue
    times.short.push(short)
    times.long.push(long)
    times.wall.push(wall)
    times.hidden.push(hidden)
  }
  await session.detach()
  const says = `append to ${most.toLocaleString('en')} rows against 12 rows`
  return {
    tables: [
      {
        caption: 'Script, style and layout, ms',
        head: ['what', 'ms'],
        rows: [
          ['one message more, 12 rows', median(times.short)],
          [`one message more, ${most.toLocaleString('en')} rows`, median(times.long)],
          ['one frame of the wall of 200 calls, 5 events a second each', median(times.wall)],
          [`longest task when ${missed.toLocaleString('en')} missed events come at once`, median(times.hidden)],
        ],
      },
    ],
    goals: [
      atMost('P12', says, 1.5, ratioOf(times.long, times.short)),
      atMost('P12', 'DOM elements of the long list', 120, elements),
      atMost('P12', 'wall of 200 calls, 5 events a second each, ms a frame', 8, median(times.wall)),
      atMost('P12', 'longest task of a tab that comes back, ms', 200, median(times.hidden)),
    ],
  }
}

/** Returns the cost of one event for a view, in ms, minus the cost of an idle frame. */
async function costOf(
  { page, session }: OpenPage,
  view: View,
  events: number,
  what: Parameters<Bench['happen']>[0],
  times: number,
): Promise<number> {
  await page.evaluate(([...args]) => window.bench.mount(...args), [view, events] as const)
  await page.evaluate(([...args]) => window.bench.happen(...args), [what, 5] as const)
  const begun = await readBusyMs(session)
  await page.evaluate((frames) => window.bench.happen('nothing', frames), times)
  const before = await readBusyMs(session)
  await page.evaluate(([...args]) => window.bench.happen(...args), [what, times] as const)
  return ((await readBusyMs(session)) - before - (before - begun)) / times
}

interface OpenPage extends AsyncDisposable {
  readonly page: Page
  readonly session: CDPSession
}

async function openPage(): Promise<OpenPage> {
  const { js, css } = await bundlePage('page.tsx')
  const browser = await launchBrowser()
  const page = await browser.newPage()
  page.on('pageerror', (error) => process.stderr.write(`page: ${error.message}\n`))
  await page.setContent('<!doctype html><title>benchmark</title><main id="root"></main>')
  await page.addStyleTag({ content: css })
  await page.addScriptTag({ content: js, type: 'module' })
  await page.waitForFunction(() => 'bench' in window)
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  return { page, session, [Symbol.asyncDispose]: () => browser.close() }
}

/** Returns the total script, style and layout time so far, in ms. */
async function readBusyMs(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics')
  const counted = metrics.filter(({ name }) => /^(Script|Layout|RecalcStyle)Duration$/.test(name))
  return counted.reduce((sum, { value }) => sum + value, 0) * 1000
}
