/** The schemas of the host contract. Its fields are documented in `host-contract.ts`. */
import * as z from 'zod/mini'
import { masks } from '../base/mask.ts'
import {
  HOST_CONTRACT,
  HOST_CONTRACT_VERSION,
  type HostErrorEvent,
  type HostEvent,
  type HostRequest,
} from './host-contract.ts'

const id = z.string().check(z.minLength(1))
const text = z.string()
const nullableText = z.nullable(text)
const time = z.iso.datetime()
const nullableTime = z.nullable(time)
const count = z.int().check(z.minimum(0))
const nullableMask = z.nullable(z.enum(masks))
const kind = z.enum(['digits', 'fields'])
const theme = z.enum(['light', 'dark', 'auto'])
const locale = z.string().check(z.minLength(2), z.maxLength(64))

const handshake = { contract: z.literal(HOST_CONTRACT), version: z.literal(HOST_CONTRACT_VERSION) }

const call = { callId: id, sessionId: nullableText, from: nullableText, to: nullableText, direction: nullableText }

const gather = {
  ...call,
  gatherId: id,
  kind,
  command: z.nullable(z.enum(['gather', 'gather_using_speak', 'gather_using_audio', 'gather_using_ai'])),
  mask: nullableMask,
}

const collectedItem = {
  gatherId: id,
  kind,
  name: text,
  label: text,
  value: z.unknown(),
  digitCount: z.nullable(count),
  last4: nullableText,
  mask: nullableMask,
  outcome: nullableText,
  at: time,
}

/** The schema of a message from CallGather to its host. */
export const hostEventSchema: z.ZodMiniType<HostEvent> = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), ...handshake, callId: z.nullable(id) }),
  z.object({
    type: z.literal('resize'),
    width: z.number().check(z.minimum(0)),
    height: z.number().check(z.minimum(0)),
  }),
  z.object({
    type: z.literal('connection'),
    status: z.enum(['idle', 'connecting', 'live', 'reconnecting', 'refused', 'closed']),
    isDegraded: z.boolean(),
    retryAt: nullableTime,
  }),
  z.object({ type: z.literal('call-ringing'), ...call, callerName: nullableText, at: time }),
  z.object({ type: z.literal('call-answered'), ...call, at: time }),
  z.object({ type: z.literal('call-selected'), callId: z.nullable(id) }),
  z.object({
    type: z.literal('call-ended'),
    ...call,
    startedAt: nullableTime,
    answeredAt: nullableTime,
    hungUpBy: z.nullable(z.enum(['us', 'caller', 'callee'])),
    cause: nullableText,
    at: time,
  }),
  z.object({ type: z.literal('gather-started'), ...gather, requestedBy: nullableText, at: time }),
  z.object({
    type: z.literal('gather-ended'),
    ...gather,
    outcome: nullableText,
    attempts: z.nullable(count),
    at: time,
  }),
  z.object({ type: z.literal('collected'), ...call, ...collectedItem }),
  z.object({
    type: z.literal('wrap-up'),
    ...call,
    startedAt: nullableTime,
    endedAt: time,
    collected: z.array(z.object(collectedItem)),
    at: time,
  }),
  z.object({
    type: z.literal('wrap-up-saved'),
    ...call,
    note: text,
    disposition: nullableText,
    collected: z.array(z.object(collectedItem)),
    startedAt: nullableTime,
    endedAt: time,
    at: time,
  }),
  z.object({ type: z.literal('ticket-needed'), requestId: id }),
  z.object({ type: z.literal('error'), code: text, detail: text, callId: z.nullable(id) }),
])

/** The schema of a message from a host to CallGather. */
export const hostRequestSchema: z.ZodMiniType<HostRequest> = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('init'),
    ...handshake,
    callId: z.optional(z.nullable(id)),
    theme: z.optional(theme),
    locale: z.optional(locale),
    features: z.optional(z.array(z.enum(['controls', 'transcript', 'assistant', 'timeline', 'collected', 'wrap-up']))),
  }),
  z.object({ type: z.literal('ticket'), requestId: id, ticket: z.nullable(id) }),
  z.object({ type: z.literal('select-call'), callId: z.nullable(id) }),
  z.object({ type: z.literal('set-theme'), theme }),
  z.object({ type: z.literal('set-locale'), locale }),
  z.object({ type: z.literal('focus') }),
  z.object({ type: z.literal('destroy') }),
])

/** The result of a message check: the valid message, or the `error` event that says why the message is refused. */
export type HostMessageCheck<Message extends HostEvent | HostRequest> =
  | { ok: true; message: Message }
  | { ok: false; error: HostErrorEvent }

/** Validates a message from the host, its contract version first. Verify the sender's origin and window beforehand. */
export const checkHostRequest = (message: unknown): HostMessageCheck<HostRequest> =>
  checkMessage(hostRequestSchema, message)

/** Validates a message from the panel, its contract version first. Verify the sender's origin and window beforehand. */
export const checkHostEvent = (message: unknown): HostMessageCheck<HostEvent> => checkMessage(hostEventSchema, message)

function checkMessage<Message extends HostEvent | HostRequest>(
  schema: z.ZodMiniType<Message>,
  message: unknown,
): HostMessageCheck<Message> {
  if (hasUnsupportedVersion(message)) {
    return refuse(
      'unsupportedVersion',
      `The host contract version is not supported. Use version ${HOST_CONTRACT_VERSION}: load the host script and the panel from the same release.`,
    )
  }
  const parsed = schema.safeParse(message)
  if (parsed.success) return { ok: true, message: parsed.data }
  const [issue] = parsed.error.issues
  const path = issue?.path.join('.') ?? ''
  if (issue?.code === 'invalid_union' && path === 'type') {
    return refuse('unknownMessage', 'The message type is unknown. Send a type of the host contract.')
  }
  const subject = path === '' ? 'The message' : `The field \`${path}\``
  return refuse('invalidMessage', `${subject} is missing or malformed. Send it as the host contract describes.`)
}

function hasUnsupportedVersion(message: unknown): boolean {
  if (typeof message !== 'object' || message === null || !('version' in message)) return false
  return message.version !== HOST_CONTRACT_VERSION
}

const refuse = (code: string, detail: string): { ok: false; error: HostErrorEvent } => ({
  ok: false,
  error: { type: 'error', code, detail, callId: null },
})
