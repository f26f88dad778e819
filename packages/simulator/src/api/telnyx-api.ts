/**
 * The Telnyx API under `/v2`: who may ask, how often, what there is, and Telnyx's answer to everything else.
 */

import type { Exchange } from '../call/exchange.ts'
import type { Courier } from '../delivery/courier.ts'
import type { Delivery } from '../delivery/delivery.ts'
import type { Faults } from '../delivery/faults.ts'
import { dial, isCommand, runCommand } from './commands.ts'
import { Refusal, refusals, refuse } from './errors.ts'
import { type ApiRequest, type ApiResponse, decodePart, json, readJson } from './message.ts'
import { type Page, pageOf } from './paging.ts'

export interface TelnyxApiOptions {
  exchange: Exchange
  courier: Courier
  faults: Faults
  publicKey: string
}

/** What a request turned out to be, for the log and for faults that strike after it is done. */
interface Handled {
  callId: string | null
  command: string
  body: Record<string, unknown>
  response: ApiResponse
  note: string | null
}

export function createTelnyxApi({
  exchange,
  courier,
  faults,
  publicKey,
}: TelnyxApiOptions): (request: ApiRequest) => Promise<ApiResponse> {
  const limiter = createLimiter(exchange)
  let requests = 0

  const route = async (request: ApiRequest): Promise<Omit<Handled, 'note'>> => {
    const [, , collection, id, actions, name, more] = request.path.split('/')
    const { method } = request
    const { emptyBody } = exchange.settings.api
    const other = (command: string, response: ApiResponse) => ({ callId: null, command, body: {}, response })
    if (
      collection === 'calls' &&
      id !== undefined &&
      actions === 'actions' &&
      name !== undefined &&
      more === undefined &&
      isCommand(name)
    ) {
      if (method !== (name === 'client_state_update' ? 'PUT' : 'POST')) throw refusals.notFound()
      const callId = decodePart(id)
      const body = await readJson(request, emptyBody === 'accept' ? {} : undefined)
      if (body === undefined)
        throw refuse(422, '10004', 'A request body is required; send {} when there is nothing to say.', '')
      try {
        return {
          callId,
          command: name,
          body: asRecord(body),
          response: json(200, { data: runCommand(exchange, callId, name, body) }),
        }
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        return { callId, command: name, body: asRecord(body), response: errorResponse(error) }
      }
    }
    if (collection === 'calls' && id === undefined && method === 'POST') {
      const body = await readJson(request, {})
      const call = dial(exchange, body)
      return { callId: call.id, command: 'dial', body: asRecord(body), response: json(200, { data: call.status() }) }
    }
    if (collection === 'calls' && id !== undefined && actions === undefined && method === 'GET') {
      const call = exchange.find(decodePart(id))
      if (!call) throw refusals.unknownCall()
      return other('retrieve', json(200, { data: call.status() }))
    }
    if (collection === 'call_events' && id === undefined && method === 'GET')
      return other('call_events', json(200, callEvents(exchange, request.query)))
    if (collection === 'webhook_deliveries' && method === 'GET' && actions === undefined) {
      if (id === undefined) return other('webhook_deliveries', json(200, deliveries(courier, request.query)))
      const delivery = courier.find(decodePart(id))
      if (!delivery) throw refusals.notFound()
      return other('webhook_deliveries', json(200, { data: asTelnyxDelivery(delivery) }))
    }
    if (collection === 'public_key' && id === undefined && method === 'GET')
      return other(
        'public_key',
        json(200, { data: { record_type: 'public_key', public: publicKey, public_key: publicKey } }),
      )
    throw refusals.notFound()
  }

  const handle = async (request: ApiRequest): Promise<Handled> => {
    requests += 1
    const [, , collection, callId, , name] = request.path.split('/')
    const command =
      name ?? (collection === 'calls' && request.method === 'POST' ? 'dial' : `${request.method} ${request.path}`)
    const call = callId === undefined ? undefined : exchange.find(decodePart(callId))
    const identity = call ? `${call.id} ${call.nextRequest()}` : `request ${requests}`
    const blank = { callId: call?.id ?? null, command, body: {} }
    const latency = faults.strikes('apiLatency', command, identity)
    if (latency) await exchange.clock.sleep(latency.ms)
    const reset = faults.strikes('apiReset', command, identity)
    if (reset)
      return {
        ...blank,
        response: { ...json(500, {}), hangUp: true },
        note: 'fault apiReset: connection broken, nothing done',
      }
    try {
      authorise(request, exchange.settings.api.apiKeys)
      const broken = faults.strikes('apiError', command, identity)
      if (broken) {
        const refusal = refuse(500, '10007', 'Internal server error')
        return { ...blank, response: errorResponse(refusal), note: 'fault apiError: nothing done' }
      }
      limiter.count(faults.strikes('apiRateLimit', command, identity) !== null)
      const handled = await route(request)
      if (!faults.strikes('apiAnswerLost', command, identity)) return { ...handled, note: null }
      return {
        ...handled,
        response: { ...handled.response, hangUp: true },
        note: 'fault apiAnswerLost: done, but the answer is lost',
      }
    } catch (error) {
      if (error instanceof Refusal) return { ...blank, response: errorResponse(error), note: null }
      throw error
    }
  }

  return async (request) => {
    const { response, callId, command, body, note } = await handle(request)
    const { headers, status } = response
    if (request.method !== 'GET')
      exchange.tell({ type: 'command', call_id: callId, command, body, status, errors: errorsOf(response), note })
    return {
      ...response,
      headers: { ...headers, ...limiter.headers(), 'x-request-id': exchange.chance.uuid('request', requests) },
    }
  }
}

function authorise({ headers }: ApiRequest, keys: readonly string[] | null): void {
  const [, key = ''] = /^Bearer +(.+)$/i.exec(headers.authorization ?? '') ?? []
  if (key.trim() === '' || (keys && !keys.includes(key.trim()))) throw refusals.unauthenticated()
}

/** Telnyx's three headers, in seconds, counted for real; refusing is up to the setting and the fault. */
function createLimiter(exchange: Exchange) {
  let used = 0
  let opened = exchange.clock.now()
  const { rateLimit, rateLimitWindowMs, enforceRateLimit } = exchange.settings.api
  const roll = () => {
    if (exchange.clock.now() - opened < rateLimitWindowMs) return
    opened = exchange.clock.now()
    used = 0
  }
  const headers = () => ({
    'x-ratelimit-limit': String(rateLimit),
    'x-ratelimit-remaining': String(Math.max(0, rateLimit - used)),
    'x-ratelimit-reset': String(Math.max(0, Math.ceil((opened + rateLimitWindowMs - exchange.clock.now()) / 1000))),
  })
  return {
    headers,
    count(forced: boolean) {
      roll()
      used += 1
      if (forced || (enforceRateLimit && used > rateLimit))
        throw refuse(429, '10011', 'You have exceeded the maximum number of allowed requests.')
    },
  }
}

export const errorResponse = ({ status, errors, headers }: Refusal): ApiResponse =>
  json(status, { errors }, { ...headers })

const errorsOf = ({ status, body }: ApiResponse) =>
  status >= 400 && typeof body === 'string' ? (JSON.parse(body).errors ?? null) : null

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}

const DAY_MS = 86_400_000

const comparisons: Readonly<Record<string, (moment: number, bound: number) => boolean>> = {
  eq: (moment, bound) => moment === bound,
  gt: (moment, bound) => moment > bound,
  gte: (moment, bound) => moment >= bound,
  lt: (moment, bound) => moment < bound,
  lte: (moment, bound) => moment <= bound,
}

/** The filter `filter[FIELD][gte]` and its like, over a time. */
function within(query: URLSearchParams, field: string): (time: string | null) => boolean {
  const bounds = Object.entries(comparisons).flatMap(([name, holds]) => {
    const text = query.get(`filter[${field}][${name}]`)
    return text === null ? [] : [{ holds, bound: Date.parse(text) }]
  })
  return (time) => bounds.every(({ holds, bound }) => time !== null && holds(Date.parse(time), bound))
}

function callEvents(exchange: Exchange, query: URLSearchParams): Page<unknown> {
  const leg = query.get('filter[leg_id]')
  const session = query.get('filter[application_session_id]')
  const type = query.get('filter[type]')
  const name = query.get('filter[name]')
  const isInTime = within(query, 'occurred_at')
  // Without a leg or a session, only the last day is listed.
  const oldest = leg === null && session === null ? exchange.clock.now() - DAY_MS : Number.NEGATIVE_INFINITY
  const rows = exchange
    .callEvents()
    .filter(
      (row) =>
        (leg === null || row.call_leg_id === leg) &&
        (session === null || row.call_session_id === session) &&
        (type === null || row.type === type) &&
        (name === null || row.name === name) &&
        Date.parse(row.event_timestamp) >= oldest &&
        isInTime(row.event_timestamp),
    )
  return pageOf(rows, query)
}

function deliveries(courier: Courier, query: URLSearchParams): Page<unknown> {
  const status = query.get('filter[status][eq]')
  const type = query.get('filter[event_type]')
  const contains = query.get('filter[webhook][contains]')
  const isStarted = within(query, 'started_at')
  const isFinished = within(query, 'finished_at')
  const rows = courier
    .deliveries()
    // Telnyx lists what is over; it has no word for a delivery that is still being tried.
    .filter((delivery) => delivery.status !== 'pending')
    .filter(
      (delivery) =>
        (status === null || delivery.status === status) &&
        (type === null || type.split(',').includes(delivery.event.event_type)),
    )
    .filter(({ started_at, finished_at }) => isStarted(started_at) && isFinished(finished_at))
    .filter((delivery) => contains === null || JSON.stringify(delivery.event).includes(contains))
    .reverse()
  return pageOf(rows, query, asTelnyxDelivery)
}

const asTelnyxDelivery = ({ id, status, started_at, finished_at, event, attempts }: Delivery) => ({
  id,
  user_id: '00000000-0000-4000-8000-000000000000',
  record_type: 'webhook_delivery',
  status,
  webhook: event,
  started_at,
  finished_at,
  attempts: attempts
    .filter((attempt) => attempt.status !== 'pending')
    .map((attempt) => ({
      status: attempt.status,
      started_at: attempt.started_at,
      finished_at: attempt.finished_at,
      http: {
        request: { url: attempt.url, headers: Object.entries(attempt.request.headers) },
        ...(attempt.response
          ? {
              response: {
                status: attempt.response.status,
                headers: Object.entries(attempt.response.headers),
                body: attempt.response.body,
              },
            }
          : {}),
      },
      // Numbers without a published key; any number says that no answer came.
      errors: attempt.status === 'failed' && !attempt.response ? [75] : [],
    })),
})
