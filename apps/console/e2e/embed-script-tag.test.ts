/**
 * One script tag on a page of another origin under a strict Content-Security-Policy. What other scripts of the host's page
 * may do is out of scope: they have the host's rights, and can call `getTicket` themselves.
 */
import { describe, expect, it } from 'vitest'
import { HttpCaller } from './embed/http-caller.ts'
import { type AgentTicket, type HostFile, startOtherOrigin } from './embed/other-origin.ts'
import { openBrowser, openPage, type WatchedPage } from './embed/watched-page.ts'

const policy = [
  "default-src 'none'",
  "script-src 'self' {server}",
  "style-src 'none'",
  "connect-src 'self' {server} {socket}",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const pageOf = (body: string): HostFile => ({
  type: 'text/html',
  policy,
  body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Host</title>
    <script defer src="{server}/callgather/embed/callgather.js"></script>
    <script defer src="/host.js"></script></head><body>${body}</body></html>`,
})

/** Gives each element the `getTicket` of its agent, opens a ringing call, and records the events of each element. */
const hostScript: HostFile = {
  type: 'text/javascript',
  body: `
    window.events = []
    const getTickets = {}
    const getTicketOf = (agent) => (getTickets[agent] ??= async () => {
      const response = await fetch('/api/ticket?agent=' + agent, { method: 'POST' })
      return response.text()
    })
    const types = ['ready', 'connection', 'call-ringing', 'call-answered', 'gather-started', 'gather-ended', 'collected', 'error']
    for (const element of document.querySelectorAll('[data-agent]')) {
      for (const type of types)
        element.addEventListener(type, ({ detail }) => window.events.push({ on: element.id, detail }))
      element.getTicket = getTicketOf(element.dataset.agent)
    }
    document.querySelector('#calls')?.addEventListener('call-ringing', ({ detail }) => {
      for (const element of document.querySelectorAll('.of-the-call')) element.callId = detail.callId
    })`,
}

const oneAgent = { a: { subject: 'agent-a', calls: '*' } } as const

const desk = pageOf(`
  <callgather-calls id="calls" data-agent="a" url="{server}"></callgather-calls>
  <callgather-panel id="panel" class="of-the-call" data-agent="a" url="{server}"></callgather-panel>
  <callgather-dtmf id="pad" class="of-the-call" data-agent="a" url="{server}"></callgather-dtmf>`)

interface Recorded {
  readonly on: string
  readonly detail: {
    readonly type: string
    readonly value?: unknown
    readonly status?: string
    readonly outcome?: string
  }
}

/** The events that the page has received so far. */
const eventsOf = ({ page }: WatchedPage) =>
  page.evaluate(() => (window as unknown as { events: Recorded[] }).events) as Promise<Recorded[]>

/** Waits until an element has published a number of events of a type. */
async function hasPublished({ page }: WatchedPage, on: string, type: string, count = 1): Promise<void> {
  await page.waitForFunction(
    (wanted) => {
      const { events } = window as unknown as { events: Recorded[] }
      return events.filter((each) => each.on === wanted.on && each.detail.type === wanted.type).length >= wanted.count
    },
    { on, type, count },
  )
}

/** Starts the servers and opens the page. */
async function openDesk(page: HostFile, agents: Readonly<Record<string, AgentTicket>>) {
  const stage = await startOtherOrigin({ '/': page, '/host.js': hostScript }, agents)
  const browser = await openBrowser()
  const opened = await openPage(browser, `${stage.host}/`)
  return {
    ...stage,
    opened,
    async [Symbol.asyncDispose]() {
      await browser.close()
      await stage[Symbol.asyncDispose]()
    },
  }
}

describe('One script tag on a page of another origin', () => {
  it('rings, shows the keys, and publishes the end of each gather and its value once per element, across reconnections', async () => {
    await using stage = await openDesk(desk, oneAgent)
    const { opened } = stage
    const { page } = opened
    const panel = page.locator('#panel')
    await page.locator('#calls').getByText('No calls').waitFor()

    const caller = await HttpCaller.call(stage.simulator, '+15550123')
    await hasPublished(opened, 'calls', 'call-ringing')
    await page
      .locator('#calls')
      .getByRole('button', { name: /Ringing/ })
      .waitFor()
    await caller.isAnswered()
    await panel.getByText('Answered', { exact: true }).first().waitFor()

    await panel.getByRole('button', { name: 'Account number', exact: true }).click()
    await hasPublished(opened, 'panel', 'gather-started')
    await caller.press('471')
    await panel.getByRole('img', { name: /: 4 7 1$/ }).waitFor()
    stage.proxy.reset()
    await caller.press('103#')
    await hasPublished(opened, 'pad', 'collected')
    stage.proxy.reset()

    // The second gather shows that no event of the first one is repeated, because an element publishes in order.
    await panel.getByRole('button', { name: 'Date', exact: true }).click()
    await hasPublished(opened, 'panel', 'gather-started', 2)
    await caller.press('12241990')
    for (const id of ['calls', 'panel', 'pad']) await hasPublished(opened, id, 'collected', 2)

    const events = await eventsOf(opened)
    for (const id of ['calls', 'panel', 'pad']) {
      const details = events.filter(({ on }) => on === id).map(({ detail }) => detail)
      expect(details.filter(({ type }) => type === 'gather-ended').map(({ outcome }) => outcome)).toEqual([
        'valid',
        'valid',
      ])
      expect(details.filter(({ type }) => type === 'collected').map(({ value }) => value)).toEqual([
        '471103',
        '12241990',
      ])
      expect(details.filter(({ type, status }) => type === 'connection' && status === 'live').length).toBeGreaterThan(1)
    }
    expect(events.filter(({ on, detail }) => on === 'calls' && detail.type === 'call-ringing')).toHaveLength(1)
    expect(opened.sockets.length).toBeGreaterThan(1)
    expect(opened.problems.filter((problem) => !isLostConnection(problem))).toEqual([])
  })

  it('sends the ticket only to the origin in `url`', async () => {
    await using stage = await openDesk(desk, oneAgent)
    const { opened } = stage
    const panel = opened.page.locator('#panel')
    const caller = await HttpCaller.call(stage.simulator, '+15550123')
    await hasPublished(opened, 'calls', 'call-ringing')
    await caller.isAnswered()
    await panel.getByRole('button', { name: 'Account number', exact: true }).click()
    await hasPublished(opened, 'panel', 'gather-started')

    const sent = await opened.allSent()
    const tickets = stage.tickets.map(({ ticket }) => ticket)
    const withTicket = sent.filter(({ text }) => tickets.some((ticket) => text.includes(ticket)))
    const toServer = new Set([stage.server, stage.server.replace(/^http/, 'ws')])
    expect(withTicket.map(({ url }) => new URL(url).origin).filter((origin) => !toServer.has(origin))).toEqual([])
    expect(withTicket.map(({ url }) => new URL(url).protocol)).toEqual(expect.arrayContaining(['http:', 'ws:']))
    expect(withTicket.filter(({ url }) => tickets.some((ticket) => url.includes(ticket)))).toEqual([])
    expect(opened.problems).toEqual([])
  })

  it('shares a socket between elements with the same `getTicket`, and never between two agents', async () => {
    const agents: Record<string, AgentTicket> = {}
    await using stage = await startOtherOrigin(
      {
        '/': pageOf(`
          <callgather-calls id="a1" data-agent="a" url="{server}"></callgather-calls>
          <callgather-calls id="a2" data-agent="a" url="{server}"></callgather-calls>
          <callgather-calls id="b" data-agent="b" url="{server}"></callgather-calls>`),
        '/host.js': hostScript,
      },
      agents,
    )
    const first = await HttpCaller.call(stage.simulator, '+15550111')
    const second = await HttpCaller.call(stage.simulator, '+15550122')
    agents.a = { subject: 'agent-a', calls: [first.callId] }
    agents.b = { subject: 'agent-b', calls: [second.callId] }
    const browser = await openBrowser()
    try {
      const opened = await openPage(browser, `${stage.host}/`)
      const { page } = opened
      const own = { a1: /0111/, a2: /0111/, b: /0122/ }
      const other = { a1: /0122/, a2: /0122/, b: /0111/ }
      for (const [id, number] of Object.entries(own)) await page.locator(`#${id}`).getByText(number).first().waitFor()
      for (const [id, number] of Object.entries(other))
        await expect.poll(() => page.locator(`#${id}`).getByText(number).count()).toBe(0)

      expect(opened.sockets).toHaveLength(2)
      expect(stage.tickets.map(({ subject }) => subject).sort()).toEqual(['agent-a', 'agent-b'])
      expect(opened.problems).toEqual([])
    } finally {
      await browser.close()
    }
  })
})

/** Chromium writes an error for each connection that the test cuts. */
const isLostConnection = (problem: string) => /WebSocket connection to .* failed|net::ERR_/.test(problem)
