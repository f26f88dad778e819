import { pinEntry } from '@callgather/protocol/scenarios'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ScenarioServer } from '../testing/scenario-server.ts'
import { flushPromises, VirtualClock } from '../testing/virtual-clock.ts'
import { createClientWith, createGatherClient } from './gather-client.ts'
import type { LinkEvents } from './transport.ts'

const { callId } = pinEntry
const MINUTE_MS = 60_000

/** A client whose page can be paused: time passes, but no timer runs and no frame arrives. */
async function openPage(watched: 'call' | 'list') {
  const timers = new VirtualClock(Date.parse('2030-01-01T00:00:00Z'))
  let pausedMs = 0
  const clock = { now: () => timers.now() + pausedMs, setTimeout: timers.setTimeout }
  const server = new ScenarioServer(timers)
  server.addCall(callId, ['view'])
  let events: LinkEvents | null = null
  let wake = () => {}
  let enterCache = () => {}
  let isSilent = false
  let isOpen = false
  const never = new Promise<never>(() => {})
  const client = createClientWith({
    transport: {
      open: (auth, given) => {
        events = given
        const silence = <Args extends unknown[]>(deliver: (...args: Args) => void) => {
          return (...args: Args) => {
            if (!isSilent) deliver(...args)
          }
        }
        const link = server.open(auth, {
          ...given,
          open: silence(given.open),
          callHead: silence(given.callHead),
          callEvent: silence(given.callEvent),
        })
        const { watchCall, watchCalls, close } = link
        isOpen = true
        link.close = () => {
          isOpen = false
          close.call(link)
        }
        link.watchCall = (...args) => (isSilent ? never : watchCall.apply(link, args))
        link.watchCalls = () => (isSilent ? never : watchCalls.call(link))
        return link
      },
    },
    clock,
    getTicket: () => 'ticket',
    base: '',
    fetch,
    onWake: (run) => {
      wake = run
      return () => {}
    },
    onCached: (run) => {
      enterCache = run
      return () => {}
    },
  })
  if (watched === 'call') client.watch(callId, { onFeed: () => {} }).catch(() => {})
  else client.watchCalls({ onCalls: () => {} }).catch(() => {})
  await timers.advanceTo(timers.now() + 3_000)
  const status = () => client.connection.getSnapshot().status
  expect(status()).toBe('live')
  return {
    status,
    client,
    wake: () => wake(),
    enterCache: () => enterCache(),
    isOpen: () => isOpen,
    pause: (millis: number) => {
      pausedMs += millis
    },
    /** The network no longer delivers anything, and reports no error. */
    cutNetwork: () => {
      isSilent = true
    },
    advance: (millis: number) => timers.advanceTo(timers.now() + millis),
    /** Delivers a beacon that the browser buffered while the page was paused. */
    deliverBufferedBeacon: () => events?.callHead({ now: new Date(timers.now()).toISOString(), heads: [] }),
  }
}

afterEach(() => vi.unstubAllGlobals())

describe.each(['call', 'list'] as const)('a page that watches a %s', (watched) => {
  it(`a paused page that watches a ${watched} is not live on waking up until the server has answered`, async () => {
    const page = await openPage(watched)
    page.pause(5 * MINUTE_MS)
    page.wake()
    expect(page.status()).not.toBe('live')
    await flushPromises()
    await page.advance(100)
    expect(page.status()).toBe('live')
  })

  it(`a paused page that watches a ${watched} stays not live while the network is silent`, async () => {
    const page = await openPage(watched)
    const seen = new Set<string>()
    page.cutNetwork()
    page.pause(5 * MINUTE_MS)
    page.wake()
    page.client.connection.subscribe(() => seen.add(page.status()))
    await page.advance(2 * MINUTE_MS)
    expect(page.status()).not.toBe('live')
    expect(seen).not.toContain('live')
  })

  it(`a page that watches a ${watched} notices a pause of minutes within a second without an event`, async () => {
    const page = await openPage(watched)
    page.cutNetwork()
    page.pause(5 * MINUTE_MS)
    await page.advance(1_000)
    expect(page.status()).not.toBe('live')
  })

  it(`a page that watches a ${watched} closes its socket in the back/forward cache and is live again after it`, async () => {
    const page = await openPage(watched)
    page.enterCache()
    expect([page.status(), page.isOpen()]).toEqual(['reconnecting', false])
    page.pause(5 * MINUTE_MS)
    page.wake()
    await flushPromises()
    await page.advance(100)
    expect([page.status(), page.isOpen()]).toEqual(['live', true])
  })

  it(`a page that watches a ${watched} stays live when it was hidden for a few seconds`, async () => {
    const page = await openPage(watched)
    const seen = new Set<string>()
    page.client.connection.subscribe(() => seen.add(page.status()))
    page.pause(4_000)
    page.wake()
    await page.advance(500)
    expect([...seen].filter((status) => status !== 'live')).toEqual([])
  })
})

it('a beacon that was buffered while the page was paused does not prove that the link works', async () => {
  const page = await openPage('call')
  page.cutNetwork()
  page.pause(5 * MINUTE_MS)
  page.deliverBufferedBeacon()
  expect(page.status()).not.toBe('live')
})

it('a list without events stays live for an hour while the page runs', async () => {
  const page = await openPage('list')
  const seen = new Set<string>()
  page.client.connection.subscribe(() => seen.add(page.status()))
  await page.advance(60 * MINUTE_MS)
  expect([page.status(), ...seen]).toEqual(['live'])
})

it('the client checks its link when the browser resumes, shows or restores the page', () => {
  const page = vi.spyOn(window, 'addEventListener')
  const tab = vi.spyOn(document, 'addEventListener')
  createGatherClient({ url: 'https://calls.example.com', getTicket: () => 't' }).close()
  const names = [...page.mock.calls, ...tab.mock.calls].map(([name]) => name)
  expect(names).toEqual(expect.arrayContaining(['online', 'pageshow', 'visibilitychange', 'resume']))
})

it('the client requests one ticket a minute while the server answers that it is unavailable', async () => {
  const clock = new VirtualClock(Date.parse('2030-01-01T00:00:00Z'))
  const server = new ScenarioServer(clock)
  server.addCall(callId, ['view'])
  let tickets = 0
  let attempts = 0
  const client = createClientWith({
    transport: {
      open: (auth, events) => {
        attempts++
        return server.open(auth, events)
      },
    },
    clock,
    getTicket: () => `t${++tickets}`,
    base: '',
    fetch,
    onWake: () => () => {},
  })
  client.watch(callId, { onFeed: () => {} }).catch(() => {})
  await clock.advanceTo(clock.now() + 1_000)
  server.refuse({ status: 503, code: '10007', title: 'Service unavailable' })
  await clock.advanceTo(clock.now() + 5 * MINUTE_MS)
  expect(attempts).toBeGreaterThan(60)
  expect(tickets).toBeLessThanOrEqual(7)
  server.refuse(null)
  await clock.advanceTo(clock.now() + 11_000)
  expect(client.connection.getSnapshot().status).toBe('live')
})
