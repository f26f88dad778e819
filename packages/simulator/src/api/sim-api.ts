/**
 * The caller's side, and the simulator's own controls, under `/_sim`: what the phone page, the event page, and tests in
 * any language use. Errors have Telnyx's shape here too, so that one client can read both.
 */
import type { Call } from '../call/call.ts'
import type { Exchange } from '../call/exchange.ts'
import type { VirtualClock } from '../clock/clock.ts'
import type { Courier } from '../delivery/courier.ts'
import { type Faults, type FaultsInput, faultNames } from '../delivery/faults.ts'
import { refusals, refuse } from './errors.ts'
import { type ApiRequest, type ApiResponse, decodePart, json, readJson } from './message.ts'

export interface SimApiOptions {
  exchange: Exchange
  courier: Courier
  faults: Faults
  /** `null` with the clock on the wall. */
  virtualClock: VirtualClock | null
  about(): Record<string, unknown>
}

/** Longest text a caller may say at once. */
const LONGEST_SAYING = 2000
/** Entries of the log that are given when no number is asked for. */
const USUAL_LOG = 2000
const KEYS = /^[0-9*#]{1,128}$/

export function createSimApi({
  exchange,
  courier,
  faults,
  virtualClock,
  about,
}: SimApiOptions): (request: ApiRequest) => Promise<ApiResponse> {
  const callBy = (id: string): Call => {
    const call = exchange.findByAnyId(decodePart(id))
    if (!call) throw refuse(404, '10005', 'No call has this id. Give its call_control_id or call_leg_id.')
    return call
  }
  const setFaults = (input: unknown): ApiResponse => {
    try {
      faults.set(record(input) as FaultsInput)
    } catch (error) {
      if (error instanceof TypeError) throw refuse(422, '10015', error.message)
      throw error
    }
    exchange.tell({ type: 'faults', faults: faults.get() })
    return json(200, { data: faults.get() })
  }

  /** By `METHOD /path`, the parts after `/_sim`; `:id` is any part. */
  const routes: Record<string, (id: string, request: ApiRequest) => ApiResponse | Promise<ApiResponse>> = {
    'GET /': () => json(200, { data: about() }),
    'GET /calls': () =>
      json(200, {
        data: exchange
          .calls()
          .map((call) => call.view())
          .reverse(),
      }),
    'POST /calls': async (_, request) => {
      const { from, to } = record(await readJson(request, {}))
      const call = exchange.createCall({
        direction: 'incoming',
        from: number(from, 'from', '+15550100'),
        to: number(to, 'to', '+15550199'),
      })
      return json(201, { data: call.view() })
    },
    'GET /calls/:id': (id) => json(200, { data: callBy(id).view() }),
    'POST /calls/:id/press': async (id, request) => {
      const { digits, everyMs } = record(await readJson(request, {}))
      if (typeof digits !== 'string' || !KEYS.test(digits))
        throw refuse(422, '10015', 'digits must be 1 to 128 keys out of 0-9, * and #.', '/digits')
      if (everyMs !== undefined && (typeof everyMs !== 'number' || !(everyMs >= 0 && everyMs <= 60_000)))
        throw refuse(422, '10033', 'everyMs must be milliseconds between 0 and 60000.', '/everyMs')
      const call = answered(callBy(id), 'press')
      pressAll(exchange, call, digits, everyMs ?? 0)
      return json(200, { data: call.view() })
    },
    'POST /calls/:id/say': async (id, request) => {
      const { text } = record(await readJson(request, {}))
      if (typeof text !== 'string' || text.trim() === '' || text.length > LONGEST_SAYING)
        throw refuse(422, '10025', `text must have between 1 and ${LONGEST_SAYING} characters.`, '/text')
      const call = answered(callBy(id), 'say')
      call.speak(text.trim())
      return json(200, { data: call.view() })
    },
    'POST /calls/:id/hangup': (id) => {
      const call = callBy(id)
      call.end({ type: 'hung-up' })
      return json(200, { data: call.view() })
    },
    'POST /calls/:id/answer': (id) => {
      const call = ringingOut(callBy(id))
      call.connect({ type: 'picked-up' })
      return json(200, { data: call.view() })
    },
    'POST /calls/:id/decline': async (id, request) => {
      const { busy } = record(await readJson(request, {}))
      const call = ringingOut(callBy(id))
      call.end({ type: 'reject', cause: busy === true ? 'user_busy' : 'call_rejected' })
      return json(200, { data: call.view() })
    },
    'GET /log': (_, { query }) => {
      const until = whole(query.get('until'), 'until') ?? exchange.logged
      const limit = whole(query.get('limit'), 'limit') ?? USUAL_LOG
      const list = exchange.logUntil(until, Math.min(limit, exchange.settings.delivery.historySize))
      return json(200, { data: list, meta: { logged: exchange.logged } })
    },
    'GET /deliveries': (_, { query }) => {
      const call = query.get('call')
      const status = query.get('status')
      const rows = courier
        .deliveries()
        .filter((row) => (call === null || row.call_control_id === call) && (status === null || row.status === status))
      return json(200, { data: rows.reverse() })
    },
    'GET /deliveries/:id': (id) => {
      const delivery = courier.find(id)
      if (!delivery) throw refusals.notFound()
      return json(200, { data: delivery })
    },
    'POST /deliveries/:id/resend': (id) => {
      const delivery = courier.resend(id)
      if (!delivery) throw refusals.notFound()
      return json(202, { data: delivery })
    },
    'GET /faults': () => json(200, { data: faults.get(), meta: { known: faultNames } }),
    'PUT /faults': async (_, request) => setFaults(await readJson(request, {})),
    'PATCH /faults': async (_, request) => setFaults({ ...faults.get(), ...record(await readJson(request, {})) }),
    'DELETE /faults': () => setFaults({}),
    'GET /settings': () => json(200, { data: exchange.settings }),
    'GET /clock': () => json(200, { data: clockView() }),
    'POST /clock/advance': async (_, request) => {
      if (!virtualClock)
        throw refuse(
          409,
          '10015',
          'The clock is the one on the wall. Start the simulator with --virtual-clock to move it.',
        )
      const { ms } = record(await readJson(request, {}))
      if (typeof ms !== 'number' || !(ms >= 0 && ms <= 31_536_000_000))
        throw refuse(422, '10033', 'ms must be milliseconds between 0 and 31536000000 (a year).', '/ms')
      await virtualClock.advance(ms)
      return json(200, { data: clockView() })
    },
  }
  const clockView = () => ({
    kind: virtualClock ? 'virtual' : 'real',
    now: new Date(exchange.clock.now()).toISOString(),
    ...(virtualClock ? { pending: virtualClock.pending } : {}),
  })

  return async (request) => {
    const [, , first = '', second, third, more] = request.path.split('/')
    const [pattern, id] =
      second === undefined
        ? [`/${first}`, '']
        : first === 'clock'
          ? [`/clock/${second}`, '']
          : [`/${first}/:id${third === undefined ? '' : `/${third}`}`, second]
    const route = more === undefined ? routes[`${request.method} ${pattern}`] : undefined
    if (!route)
      throw refuse(
        404,
        '10005',
        `There is no ${request.method} ${request.path} here. The README lists what there is under /_sim.`,
      )
    return route(id, request)
  }
}

/** Keys pressed one after the other; the first at once. */
export function pressAll({ clock }: Exchange, call: Call, digits: string, everyMs: number): void {
  ;[...digits].forEach((digit, index) => {
    if (everyMs === 0 || index === 0) call.press(digit)
    else clock.schedule(clock.now() + index * everyMs, () => call.press(digit))
  })
}

function answered(call: Call, what: string): Call {
  if (call.phase === 'ended') throw refuse(409, '90018', 'This call is over.')
  if (call.phase !== 'answered')
    throw refuse(409, '90034', `Nobody has answered this call yet, so nobody hears what you ${what}.`)
  return call
}

function ringingOut(call: Call): Call {
  if (call.phase !== 'bridging')
    throw refuse(409, '90102', 'Only a call that rings at the telephone can be answered or declined there.')
  return call
}

function number(value: unknown, name: string, usual: string): string {
  if (value === undefined || value === '') return usual
  if (typeof value !== 'string' || value.length > 256)
    throw refuse(422, '10026', `${name} must be a telephone number or a SIP URI.`, `/${name}`)
  return value
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse(422, '10026', 'The request body must be a JSON object.', '')
  return { ...value }
}

function whole(value: string | null, name: string): number | undefined {
  if (value === null) return undefined
  if (!/^\d{1,15}$/.test(value)) throw refuse(422, '10026', `${name} must be a whole number.`)
  return Number(value)
}
