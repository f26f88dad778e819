/** The route with which an agent wraps up a finished call: a note and a disposition, once per call. */
import {
  type ErrorName,
  gatherError,
  MAX_DISPOSITION_LENGTH,
  MAX_NOTE_LENGTH,
  selectCallPhase,
  type WrapUpState,
} from '@callgather/protocol'
import * as z from 'zod/mini'
import { type Access, unknownCallError } from '../access/access.ts'
import type { Audit } from '../access/audit.ts'
import type { CallCache } from '../calls/call-cache.ts'
import { bearerToken, type HttpRequest, json, readJson } from '../edge/message.ts'
import type { RateLimit } from '../edge/rate-limit.ts'
import { formatTime } from '../telnyx/normalise.ts'
import type { Route } from './router.ts'

const MAX_BODY_BYTES = 64 * 1024

const NOTE = `\`note\` must be text of at most ${MAX_NOTE_LENGTH} characters.`
const DISPOSITION = `\`disposition\` must be \`null\` or text of 1 to ${MAX_DISPOSITION_LENGTH} characters.`

/** The schema of the body. */
export const wrapUpSchema = z.strictObject({
  note: z.string(NOTE).check(z.maxLength(MAX_NOTE_LENGTH, NOTE)),
  disposition: z.nullable(
    z.string(DISPOSITION).check(z.minLength(1, DISPOSITION), z.maxLength(MAX_DISPOSITION_LENGTH, DISPOSITION)),
  ),
})
type WrapUpBody = z.infer<typeof wrapUpSchema>

/** The errors of the route, for the OpenAPI document. */
export const wrapUpRefusals = [
  'unknownParameter',
  'invalidJson',
  'bodyTooLarge',
  'conflict',
  'tooManyRequests',
  'unavailable',
] as const satisfies readonly ErrorName[]

/** Returns the route of `POST /calls/:call_id/wrap-up`. */
export function wrapUpRoute(parts: {
  access: Access
  cache: CallCache
  audit: Audit
  /** The rate limit of commands, which wrap-ups share. */
  rate: RateLimit
  now: () => number
  onWrappedUp: () => void
}): Route {
  const { access, cache, audit, rate, now, onWrappedUp } = parts

  /** Whether the agent may command the call. One of the two scopes is enough, because a call may have no gather. */
  const mayWrapUp = async (grant: Awaited<ReturnType<Access['authenticate']>>, callId: string) =>
    (await access.isAllowed(grant, { callId, scope: 'gather' })) ||
    (await access.isAllowed(grant, { callId, scope: 'assistant' }))

  const handler = async (request: HttpRequest, { call_id: callId = '' }: Readonly<Record<string, string>>) => {
    const grant = await access.authenticate(bearerToken(request))
    const { subject } = grant
    const { address } = request
    rate.takeOrThrow(subject, 'Wrap-ups')
    if (!(await mayWrapUp(grant, callId))) {
      await audit.write({ what: 'denied', subject, callId, command: 'wrap-up', address })
      throw unknownCallError()
    }
    const body = readBody(await readJson(request, MAX_BODY_BYTES))
    const { decision, records, isErased } = await cache.append(callId, ({ cursor, state }) => {
      if (!cursor) return { refused: 'unknown' } as const
      if (state.wrapUp) return { refused: isSame(state.wrapUp, body, subject) ? 'repeated' : 'done' } as const
      if (selectCallPhase(state) !== 'ended') return { refused: 'live' } as const
      const event = {
        id: 'wrapped-up',
        event_type: 'call.wrapped_up',
        occurred_at: formatTime(now()),
        payload: { ...body, subject },
      } as const
      return { events: [{ event }] }
    })
    if (isErased) throw unknownCallError()
    if ('refused' in decision && decision.refused !== 'repeated') throw refusals[decision.refused]()
    if (records.length > 0) {
      onWrappedUp()
      await audit.write({ what: 'wrapped_up', subject, callId, address })
    }
    return json(200, { data: { result: 'ok' } })
  }
  return { method: 'POST', pattern: '/calls/:call_id/wrap-up', handler }
}

const isSame = (known: WrapUpState, { note, disposition }: WrapUpBody, subject: string) =>
  known.subject === subject && known.note === note && known.disposition === disposition

const refusals = {
  unknown: unknownCallError,
  live: () => gatherError('conflict', 'The call has not ended. Wrap it up after its end.'),
  // A contact centre keeps one wrap-up per call. The first one counts, because it may already be in the host's systems.
  done: () => gatherError('conflict', 'The call is already wrapped up. Its first wrap-up is kept.'),
} as const

function readBody(body: unknown): WrapUpBody {
  const read = wrapUpSchema.safeParse(body)
  if (read.success) return read.data
  const [issue] = read.error.issues
  // The message must not quote the body.
  const problem = issue?.code === 'unrecognized_keys' || issue?.path.length === 0 ? undefined : issue?.message
  throw gatherError('unknownParameter', problem ?? 'The body must have `note` and `disposition`, and nothing else.')
}
