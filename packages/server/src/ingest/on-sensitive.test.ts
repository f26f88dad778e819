/** `onSensitive`, the only output of masked input: when it is called, how often, and what happens when it fails. */
import { EventEmitter, once } from 'node:events'
import { Writable } from 'node:stream'
import { foldCall, isKnownEvent, selectGather } from '@callgather/protocol'
import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { StoreUnavailableError } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { CALL, testServer } from '../testing/server.ts'
import type { SensitiveInput } from './ingest.ts'

/** Starts a masked gather on the test's call and returns the `client_state` mark that its webhooks echo. */
async function startGather(server: Awaited<ReturnType<typeof testServer>>) {
  await server.webhook('call.initiated')
  expect((await server.command('gather', { maximum_digits: 4 })).status).toBe(200)
  return server.upstream.received.at(-1)?.body.client_state
}

const endsIn = async (store: ReturnType<typeof memoryStore>) =>
  ((await store.read(CALL, 0))?.records ?? [])
    .map(({ event }) => event)
    .filter(({ event_type }) => event_type === 'call.gather.ended')

describe('onSensitive', () => {
  it('calls `onSensitive` before it stores the end of a gather, and answers the webhook once `onSensitive` settles', async () => {
    const store = memoryStore()
    const order: string[] = []
    const gate = new EventEmitter()
    const called = once(gate, 'called')
    const released = once(gate, 'release')
    await using server = await testServer({
      store,
      policy: { mask: 'digits' },
      onSensitive: async ({ digits }) => {
        order.push(`called with ${digits}, ${(await endsIn(store)).length} ends stored`)
        gate.emit('called')
        await released
        order.push('settled')
      },
    })
    const client_state = await startGather(server)
    const end = server
      .webhook('call.gather.ended', { digits: '4071', status: 'valid', client_state })
      .then((answer) => {
        order.push(`answered ${answer.status}`)
      })
    await called
    // Meanwhile, a webhook of another call is ingested completely.
    const other = { call_control_id: 'v3:another-call-000', call_session_id: 'another' }
    await server.webhook('call.answered', other)
    order.push('another call was answered')
    gate.emit('release')
    await end
    expect(order).toEqual(['called with 4071, 0 ends stored', 'another call was answered', 'settled', 'answered 200'])
    expect((await endsIn(store)).map(({ payload }) => payload)).toEqual([
      { status: 'valid', digits: null, digit_count: 4, delivered: true },
    ])
  })

  const failures: [string, 'failed' | 'timeout', () => void | Promise<void>][] = [
    [
      'throws',
      'failed',
      () => {
        throw new Error('the vault is sealed')
      },
    ],
    ['rejects', 'failed', () => Promise.reject(new Error('the vault is sealed'))],
    ['hangs', 'timeout', () => new Promise<void>(() => {})],
  ]
  it.each(failures)(
    'stores input as not delivered and answers 200 when `onSensitive` %s, then delivers the next input',
    async (_, reason, fail) => {
      const store = memoryStore()
      const lines: string[] = []
      const stream = new Writable({
        write(chunk, _encoding, done) {
          lines.push(String(chunk))
          done()
        },
      })
      let isFailing = true
      await using server = await testServer({
        store,
        // The time of a line may contain the digits of the input.
        logger: pino({ level: 'warn', timestamp: false, base: null }, stream),
        callbackDeadlineMs: 100,
        policy: { mask: 'digits' },
        onSensitive: () => (isFailing ? fail() : undefined),
      })
      const client_state = await startGather(server)
      const payload = { digits: '4071', status: 'valid', client_state }
      expect((await server.webhook('call.gather.ended', payload)).status).toBe(200)
      const [failed] = await endsIn(store)
      expect(failed?.payload).toEqual({ status: 'valid', digits: null, digit_count: 4, delivered: false })
      const events = ((await store.read(CALL, 0))?.records ?? []).map(({ event }) => event)
      expect(selectGather(foldCall(CALL, events.filter(isKnownEvent)))).toMatchObject({ delivery: 'failed' })
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level: 50, callback: 'onSensitive', reason }])
      expect(lines.join()).not.toContain('4071')
      const metrics = await (await fetch(`${server.url}/metrics`)).text()
      expect(metrics).toContain(`callgather_host_callback_failures_total{callback="onSensitive",reason="${reason}"} 1`)

      isFailing = false
      const next = await startGather(server)
      await server.webhook('call.gather.ended', { digits: '4072', status: 'valid', client_state: next })
      expect((await endsIn(store)).at(-1)?.payload).toMatchObject({ delivered: true })
    },
  )

  it('calls onSensitive again for an end event that the store failed to append, and never for a stored event', async () => {
    const store = memoryStore()
    const inputs: SensitiveInput[] = []
    await using server = await testServer({
      store,
      policy: { mask: 'digits' },
      onSensitive: (input) => {
        inputs.push(input)
      },
    })
    const client_state = await startGather(server)
    const end = () =>
      server.webhook('call.gather.ended', { digits: '4071', status: 'valid', client_state }, { id: 'the-end' })
    vi.spyOn(store, 'append').mockRejectedValueOnce(new StoreUnavailableError('disk full'))
    expect((await end()).status).toBe(503)
    expect((await end()).status).toBe(200)
    expect((await end()).status).toBe(200)
    expect(inputs.map(({ eventId, digits }) => [eventId, digits])).toEqual([
      ['the-end', '4071'],
      ['the-end', '4071'],
    ])
  })
})
