import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { PROTOCOL_VERSION } from '../base/version.ts'
import type { CallEvent } from '../events/event.ts'
import { eventSchemas } from '../events/event-schemas.ts'
import { eventTable } from '../events/event-table.ts'
import { scenarios } from '../scenarios/index.ts'
import { clientMessageSchemas, recordSchema, serverMessageSchemas } from './frame.ts'
import { WireReader } from './wire-reader.ts'

const file = new URL('../../wire.schema.json', import.meta.url)

function wireSchema() {
  const each = (schemas: Record<string, z.core.$ZodType>) =>
    Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, z.toJSONSchema(schema)]))
  // A list: its order is that of the event table.
  const events = Object.entries(eventTable).map(([type, { rank }]) => {
    const { $schema: _, ...payload } = z.toJSONSchema(eventSchemas[type]?.shape.payload ?? z.never())
    return { type, rank, payload }
  })
  return { protocol: PROTOCOL_VERSION, events, up: each(clientMessageSchemas), down: each(serverMessageSchemas) }
}

const eventOf = (id: string): CallEvent => ({ id, event_type: 'call.test', occurred_at: 'then', payload: {} })

describe('the wire', () => {
  it('the wire schemas match the committed wire.schema.json', () => {
    // On failure, the wire schemas have changed. If an older client could misread a frame, or the server a request of
    // an older client, raise PROTOCOL_VERSION. Then rewrite the file: run this test with UPDATE_WIRE_SCHEMA=1.
    const now = `${JSON.stringify(wireSchema(), null, 1)}\n`
    if (process.env.UPDATE_WIRE_SCHEMA) writeFileSync(file, now)
    expect(now).toBe(readFileSync(file, 'utf8'))
  })

  it('the wire schemas preserve all events of all scenarios', () => {
    for (const { steps } of Object.values(scenarios)) {
      steps.forEach(({ event }, index) => {
        const record = { seq: index + 1, event }
        expect(z.parse(recordSchema, JSON.parse(JSON.stringify(record)))).toEqual(record)
        // The schema of unknown event types accepts any payload, so the event must also match the schema of its type.
        expect(z.parse(z.optional(eventSchemas[event.event_type] ?? z.never()), event)).toEqual(event)
      })
    }
  })

  it('WireReader preserves any event in a reply to call:watch', () => {
    const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown)
    const event = fc.record(
      {
        id: fc.string(),
        event_type: fc.oneof(fc.constantFrom(...Object.keys(eventTable)), fc.string()),
        occurred_at: fc.string(),
        command_id: fc.oneof(fc.uuid(), fc.string()),
        payload: fc.dictionary(fc.string(), json, { noNullPrototype: true }),
      },
      { requiredKeys: ['id', 'event_type', 'occurred_at', 'payload'] },
    )
    const reader = new WireReader()
    fc.assert(
      fc.property(event, (any) => {
        const written = { ok: true, kind: 'delta', cursor: { epoch: 'e', seq: 1 }, channel: 1, now: '' } as const
        const reply = reader.readReply('a call', { ...written, scopes: [], events: JSON.stringify([any]) })
        expect(reply.ok && reply.records).toEqual([{ seq: 1, event: any }])
      }),
    )
  })

  it('WireReader numbers the events of replies and frames, and ignores frames of a released call', () => {
    const reader = new WireReader()
    const cursor = { epoch: 'e', seq: 12 }
    const events = JSON.stringify([eventOf('a'), eventOf('b')])
    const reply = reader.readReply('a call', {
      ok: true,
      kind: 'delta',
      cursor,
      channel: 3,
      events,
      now: '',
      scopes: [],
    })
    expect(reply).toMatchObject({
      records: [
        { seq: 11, event: eventOf('a') },
        { seq: 12, event: eventOf('b') },
      ],
    })
    const frame = reader.readFrame([3, 13, eventOf('next'), eventOf('last')])
    expect(frame).toMatchObject({ call_id: 'a call', epoch: 'e', records: [{ seq: 13 }, { seq: 14 }] })
    reader.release('a call')
    expect(reader.readFrame([3, 15, eventOf('late')])).toBeNull()
  })
})
