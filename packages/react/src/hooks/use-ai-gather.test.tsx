import { aiBooking } from '@callgather/protocol/scenarios'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { createScenarioClient } from '../testing/scenario-client.ts'
import { playAll, playTo, renderProvided, settled } from './provided.tsx'
import type { StandardSchemaV1 } from './standard-schema.ts'
import { type AIGatherResult, useAIGather } from './use-ai-gather.ts'

const { callId } = aiBooking

const booking = z.object({
  patient_name: z.string(),
  date_of_birth: z.iso.date().transform((text) => new Date(text)),
  preferred_day: z.enum(['Monday', 'Tuesday', 'Thursday']),
})

describe('useAIGather', () => {
  it('fills field by field, then confirms', async () => {
    const client = createScenarioClient(aiBooking)
    const { result } = renderProvided(client, () => useAIGather(callId))
    expect(result.current).toMatchObject({ gather: null, fields: [], isCollecting: false, result: { status: 'none' } })
    const statuses = () => result.current.fields.map((field) => field.status)
    await playTo(client, 4_000)
    expect(statuses()).toEqual(['missing', 'missing', 'missing'])
    await playTo(client, 7_000)
    expect(statuses()).toEqual(['heard', 'missing', 'missing'])
    expect(result.current.progress).toEqual({ done: 1, of: 3 })
    await playAll(client)
    expect(statuses()).toEqual(['confirmed', 'confirmed', 'confirmed'])
    expect(result.current.result).toMatchObject({ status: 'valid', value: { preferred_day: 'Thursday' } })
  })

  it('checks and types the result by a zod schema', async () => {
    const client = createScenarioClient(aiBooking)
    const { result } = renderProvided(client, () => useAIGather(callId, { schema: booking }))
    await playAll(client)
    const { result: answer } = result.current
    if (answer.status !== 'valid') throw new Error(answer.status)
    expect(answer.value.date_of_birth).toEqual(new Date('1991-05-14'))
    expectTypeOf(answer.value.date_of_birth).toEqualTypeOf<Date>()
    expectTypeOf(answer.value.preferred_day).toEqualTypeOf<'Monday' | 'Tuesday' | 'Thursday'>()
  })

  it('checks and types the result by a valibot schema, and says what is wrong', async () => {
    const client = createScenarioClient(aiBooking)
    const schema = v.object({ preferred_day: v.picklist(['Monday', 'Friday'], 'Not a day we are open.') })
    const { result } = renderProvided(client, () => useAIGather(callId, { schema }))
    expectTypeOf(result.current.result).toEqualTypeOf<AIGatherResult<{ preferred_day: 'Monday' | 'Friday' }>>()
    await playAll(client)
    expect(result.current.result).toMatchObject({ status: 'invalid', issues: [{ message: 'Not a day we are open.' }] })
  })

  it('waits for a schema that answers later', async () => {
    const client = createScenarioClient(aiBooking)
    const asked: ((result: { value: string }) => void)[] = []
    const validate = () => new Promise<{ value: string }>((resolve) => asked.push(resolve))
    const schema: StandardSchemaV1<unknown, string> = { '~standard': { version: 1, vendor: 'test', validate } }
    const { result } = renderProvided(client, () => useAIGather(callId, { schema }))
    await playAll(client)
    expect(result.current.result.status).toBe('checking')
    await settled(() => {
      for (const answer of asked) answer({ value: 'booked' })
    })
    expect(result.current.result).toEqual({ status: 'valid', value: 'booked', issues: [] })
  })

  it('tells the assistant of a correction, and nobody else', async () => {
    const client = createScenarioClient(aiBooking)
    const { result } = renderProvided(client, () => useAIGather(callId))
    await playTo(client, 7_000)
    await settled(() => result.current.correct('patient_name', 'Sample Q. Caller'))
    expect(client.commands).toMatchObject([
      {
        name: 'ai_assistant_add_messages',
        body: { messages: [{ role: 'system', content: expect.stringContaining('"Sample Q. Caller"') }] },
      },
    ])
    expect(result.current.correcting.status).toBe('confirmed')
    // Only the assistant's own answer changes the field.
    expect(result.current.fields[0]).toMatchObject({ status: 'heard', value: 'Sample Caller' })
  })
})
