/**
 * The API under `/_sim`: caller actions and simulator controls, for the phone and events pages and for tests in any
 * language. Errors have Telnyx's format.
 */
import { z } from 'zod'
import type { Call } from '../call/call.ts'
import type { Exchange } from '../call/exchange.ts'
import type { VirtualClock } from '../clock/clock.ts'
import type { Courier } from '../delivery/courier.ts'
import { type Faults, type FaultsInput, faultNames, faultsSchema } from '../delivery/faults.ts'
import type { Messages } from '../message/messages.ts'
import { Refusal, refusals, refuse, telnyxError } from './errors.ts'
import { type ApiRequest, type ApiResponse, createRouter, type Handler, json, readJson } from './http.ts'

interface SimApiOptions {
  exchange: Exchange
  courier: Courier
  faults: Faults
  messages: Messages
  /** The virtual clock, or `null` when the simulator runs on the real clock. */
  virtualClock: VirtualClock | null
  about(): Record<string, unknown>
}

const DEFAULT_LOG_LIMIT = 2000

const milliseconds = (max: number) => z.number().min(0).max(max)
const phoneNumber = (defaultNumber: string) =>
  z
    .string()
    .max(256)
    .default('')
    .transform((number) => number || defaultNumber)

const DEFAULT_CALLER = '+15550100'
const DEFAULT_APPLICATION = '+15550199'

const dialBody = z.object({ from: phoneNumber(DEFAULT_CALLER), to: phoneNumber(DEFAULT_APPLICATION) })
const pressBody = z.object({
  digits: z.string().regex(/^[0-9*#]{1,128}$/, 'must be 1 to 128 keys from 0-9, * and #'),
  everyMs: milliseconds(60_000).default(0),
})
const sayBody = z.object({ text: z.string().trim().min(1).max(2000) })
const messageBody = z
  .object({
    from: phoneNumber(DEFAULT_CALLER),
    to: phoneNumber(DEFAULT_APPLICATION),
    text: z.string().max(2000).default(''),
    media_urls: z.array(z.url()).max(10).default([]),
  })
  .refine(({ text, media_urls }) => text !== '' || media_urls.length > 0, 'needs text or media_urls')
const declineBody = z.object({ busy: z.unknown().optional() })
const advanceBody = z.object({ ms: milliseconds(31_536_000_000) })
const logQuery = z.object({
  until: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(0).optional(),
})

export function createSimApi({ exchange, courier, faults, messages, virtualClock, about }: SimApiOptions): Handler {
  const { clock, settings, log } = exchange
  const requireCall = (id: string): Call => {
    const call = exchange.findByAnyId(id)
    if (!call) throw refuse(404, '10005', 'No call has this id. Use the call_control_id or call_leg_id of a call.')
    return call
  }
  const callResponse = (call: Call, status = 200) => json(status, { data: call.view() })
  const setFaults = (input: FaultsInput): ApiResponse => {
    faults.set(input)
    exchange.publish({ type: 'faults', faults: faults.get() })
    return json(200, { data: faults.get() })
  }
  const clockView = () => ({
    kind: virtualClock ? 'virtual' : 'real',
    now: new Date(clock.now()).toISOString(),
    ...(virtualClock ? { pending: virtualClock.pending } : {}),
  })

  const find = createRouter<(id: string, request: ApiRequest) => ApiResponse | Promise<ApiResponse>>({
    'GET /_sim/?': () => json(200, { data: about() }),
    'GET /_sim/calls': () =>
      json(200, {
        data: exchange
          .calls()
          .map((call) => call.view())
          .reverse(),
      }),
    'POST /_sim/calls': async (_, request) =>
      callResponse(exchange.placeCall({ direction: 'incoming', ...(await bodyOf(request, dialBody)) }), 201),
    'GET /_sim/calls/:id': (id) => callResponse(requireCall(id)),
    'POST /_sim/calls/:id/press': async (id, request) => {
      const { digits, everyMs } = await bodyOf(request, pressBody)
      const call = requireAnswered(requireCall(id), 'press')
      // Press the first key immediately, even on a virtual clock.
      for (const [index, digit] of [...digits].entries())
        if (everyMs * index === 0) call.press(digit)
        else clock.schedule(clock.now() + index * everyMs, () => call.press(digit))
      return callResponse(call)
    },
    'POST /_sim/calls/:id/say': async (id, request) => {
      const { text } = await bodyOf(request, sayBody)
      const call = requireAnswered(requireCall(id), 'say')
      call.say(text)
      return callResponse(call)
    },
    'POST /_sim/calls/:id/hangup': (id) => {
      const call = requireCall(id)
      call.end({ type: 'hung-up' })
      return callResponse(call)
    },
    'POST /_sim/calls/:id/answer': (id) => {
      const call = requireRinging(requireCall(id))
      call.connect({ type: 'picked-up' })
      return callResponse(call)
    },
    'POST /_sim/calls/:id/decline': async (id, request) => {
      const { busy } = await bodyOf(request, declineBody)
      const call = requireRinging(requireCall(id))
      call.end({ type: 'reject', cause: busy === true ? 'user_busy' : 'call_rejected' })
      return callResponse(call)
    },
    'GET /_sim/messages': (_, { query }) => json(200, { data: messages.list(query.get('number') ?? undefined) }),
    'POST /_sim/messages': async (_, request) =>
      json(201, { data: messages.receive(await bodyOf(request, messageBody)) }),
    'GET /_sim/log': (_, { query }) => {
      const { until, limit = DEFAULT_LOG_LIMIT } = parse(logQuery, Object.fromEntries(query))
      const list = log.list(until, Math.min(limit, settings.delivery.historySize))
      return json(200, { data: list, meta: { logged: log.count } })
    },
    'GET /_sim/deliveries': (_, { query }) => {
      const call = query.get('call')
      const status = query.get('status')
      const rows = courier
        .deliveries()
        .filter((row) => (call === null || row.call_control_id === call) && (status === null || row.status === status))
      return json(200, { data: rows.reverse() })
    },
    'GET /_sim/deliveries/:id': (id) => {
      const delivery = courier.find(id)
      if (!delivery) throw refusals.notFound()
      return json(200, { data: delivery })
    },
    'POST /_sim/deliveries/:id/resend': (id) => {
      const delivery = courier.resend(id)
      if (!delivery) throw refusals.notFound()
      return json(202, { data: delivery })
    },
    'GET /_sim/recordings/:id': (fileName) => {
      const body = exchange.recordings.audioOf(fileName)
      if (!body) throw refusals.notFound()
      return { status: 200, headers: { 'content-type': 'audio/wav' }, body }
    },
    'GET /_sim/faults': () => json(200, { data: faults.get(), meta: { known: faultNames } }),
    'PUT /_sim/faults': async (_, request) => setFaults(await bodyOf(request, faultsSchema)),
    'PATCH /_sim/faults': async (_, request) =>
      setFaults({ ...faults.get(), ...(await bodyOf(request, faultsSchema)) }),
    'DELETE /_sim/faults': () => setFaults({}),
    'GET /_sim/settings': () => json(200, { data: settings }),
    'GET /_sim/clock': () => json(200, { data: clockView() }),
    'POST /_sim/clock/advance': async (_, request) => {
      if (!virtualClock)
        throw refuse(409, '10015', 'The real clock cannot be advanced. Start the simulator with --virtual-clock.')
      await virtualClock.advance((await bodyOf(request, advanceBody)).ms)
      return json(200, { data: clockView() })
    },
  })

  return async (request) => {
    const found = find(request)
    if (found) return found.endpoint(found.id, request)
    throw refuse(404, '10005', 'This endpoint does not exist. See the README for the endpoints under /_sim.')
  }
}

const bodyOf = async <Output>(request: ApiRequest, schema: z.ZodType<Output>): Promise<Output> =>
  parse(schema, await readJson(request, {}))

function parse<Output>(schema: z.ZodType<Output>, value: unknown): Output {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new Refusal(
    422,
    result.error.issues.map(({ path, message }) =>
      telnyxError('10015', `${path.join('.') || 'The request body'}: ${message}.`, `/${path.join('/')}`),
    ),
  )
}

function requireAnswered(call: Call, action: string): Call {
  if (call.phase === 'ended') throw refuse(409, '90018', 'This call has ended. Dial a new call.')
  if (call.phase !== 'answered')
    throw refuse(409, '90034', `You can't ${action} before the call is answered. Wait for call.answered.`)
  return call
}

function requireRinging(call: Call): Call {
  if (call.phase !== 'bridging')
    throw refuse(409, '90102', 'Only a ringing outgoing call can be answered or declined by the phone.')
  return call
}
