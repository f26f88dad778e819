/** Tests that a page that stays open for a whole shift leaks no watches, timers or cached calls. */
import { pinEntry } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import { act, render } from '@testing-library/react'
import { afterEach, expect, it, vi } from 'vitest'
import type { Clock } from '../client/clock.ts'
import { createClientWith } from '../client/gather-client.ts'
import type { Link, LinkEvents } from '../client/transport.ts'
import { GatherProvider } from '../hooks/provider.tsx'
import { useCall } from '../hooks/use-call.ts'
import { useDtmf } from '../hooks/use-dtmf.ts'

const CALLS = 200
const EVENTS_PER_CALL = 50

/** Creates a clock that counts pending timers and runs none of them, so that a leaked timer is visible. */
function createCountingClock() {
  const timers = new Set<object>()
  const clock: Clock = {
    now: () => 0,
    setTimeout: () => {
      const timer = {}
      timers.add(timer)
      return () => timers.delete(timer)
    },
  }
  return { clock, timers }
}

/** Creates a transport whose calls all have the same number of events. `watched` holds the watched calls. */
function createCallServer() {
  const watched = new Set<string>()
  const link: Link = {
    watchCall: async (callId) => {
      watched.add(callId)
      return {
        ok: true,
        kind: 'snapshot',
        cursor: { epoch: 'e', seq: EVENTS_PER_CALL },
        records: recordsOf(callId),
        now: new Date(0).toISOString(),
        scopes: ['view'],
      }
    },
    unwatchCall: (callId) => watched.delete(callId),
    watchCalls: async () => ({ ok: true, now: new Date(0).toISOString(), calls: [] }),
    unwatchCalls: () => {},
    refreshTicket: async () => ({ ok: true, expires_at: new Date(1e9).toISOString() }),
    close: () => watched.clear(),
  }
  const open = (_: unknown, events: LinkEvents) => {
    queueMicrotask(() => events.open())
    return link
  }
  return { watched, transport: { open } }
}

const template = pinEntry.steps.map(({ event }) => event)
const recordsOf = (callId: string) =>
  Array.from({ length: EVENTS_PER_CALL }, (_, nth) => {
    const event = template[nth % template.length]
    if (!event) throw new Error('The scenario is empty.')
    return { seq: nth + 1, event: { ...event, id: `${callId} ${nth}` } }
  })

function Keys({ callId }: { callId: string }) {
  const { keyCount } = useDtmf(callId)
  const sync = useCall(callId, (feed) => feed.sync)
  return <output>{`${sync} ${keyCount}`}</output>
}

afterEach(() => vi.useRealTimers())

it('the page leaks no watch, timer or cached call after two hundred calls', async () => {
  vi.useFakeTimers()
  const { clock, timers } = createCountingClock()
  const { watched, transport } = createCallServer()
  const client = createClientWith({
    ...{ transport, clock, getTicket: () => 't', base: '', fetch, onWake: () => () => {} },
  })
  const cache = new QueryClient()
  const page = (callId: string | null) => (
    <GatherProvider client={client} queryClient={cache}>
      {callId !== null && <Keys key={callId} callId={callId} />}
    </GatherProvider>
  )
  const { rerender, container } = render(page('c0'))
  const idleTimers: number[] = []
  for (let nth = 0; nth < CALLS; nth++) {
    await act(async () => rerender(page(`c${nth}`)))
    await act(() => vi.advanceTimersByTimeAsync(20))
    expect(container.textContent).toMatch(/^live [1-9]/)
    expect([...watched]).toEqual([`c${nth}`])
    idleTimers.push(timers.size)
  }
  // The page has as many timers during the last call as during the second call.
  expect(idleTimers.at(-1)).toBe(idleTimers[1])
  expect(cache.getQueryCache().getAll().length).toBeGreaterThan(1)

  await act(async () => rerender(page(null)))
  await act(() => vi.advanceTimersByTimeAsync(6 * 60_000))
  expect(watched.size).toBe(0)
  expect(cache.getQueryCache().getAll()).toEqual([])
  client.close()
  expect(timers.size).toBe(0)
})
