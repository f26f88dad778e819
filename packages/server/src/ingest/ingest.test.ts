/** Ingestion when other webhooks are appended between the lookup for a webhook and its append. */
import { foldCall } from '@callgather/protocol'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { HostCallbacks } from '../base/host-callbacks.ts'
import { CallCache } from '../calls/call-cache.ts'
import { CallFeed } from '../calls/call-feed.ts'
import { commandEvent } from '../commands/command-outcome.ts'
import type { CallStore } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { createMarkCodec } from '../telnyx/client-state.ts'
import { HIDDEN_TEXT } from '../telnyx/history.ts'
import { recordId } from '../telnyx/records.ts'
import type { Webhook } from '../telnyx/webhook.ts'
import { Ingest, type SensitiveInput } from './ingest.ts'

const START = Date.parse('2026-11-22T10:00:00.000Z')
const [CALLER, AGENT] = ['v3:caller', 'v3:agent']
const SESSION = { call_session_id: 'session' }

function stage() {
  let now = START - 3_600_000
  const memory = memoryStore({ now: () => now })
  // Reads resolve one turn late and may be stale, as from a database.
  const later = async <T>(value: T) => {
    await new Promise((resolve) => setImmediate(resolve))
    return value
  }
  const store: CallStore = {
    ...memory,
    has: async (...args) => later(await memory.has(...args)),
    read: async (...args) => later(await memory.read(...args)),
  }
  const cache = new CallCache(store, new CallFeed(store))
  const inputs: SensitiveInput[] = []
  const ingest = new Ingest({
    cache,
    store,
    markers: createMarkCodec(Buffer.alloc(32, 7)),
    digestKey: Buffer.alloc(32, 1),
    now: () => now,
    hostCallbacks: new HostCallbacks({ logger: pino({ level: 'silent' }), countFailure: () => {} }),
    isMasking: true,
    onSensitive: async (input) => {
      inputs.push(input)
      await new Promise((resolve) => setImmediate(resolve))
    },
  })
  now = START
  const requested = { command: 'gather', body: {}, mask: 'digits' }
  const command = commandEvent('masked', { event_type: 'command.requested', payload: requested }, START)
  const events = async (callId: string) => ((await store.read(callId, 0))?.records ?? []).map(({ event }) => event)
  return {
    ingest,
    inputs,
    events,
    startGather: () => cache.append(CALLER, () => ({ events: [{ event: command }] })),
    pass: (ms: number) => {
      now += ms
    },
  }
}

const webhook = (id: string, eventType: string, callId: string, payload: Record<string, unknown> = {}): Webhook => ({
  id,
  eventType,
  occurredAt: new Date(START).toISOString(),
  payload: { call_control_id: callId, ...payload },
})

describe('a conversation with a masked gather', () => {
  it('stores conversation messages before and after a masked gather, and hides the messages during it', async () => {
    const { ingest, events, startGather } = stage()
    const said = (id: string, seconds: number, ...contents: string[]) => {
      const message_history = contents.map((content) => ({ role: 'user', content }))
      const update = webhook(id, 'call.ai_gather.message_history_updated', CALLER, { message_history })
      return ingest.accept({ ...update, occurredAt: new Date(START + seconds * 1_000).toISOString() })
    }
    await ingest.accept(webhook('caller', 'call.initiated', CALLER, SESSION))
    await said('before', -400, 'before')
    await startGather()
    await ingest.accept(webhook('end', 'call.gather.ended', CALLER, { status: 'valid', digits: '4071' }))
    await said('first', 400, 'before', 'meanwhile')
    await said('second', 410, 'before', 'meanwhile', 'after')
    const { conversations } = foldCall(CALLER, await events(CALLER))
    const shown = [...conversations].flatMap(({ messages }) => [...messages].map(({ content }) => content))
    expect(shown).toEqual(['before', HIDDEN_TEXT, 'after'])
  })
})

describe('a webhook ingested concurrently with others', () => {
  it('masks a webhook by a sibling leg’s gather when the session becomes known just before the append', async () => {
    const { ingest, events, startGather } = stage()
    await ingest.accept(webhook('caller', 'call.initiated', CALLER, SESSION))
    await startGather()
    await Promise.all([
      ingest.accept(webhook('key', 'call.dtmf.received', AGENT, { digit: '4' })),
      ingest.accept(webhook('agent', 'call.initiated', AGENT, SESSION)),
    ])
    const keys = (await events(AGENT)).filter(({ event_type }) => event_type === 'call.dtmf.received')
    expect(keys.map(({ payload }) => payload)).toEqual([{ digit: null }])
  })

  it('treats a webhook as a duplicate when the same event from Telnyx’s records is ingested at the same time', async () => {
    const { ingest, events, pass } = stage()
    const late = webhook('own-id', 'call.answered', CALLER)
    pass(120_000)
    const outcomes = await Promise.all([
      ingest.accept(late),
      ingest.accept({ ...late, id: recordId(late.eventType, late.occurredAt) }),
    ])
    expect(outcomes.sort()).toEqual(['appended', 'duplicate'])
    expect(await events(CALLER)).toHaveLength(1)
  })

  it('passes masked input to the host once when its webhook arrives twice at the same time', async () => {
    const { ingest, inputs, events, startGather } = stage()
    await startGather()
    const end = webhook('end', 'call.gather.ended', CALLER, { status: 'valid', digits: '4071' })
    expect((await Promise.all([ingest.accept(end), ingest.accept(end)])).sort()).toEqual(['appended', 'duplicate'])
    expect(inputs.map(({ digits }) => digits)).toEqual(['4071'])
    expect((await events(CALLER)).at(-1)?.payload).toMatchObject({ digits: null, digit_count: 4, delivered: true })
  })

  it('ingests other webhooks without delay while the host handles masked input', async () => {
    const { ingest, startGather } = stage()
    await startGather()
    const order: string[] = []
    const take = async (id: string, type: string, payload: object) => {
      await ingest.accept(webhook(id, type, CALLER, { ...payload }))
      order.push(id)
    }
    await Promise.all([
      take('end', 'call.gather.ended', { status: 'valid', digits: '4071' }),
      take('hangup', 'call.hangup', {}),
    ])
    expect(order).toEqual(['hangup', 'end'])
  })
})
