import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { eventSchemas } from './event.ts'
import { knownEventTypes } from './event-type.ts'
import { downSchemas, recordSchema, upSchemas } from './frame.ts'
import { scenarios } from './scenarios/index.ts'
import { PROTOCOL_VERSION } from './version.ts'

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
        const record = { seq: index + 1, event }
        expect(z.parse(recordSchema, JSON.parse(JSON.stringify(record)))).toEqual(record)
      })
    }
  })

  it('ranks every event type it has a schema for', () => {
    expect([...knownEventTypes].sort()).toEqual(Object.keys(eventSchemas).sort())
  })
})
