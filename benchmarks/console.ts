/**
 * How long until the console can be used: the built console with its real backend and a simulated Telnyx, in Chromium
 * with an empty cache, until the call that is going on stands in the list and answers a click with its whole panel.
 * The floor is a page of React with one button, served by the same machine in the same turn.
 */
import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser } from 'playwright'
import { Agent } from '../apps/console/e2e/people.ts'
import { setStage } from '../apps/console/e2e/stage.ts'
import { type Effort, median, type Report, ratioOf, roundsOf } from './harness.ts'
import type { Arrival } from './page/arrival.ts'

interface Screen {
  readonly name: string
  readonly url: string
  /** What is there to be clicked, and what must be there after it. */
  readonly button: string
  readonly answer: string
  readonly slowdown: number
  readonly arrivals: Arrival[]
}

/** Runs the benchmark. */
export async function timeToUse({ rounds }: Effort): Promise<Report> {
  const root = fileURLToPath(new URL('..', import.meta.url))
  process.stderr.write('  building the console\n')
  execFileSync('pnpm', ['exec', 'turbo', 'run', 'build', '--filter=@callgather/console'], { cwd: root, stdio: 'pipe' })
  await using stage = await setStage()
  const floor = await serveFloor()
  const script = await watcher()
  const agent = await stage.openConsole()
  await stage.simulator.phone.dial()
  await new Agent(agent).answers()
  const browser = agent.context().browser()
  if (!browser) throw new Error('The browser has gone.')

  const ours = { url: `${stage.consoleUrl}/`, button: 'nav[aria-label="Calls"] button', answer: 'main article' }
  const least = { url: floor.url, button: 'button', answer: 'article' }
  const screens = [1, 4].flatMap((slowdown): Screen[] => {
    const machine = slowdown === 1 ? 'this machine' : `a CPU ${slowdown} times slower`
    return [
      { ...least, name: `React and one button, ${machine}`, slowdown, arrivals: [] },
      { ...ours, name: `the console, ${machine}`, slowdown, arrivals: [] },
    ]
  })
  for (const round of roundsOf('console', rounds)) {
    for (const screen of screens) {
      const arrival = await arrive(browser, script, screen)
      if (round > 0) screen.arrivals.push(arrival)
    }
  }
  floor.close()
  return {
    tables: [
      {
        head: ['page', 'first paint ms', 'list ms', 'usable ms', '× React and one button', 'kB'],
        rows: screens.map(({ name, slowdown, arrivals }) => {
          const of = (key: keyof Arrival) => arrivals.map((each) => each[key])
          const others = screens.find((each) => each.slowdown === slowdown)?.arrivals ?? []
          return [
            name,
            median(of('painted')),
            median(of('listed')),
            median(of('usable')),
            ratioOf(
              of('usable'),
              others.map(({ usable }) => usable),
            ),
            median(of('bytes')) / 1000,
          ]
        }),
      },
    ],
    goals: [],
    notes: [
      'From the beginning of the navigation, on the loopback, with an empty cache. “List”: the call that is going on stands in it.',
      '“Usable”: the call was clicked as soon as it stood there, and its panel is drawn and the page idle enough to run the next task.',
      'kB are what came over the network, as the demo’s backend serves it: uncompressed.',
    ],
    packages: ['react', 'react-dom'],
  }
}

async function arrive(browser: Browser, script: string, { url, button, answer, slowdown }: Screen): Promise<Arrival> {
  // A context of its own has a cache of its own, which is empty.
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' })
  try {
    const page = await context.newPage()
    if (slowdown > 1) {
      const session = await context.newCDPSession(page)
      await session.send('Emulation.setCPUThrottlingRate', { rate: slowdown })
    }
    await page.addInitScript({ content: `window.watched = ${JSON.stringify({ button, answer })};${script}` })
    await page.goto(url)
    const arrival = await page.waitForFunction(() => window.arrival, undefined, { timeout: 30_000 })
    return (await arrival.jsonValue()) as Arrival
  } finally {
    await context.close()
  }
}

/** The script that watches a page arrive. */
async function watcher(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./page/arrival.ts', import.meta.url))],
    ...{ bundle: true, write: false, format: 'iife', target: 'es2022' },
  })
  return outputFiles[0]?.text ?? ''
}

/** The least that a page of React can be. */
async function serveFloor(): Promise<{ url: string; close: () => void }> {
  const contents = `import { createElement as h, useState } from 'react'
    import { createRoot } from 'react-dom/client'
    const App = () => {
      const [open, setOpen] = useState(false)
      return h('main', null, h('button', { onClick: () => setOpen(true) }, 'Open'), open && h('article', null, 'Opened'))
    }
    createRoot(document.getElementById('root')).render(h(App))`
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'js' },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  const script = outputFiles[0]?.text ?? ''
  const html = '<!doctype html><title>floor</title><div id="root"></div><script type="module" src="/page.js"></script>'
  const server = createServer(({ url }, response) => {
    const isScript = url === '/page.js'
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
    response.end(isScript ? script : html)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
