import { pinEntry } from '@callgather/protocol/scenarios'
import { describe, expect, it, vi } from 'vitest'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { createDiagnose } from './diagnose.ts'
import { createClientWith } from './gather-client.ts'

/** What `fetch` returns to the page for each cause of failure; `null` if it rejects. */
const cases: [name: string, code: string, answer: (mode: string | undefined) => Response | null][] = [
  ['a proxy blocks websockets', 'websocketBlocked', () => Response.json({ status: 'ok' })],
  ['the page’s origin is not allowed', 'originRefused', (mode) => (mode === 'no-cors' ? new Response() : null)],
  ['the server is down', 'serverUnreachable', () => null],
  ['another server answers at the address', 'serverUnreachable', () => new Response('no', { status: 404 })],
]

describe('the client', () => {
  it.each(cases)('the client reports the cause and keeps retrying when %s', async (_, code, answer) => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const clock = new VirtualClock(0)
    const request: typeof fetch = async (_input, init) => {
      const response = answer(init?.mode)
      if (!response) throw new TypeError('Failed to fetch')
      return response
    }
    const onError = vi.fn()
    const open = vi.fn((_: unknown, events: { close(error: null): void }) => {
      queueMicrotask(() => events.close(null))
      return {
        watchCall: () => Promise.reject(new Error('closed')),
        unwatchCall: () => {},
        watchCalls: () => Promise.reject(new Error('closed')),
        unwatchCalls: () => {},
        refreshTicket: () => Promise.reject(new Error('closed')),
        close: () => {},
      }
    })
    const client = createClientWith({
      transport: { open },
      clock,
      getTicket: () => 'ticket',
      onError,
      diagnose: createDiagnose('http://server.invalid', request),
      fetch: request,
      base: '',
      onWake: () => () => {},
    })
    client.watch(pinEntry.callId, { onFeed: () => {} }).catch(() => {})
    await clock.advanceTo(30_000)
    expect(client.connection.getSnapshot()).toMatchObject({ status: 'reconnecting', error: { reason: code } })
    expect(onError.mock.calls.map(([error]) => error.code)).toEqual([code])
    const attempts = open.mock.calls.length
    await clock.advanceTo(60_000)
    expect(open.mock.calls.length).toBeGreaterThan(attempts)
    vi.restoreAllMocks()
  })
})
