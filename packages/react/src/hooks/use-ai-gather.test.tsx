import { aiBooking } from '@callgather/protocol/scenarios'
import { useEffect, useState } from 'react'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { actAndSettle, playAll, playTo, renderHookWithClient } from '../testing/render-hook.tsx'
import { createScenarioClient } from '../testing/scenario-client.ts'
import type { StandardSchemaV1 } from './standard-schema.ts'
import { type AIGatherValidation, useAIGather } from './use-ai-gather.ts'

const { callId } = aiBooking

const booking = z.object({
  patient_name: z.string(),
  date_of_birth: z.iso.date().transform((text) => new Date(text)),
  preferred_day: z.enum(['Monday', 'Tuesday', 'Thursday']),
})

describe('useAIGather', () => {
  it('useAIGather fills the fields of an AI gather one by one and confirms them when the gather ends', async () => {
    const client = createScenarioClient(aiBooking)
    const { result } = renderHookWithClient(client, () => useAIGather(callId))
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

  it('useAIGather validates and types the result of an AI gather by a zod schema', async () => {
    const client = createScenarioClient(aiBooking)
    const { result } = renderHookWithClient(client, () => useAIGather(callId, { schema: booking }))
    await playAll(client)
    const { result: answer } = result.current
    if (answer.status !== 'valid') throw new Error(answer.status)
    expect(answer.value.date_of_birth).toEqual(new Date('1991-05-14'))
    expectTypeOf(answer.value.date_of_birth).toEqualTypeOf<Date>()
    expectTypeOf(answer.value.preferred_day).toEqualTypeOf<'Monday' | 'Tuesday' | 'Thursday'>()
  })

  it('useAIGather validates the result of an AI gather by a valibot schema and returns the issues', async () => {
    const client = createScenarioClient(aiBooking)
    const schema = v.object({ preferred_day: v.picklist(['Monday', 'Friday'], 'Not a day we are open.') })
    const { result } = renderHookWithClient(client, () => useAIGather(callId, { schema }))
    expectTypeOf(result.current.result).toEqualTypeOf<AIGatherValidation<{ preferred_day: 'Monday' | 'Friday' }>>()
    await playAll(client)
    expect(result.current.result).toMatchObject({ status: 'invalid', issues: [{ message: 'Not a day we are open.' }] })
  })

  it('useAIGather reports the result as checking until an asynchronous schema settles', async () => {
    const client = createScenarioClient(aiBooking)
    const asked: ((result: { value: string }) => void)[] = []
    const validate = () => new Promise<{ value: string }>((resolve) => asked.push(resolve))
    const schema: StandardSchemaV1<unknown, string> = { '~standard': { version: 1, vendor: 'test', validate } }
    const { result } = renderHookWithClient(client, () => useAIGather(callId, { schema }))
    await playAll(client)
    expect(result.current.result.status).toBe('checking')
    await actAndSettle(() => {
      for (const answer of asked) answer({ value: 'booked' })
    })
    expect(result.current.result).toEqual({ status: 'valid', value: 'booked', issues: [] })
  })

  it('useAIGather sends a correction of a field to the assistant and does not change the field itself', async () => {
    const client = createScenarioClient(aiBooking)
    const { result } = renderHookWithClient(client, () => useAIGather(callId))
    await playTo(client, 7_000)
    await actAndSettle(() => result.current.correct('patient_name', 'Sample Q. Caller'))
    expect(client.commands).toMatchObject([
      {
        name: 'ai_assistant_add_messages',
        body: { messages: [{ role: 'system', content: expect.stringContaining('"Sample Q. Caller"') }] },
      },
    ])
    expect(result.current.correcting.status).toBe('confirmed')
    // Only a new partial result from Telnyx changes the field.
    expect(result.current.fields[0]).toMatchObject({ status: 'heard', value: 'Sample Caller' })
  })
})

describe('a schema of the host that fails', () => {
  const schemaOf = (validate: (value: unknown) => unknown) =>
    ({ '~standard': { version: 1, vendor: 'test', validate } }) as StandardSchemaV1
  const failures: Record<string, (value: unknown) => unknown> = {
    throws: () => {
      throw new Error('broken')
    },
    rejects: () => Promise.reject(new Error('broken')),
    'returns nothing': () => undefined,
    'returns a number': () => 7,
    'resolves to null': () => Promise.resolve(null),
    'returns issues that are no list': () => ({ issues: 'wrong' }),
    'returns issues that are no issues': () => ({ issues: [null] }),
  }

  it.each(Object.entries(failures))('useAIGather settles as invalid when the schema %s', async (_, validate) => {
    const client = createScenarioClient(aiBooking)
    const schema = schemaOf(validate)
    const { result } = renderHookWithClient(client, () => useAIGather(callId, { schema }))
    await playAll(client)
    expect(result.current.result).toMatchObject({ status: 'invalid', issues: [{ message: expect.any(String) }] })
  })

  it('useAIGather reports the result as invalid when the schema does not settle within its deadline', async () => {
    const client = createScenarioClient(aiBooking)
    const schema = schemaOf(() => new Promise(() => {}))
    const { result } = renderHookWithClient(client, () => useAIGather(callId, { schema }))
    await playAll(client)
    expect(result.current.result.status).toBe('checking')
    await actAndSettle(() => client.player.advance(10_000))
    expect(result.current.result).toMatchObject({
      status: 'invalid',
      issues: [{ message: 'The schema did not answer within 10 seconds.' }],
    })
  })

  it.each([
    ['asynchronous', (value: unknown) => Promise.resolve({ value: { value, at: new Date() } })],
    ['asynchronous and failing', () => Promise.reject(new Error('broken'))],
    ['synchronous', (value: unknown) => ({ value: { value } })],
  ])('useAIGather settles with an inline schema that is %s', async (_, validate) => {
    const client = createScenarioClient(aiBooking)
    let renders = 0
    const { result } = renderHookWithClient(client, () => {
      renders++
      const view = useAIGather(callId, { schema: schemaOf(validate) })
      const [, setCopy] = useState(view.result)
      useEffect(() => setCopy(view.result), [view.result])
      return view
    })
    await playAll(client)
    await actAndSettle(() => undefined)
    const rendersBefore = renders
    await actAndSettle(() => undefined)
    expect(renders).toBe(rendersBefore)
    expect(result.current.result.status).not.toBe('checking')
  })
})
