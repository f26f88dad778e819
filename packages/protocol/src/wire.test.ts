import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { eventSchemas } from './event.ts'
import { knownEventTypes } from './event-type.ts'
import { downSchemas, recordSchema, upSchemas, wireEventSchema } from './frame.ts'
import { scenarios } from './scenarios/index.ts'
import { PROTOCOL_VERSION } from './version.ts'
import { decodeEvent, encodeEvent, readEvent, WireReader, wireTypes, writeEvent } from './wire.ts'

const file = new URL('../wire.schema.json', import.meta.url)

function wireSchema() {
  const each = (schemas: Record<string, z.core.$ZodType>) =>
    Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, z.toJSONSchema(schema)]))
  return { protocol: PROTOCOL_VERSION, up: each(upSchemas), down: each(downSchemas) }
}

describe('the wire', () => {
  it('is what wire.schema.json says', () => {
    // If this fails, the wire has changed. Would a client built before the change still read every frame, and the
    // server every request? If not, raise PROTOCOL_VERSION. Then write the file anew: UPDATE_WIRE_SCHEMA=1.
    const now = `${JSON.stringify(wireSchema(), null, 1)}\n`
    if (process.env.UPDATE_WIRE_SCHEMA) writeFileSync(file, now)
    expect(now).toBe(readFileSync(file, 'utf8'))
  })

  it('carries every event of every scenario unchanged', () => {
    for (const { steps } of Object.values(scenarios)) {
      steps.forEach(({ event }, index) => {
        const sent: unknown = JSON.parse(writeEvent(event))
        const record = { seq: index + 1, event: decodeEvent(z.parse(wireEventSchema, sent)) }
        expect(record.event).toEqual(event)
        expect(z.parse(recordSchema, record)).toEqual(record)
      })
    }
  })

  it('carries any event unchanged, whatever its ids, times and payload', () => {
    const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown)
    const message = fc.record({
      role: fc.oneof(fc.constantFrom('assistant', 'user', 'tool'), fc.string()),
      content: fc.string(),
    })
    const splice = fc.record({ length: fc.nat(), from: fc.nat(), messages: fc.array(message) })
    const time = fc.oneof(
      fc.integer({ min: -1e15, max: 4e15 }).map((micros) => {
        const text = new Date(Math.floor(micros / 1000)).toISOString().slice(0, -1)
        return `${text}${String(((micros % 1000) + 1000) % 1000).padStart(3, '0')}Z`
      }),
      fc.string(),
    )
    const event = fc.record(
      {
        id: fc.oneof(
          fc.uuid(),
          fc.string(),
          fc.uuid().map((id) => id.toUpperCase()),
        ),
        event_type: fc.oneof(fc.constantFrom(...wireTypes), fc.string()),
        occurred_at: time,
        command_id: fc.oneof(fc.uuid(), fc.string()),
        payload: fc.oneof(
          fc.dictionary(fc.string(), json, { noNullPrototype: true }),
          fc.record({ message_history: splice }),
          fc.record({ message_history: splice, partial_results: fc.constant({}) }),
          fc.record({ message_history: json }),
        ),
      },
      { requiredKeys: ['id', 'event_type', 'occurred_at', 'payload'] },
    )
    fc.assert(
      fc.property(event, (any) => {
        expect(readEvent(writeEvent(any))).toEqual(any)
      }),
    )
  })

  it('numbers events by where they stand, and reads those that an older version kept in full', () => {
    const event = (id: string) => ({ id, event_type: 'call.test', occurred_at: 'then', payload: {} })
    const reader = new WireReader()
    const cursor = { epoch: 'e', seq: 12 }
    const events = `[${JSON.stringify(event('old'))},${writeEvent(event('new'))}]`
    const reply = reader.reply('a call', { ok: true, kind: 'delta', cursor, channel: 3, events, now: '', scopes: [] })
    expect(reply).toMatchObject({
      records: [
        { seq: 11, event: event('old') },
        { seq: 12, event: event('new') },
      ],
    })
    const frame = reader.frame([3, 13, encodeEvent(event('next')), encodeEvent(event('last'))])
    expect(frame).toMatchObject({ call_id: 'a call', epoch: 'e', records: [{ seq: 13 }, { seq: 14 }] })
    expect(readEvent(JSON.stringify(event('old')))).toEqual(event('old'))
  })

  it('writes a turn of a conversation in little more than what is said', () => {
    const content = 'x'.repeat(120)
    const id = '7a3c1f52-9b1e-4d58-8f0a-0d9c2e6b4a11'
    const payload = { message_history: { length: 13, from: 12, messages: [{ role: 'user', content }] } }
    const event = { id, event_type: wireTypes[8], occurred_at: '2026-11-22T10:41:00.123456Z', command_id: id, payload }
    expect(writeEvent(event).length - content.length).toBeLessThan(100)
  })

  it('ranks and numbers every event type it has a schema for', () => {
    expect([...knownEventTypes].sort()).toEqual(Object.keys(eventSchemas).sort())
    expect([...wireTypes].sort()).toEqual(Object.keys(eventSchemas).sort())
  })
})
