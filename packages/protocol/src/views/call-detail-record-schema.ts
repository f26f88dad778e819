/** The schemas of the record of a call and of the event that delivers it. `call-detail-record.ts` documents the fields. */
import * as z from 'zod/mini'
import { masks } from '../base/mask.ts'
import type { CallDetailRecord } from './call-detail-record.ts'

const text = z.string()
const nullableText = z.nullable(text)
const time = z.iso.datetime()
const nullableTime = z.nullable(time)
const count = z.int().check(z.minimum(0))
const kind = z.enum(['digits', 'fields'])
const mask = z.nullable(z.enum(masks))

/** The schema of the record of a call. */
export const callDetailRecordSchema: z.ZodMiniType<CallDetailRecord> = z.object({
  callId: text,
  sessionId: nullableText,
  from: nullableText,
  to: nullableText,
  direction: nullableText,
  callerName: nullableText,
  startedAt: nullableTime,
  answeredAt: nullableTime,
  endedAt: nullableTime,
  talkMs: z.nullable(count),
  hungUpBy: z.nullable(z.enum(['us', 'caller', 'callee'])),
  hangupCause: nullableText,
  gathers: z.array(
    z.object({
      gatherId: text,
      kind,
      command: nullableText,
      label: nullableText,
      requestedBy: nullableText,
      requestedAt: nullableTime,
      endedAt: nullableTime,
      outcome: nullableText,
      refusal: nullableText,
      mask,
    }),
  ),
  collected: z.array(
    z.object({
      gatherId: text,
      kind,
      name: text,
      label: text,
      value: z.unknown(),
      digitCount: z.nullable(count),
      last4: nullableText,
      mask,
      outcome: nullableText,
      at: time,
    }),
  ),
  whispers: z.array(z.object({ id: text, text, who: nullableText, at: time })),
  wrapUp: z.nullable(z.object({ note: text, disposition: nullableText, who: text, at: time })),
})

/** The schema of the event that delivers the record of a call: a CloudEvent 1.0 in JSON. */
export const recordEventSchema = z.object({
  specversion: z.literal('1.0'),
  id: text,
  source: text,
  type: z.literal('callgather.call.record'),
  subject: text,
  time,
  datacontenttype: z.literal('application/json'),
  revision: z.int().check(z.minimum(1)),
  data: callDetailRecordSchema,
})
