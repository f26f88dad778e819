/** The custom elements of `@callgather/embed` in Chromium, with the real server and the simulator. */
import type { Page } from 'playwright'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type EmbedStage, setEmbedStage } from './embed-stage.ts'
import { itLong } from './long.ts'

let stage: EmbedStage

beforeAll(async () => {
  stage = await setEmbedStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

type Entry = [id: string, type: string, detail: Record<string, unknown>]

declare global {
  interface Window {
    events: Entry[]
    getTicket: () => Promise<string>
    prepare: (element: HTMLElement) => HTMLElement
    gc: () => void
  }
}

const classic = '<script src="/dist/callgather.js"></script>'
const module = '<script type="module" src="/dist/callgather.mjs"></script>'
const host = '<script defer src="/host.js"></script>'
const element = (name: string, id: string, attributes = '') =>
  `<callgather-${name} id="${id}" data-prepare url="${stage.url}" ${attributes}></callgather-${name}>`

const eventsOf = (page: Page, id: string) =>
  page.evaluate((wanted) => window.events.filter(([element]) => element === wanted), id)

const typesOf = async (page: Page, id: string) => (await eventsOf(page, id)).map(([, type]) => type)

/** A call that is answered, on which the server can start a gather. */
async function answeredCall({ simulator } = stage) {
  const caller = await simulator.phone.dial()
  const callId = caller.id
  await command(simulator.url, callId, 'answer')
  await caller.answered()
  return { caller, callId }
}

async function command(url: string, callId: string, name: string): Promise<void> {
  const response = await fetch(`${url}/calls/${encodeURIComponent(callId)}/actions/${name}`, {
    method: 'POST',
    headers: { authorization: 'Bearer KEY_E2E', 'content-type': 'application/json' },
    body: '{}',
  })
  if (!response.ok) throw new Error(`${name} was refused: ${await response.text()}`)
}

it.each([
  ['classic script', classic],
  ['ES module', module],
])('the %s shows a live call under strict CSP and Trusted Types, and publishes each event once', async (_, script) => {
  const { caller, callId } = await answeredCall()
  const page = await stage.open(`${script}${host}${element('panel', 'panel', `call-id="${callId}"`)}`)
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(error.message))
  const panel = page.locator('#panel')
  await panel.getByRole('article').getByText('Answered', { exact: true }).waitFor()
  await panel.getByRole('button', { name: 'PIN' }).click()
  await caller.waitForPrompt('PIN')
  await caller.press('1234')
  await page.waitForFunction(() => window.events.some(([, type]) => type === 'collected'))
  const types = await typesOf(page, 'panel')
  expect(types.filter((type) => type === 'ready')).toHaveLength(1)
  expect(types.filter((type) => type === 'gather-ended')).toHaveLength(1)
  expect(types.filter((type) => type === 'collected')).toHaveLength(1)
  await caller.hangUp()
  await panel.getByRole('region', { name: 'Wrap-up' }).waitFor()
  expect(problems).toEqual([])
  await page.close()
})

itLong('a click in the list opens the call in the panel that `for` names, and dispatches `call-selected`', async () => {
  const caller = await stage.simulator.phone.dial({ from: '+15550007777' })
  const page = await stage.open(
    `${classic}${host}${element('calls', 'list', 'for="panel"')}${element('panel', 'panel')}`,
  )
  await page.locator('#panel').getByText('No call selected').waitFor()
  await page
    .locator('#list')
    .getByRole('button', { name: /555 000 7777/ })
    .click()
  await page
    .locator('#panel')
    .getByRole('article', { name: /555 000 7777/ })
    .waitFor()
  const [selected] = (await eventsOf(page, 'list')).filter(([, type]) => type === 'call-selected')
  expect(selected?.[2]).toMatchObject({ callId: caller.id })
  await page.close()
})

it('two elements of one call share one socket, one ticket and one watch', async () => {
  const { callId } = await answeredCall()
  const before = { sockets: stage.sockets(), tickets: stage.tickets() }
  const watches: string[] = []
  const both = `${element('panel', 'one', `call-id="${callId}"`)}${element('dtmf', 'two', `call-id="${callId}"`)}`
  const second = await stage.browser.newPage()
  second.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => String(payload).includes('call:watch') && watches.push(String(payload))),
  )
  await second.goto((await stage.open(`${classic}${host}${both}`)).url())
  await second.locator('#one').getByText('Answered', { exact: true }).waitFor()
  await second.locator('#two').getByRole('listitem').first().waitFor()
  expect(watches).toHaveLength(1)
  expect(stage.sockets() - before.sockets).toBeLessThanOrEqual(2)
  for (const context of stage.browser.contexts()) for (const each of context.pages()) await each.close()
})

itLong(
  'a property that was set before the definition is used, a move keeps the content, and a second copy does nothing',
  async () => {
    const { callId } = await answeredCall()
    const copies = [
      '<script src="/host.js"></script>',
      module,
      classic,
      '<script type="module" src="/dist/callgather.mjs?v=2"></script>',
    ]
    const page = await stage.open(
      `<div id="a">${element('panel', 'panel', `call-id="${callId}"`)}</div><div id="b"></div>${copies.join('')}`,
    )
    const article = page.locator('#panel').getByRole('article')
    await article.getByText('Answered', { exact: true }).waitFor()
    const tickets = stage.tickets()
    const isSame = await page.evaluate(async () => {
      const panel = document.getElementById('panel')
      const before = panel?.shadowRoot?.querySelector('article')
      if (panel) document.getElementById('b')?.append(panel)
      await new Promise((resolve) => setTimeout(resolve, 50))
      return before !== undefined && before === panel?.shadowRoot?.querySelector('article')
    })
    expect(isSame).toBe(true)
    expect(stage.tickets()).toBe(tickets)
    await page.close()
  },
)

it('an element without `getTicket` says what is missing, and an unusable value is ignored with one warning', async () => {
  const page = await stage.open(`${classic}<main></main>`)
  const warnings: string[] = []
  page.on('console', (message) => message.type() === 'warning' && warnings.push(message.text()))
  await page.evaluate((url) => {
    const panel = document.createElement('callgather-panel')
    panel.addEventListener('error', (event) =>
      panel.setAttribute('data-error', JSON.stringify((event as unknown as CustomEvent).detail)),
    )
    panel.setAttribute('url', url)
    panel.setAttribute('theme', 'pink')
    document.body.append(panel)
  }, stage.url)
  const panel = page.locator('callgather-panel')
  await panel.getByRole('alert').getByText('needs the property `getTicket`').waitFor()
  await expect.poll(() => panel.getAttribute('data-error')).toContain('invalidSetup')
  expect(warnings.filter((text) => text.includes('attribute `theme`'))).toHaveLength(1)
  await page.close()
})

itLong('the language and the theme change at run time, and the wall is loaded on demand', async () => {
  const { callId } = await answeredCall()
  const page = await stage.open(
    `${module}${host}${element('panel', 'panel', `call-id="${callId}"`)}${element('wall', 'wall')}`,
  )
  await page.locator('#wall').getByRole('region').waitFor()
  await page.locator('#panel').getByText('Answered', { exact: true }).waitFor()
  await page.evaluate(() => {
    const panel = document.getElementById('panel')
    panel?.setAttribute('locale', 'ar')
    panel?.setAttribute('theme', 'dark')
  })
  await page.locator('#panel [lang=ar][dir=rtl][data-cg-theme=dark]').waitFor()
  await page.close()
})

/** The long tests mount more often. */
const MOUNTS = 1_000

itLong(
  `${MOUNTS} mounts and unmounts leave no socket, and neither listeners nor nodes grow`,
  async () => {
    // A browser of its own, because the metrics include other pages of the same process.
    await using own = await setEmbedStage()
    const { callId } = await answeredCall(own)
    const page = await own.open(`${classic}${host}<div id="place"></div>`)
    const cdp = await page.context().newCDPSession(page)
    const mount = (count: number) =>
      page.evaluate(
        async ([times, call, url]) => {
          const place = document.getElementById('place')
          for (let i = 0; i < times; i++) {
            const panel = document.createElement('callgather-panel')
            panel.setAttribute('url', url)
            panel.setAttribute('call-id', call)
            window.prepare(panel)
            place?.replaceChildren(panel)
            await new Promise((resolve) => setTimeout(resolve))
          }
          place?.replaceChildren()
          window.events.length = 0
        },
        [count, callId, own.url] as const,
      )
    const measure = async () => {
      await expect.poll(() => own.sockets(), { timeout: 10_000 }).toBe(0)
      await cdp.send('HeapProfiler.collectGarbage')
      await cdp.send('HeapProfiler.collectGarbage')
      const { metrics } = await cdp.send('Performance.getMetrics')
      const value = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0
      return { nodes: value('Nodes'), listeners: value('JSEventListeners') }
    }
    await cdp.send('Performance.enable')
    await mount(20)
    const first = await measure()
    await mount(MOUNTS)
    // The browser may keep the last few elements for a while. One has 173 nodes, so a leak would be 173,000.
    await expect.poll(async () => (await measure()).nodes - first.nodes, { timeout: 20_000 }).toBeLessThan(2_000)
    expect((await measure()).listeners - first.listeners).toBeLessThan(200)
    await page.close()
  },
  180_000,
)
