/** The Telnyx API under `/v2`: authorisation, rate limit, API faults and endpoints. */
import type { Exchange } from '../call/exchange.ts'
import type { Courier } from '../delivery/courier.ts'
import type { FaultName, Faults } from '../delivery/faults.ts'
import type { Messages } from '../message/messages.ts'
import { aiEndpoints } from './ai-endpoints.ts'
import { assistantEndpoints } from './assistant-endpoints.ts'
import { findUnsimulated } from './catalogue.ts'
import { commands, isCommand, runCommand } from './commands.ts'
import { conferenceEndpoints } from './conference-endpoints.ts'
import type { Endpoints } from './endpoint.ts'
import { Refusal, refusals, refuse } from './errors.ts'
import {
  type ApiRequest,
  type ApiResponse,
  createRouter,
  decodePathSegment,
  errorResponse,
  type Handler,
  json,
  readJson,
} from './http.ts'
import { dial } from './leg-commands.ts'
import { asTelnyxDelivery, callEvents, webhookDeliveries } from './listings.ts'
import { messageEndpoints } from './message-endpoints.ts'
import { numberEndpoints } from './number-endpoints.ts'
import { queueEndpoints } from './queue-endpoints.ts'
import { recordingEndpoints } from './recording-endpoints.ts'
import { verificationEndpoints } from './verification-endpoints.ts'

interface TelnyxApiOptions {
  exchange: Exchange
  courier: Courier
  faults: Faults
  messages: Messages
  publicKey: string
}

/** Creates all endpoints under `/v2`. */
export function createEndpoints({
  exchange,
  courier,
  messages,
  publicKey,
}: Omit<TelnyxApiOptions, 'faults'>): Endpoints {
  const endpoints: Endpoints = {
    'POST /v2/calls': ({ body }) => {
      const call = dial(exchange, body)
      // Telnyx reports a call it just created as not alive yet.
      return { data: { ...call.status(), is_alive: false }, callId: call.id }
    },
    'GET /v2/calls/:id': ({ id }) => {
      const call = exchange.find(id)
      if (!call) throw refusals.unknownCall()
      return { data: call.status() }
    },
    'GET /v2/call_events': ({ query }) => callEvents(exchange, query),
    'GET /v2/webhook_deliveries': ({ query }) => webhookDeliveries(courier, query),
    'GET /v2/webhook_deliveries/:id': ({ id }) => {
      const delivery = courier.find(id)
      if (!delivery) throw refusals.notFound()
      return { data: asTelnyxDelivery(delivery) }
    },
    ...recordingEndpoints(exchange),
    ...queueEndpoints(exchange),
    ...conferenceEndpoints(exchange),
    'GET /v2/public_key': () => ({ data: { record_type: 'public_key', public: publicKey, public_key: publicKey } }),
    ...messageEndpoints(exchange, messages),
    ...aiEndpoints(exchange),
    ...assistantEndpoints(exchange),
    ...numberEndpoints(exchange),
    ...verificationEndpoints(exchange, messages),
  }
  for (const name of Object.keys(commands).filter(isCommand)) {
    const method = name === 'client_state_update' ? 'PUT' : 'POST'
    endpoints[`${method} /v2/calls/:id/actions/${name}`] = ({ id, body }) => ({
      data: runCommand(exchange, id, name, body),
    })
  }
  return endpoints
}

export function createTelnyxApi({ faults, ...options }: TelnyxApiOptions): Handler {
  const { exchange } = options
  const { clock, settings, chance } = exchange
  const limiter = createLimiter(exchange)
  const find = createRouter(createEndpoints(options))
  let requestCount = 0

  const bodyOf = async (request: ApiRequest): Promise<unknown> => {
    if (request.method === 'GET') return {}
    const body = await readJson(request, settings.api.emptyBody === 'accept' ? {} : undefined)
    if (body !== undefined) return body
    throw refuse(422, '10004', 'The request body is missing. Send {} for a command without parameters.', '')
  }

  return async (request) => {
    const { method, path, query } = request
    requestCount += 1
    const [, , collection, part, actions, action] = path.split('/')
    const isAction = actions === 'actions' && action !== undefined
    const command = isAction
      ? collection === 'conferences'
        ? `conference ${action}`
        : action
      : collection === 'calls' && method === 'POST'
        ? 'dial'
        : `${method} ${path}`
    const id = collection === 'calls' && part !== undefined ? decodePathSegment(part) : null
    const call = id === null ? undefined : exchange.find(id)
    const identity = call ? `${call.id} ${call.nextRequest()}` : `request ${requestCount}`
    const strikes = (name: FaultName) => faults.strikes(name, command, identity)

    let callId = id
    let body: unknown = {}
    let note: string | null = null
    const respond = async (): Promise<ApiResponse> => {
      const latency = strikes('apiLatency')
      if (latency) await clock.sleep(latency.ms)
      if (strikes('apiReset')) {
        note = 'fault apiReset: connection broken, nothing done'
        return { ...json(500, {}), shouldDropConnection: true }
      }
      authorise(request, settings.api.apiKeys)
      if (strikes('apiError')) {
        note = 'fault apiError: nothing done'
        throw refuse(500, '10007', 'Internal server error')
      }
      limiter.count(strikes('apiRateLimit') !== null)
      const found = find(request)
      if (!found) {
        const unsimulated = findUnsimulated(request)
        if (unsimulated !== null)
          exchange.publish({ type: 'notice', call_id: callId, text: `${unsimulated}: exists at Telnyx, not simulated` })
        throw refusals.notFound()
      }
      body = await bodyOf(request)
      const { callId: newCallId, status = 200, ...result } = await found.endpoint({ id: found.id, body, query })
      callId = newCallId ?? callId
      const response = 'response' in result ? result.response : json(status, result)
      if (!strikes('apiAnswerLost')) return response
      note = 'fault apiAnswerLost: command done, response lost'
      return { ...response, shouldDropConnection: true }
    }
    let errors: Refusal['errors'] | null = null
    const response = await respond().catch((error: unknown) => {
      if (!(error instanceof Refusal)) throw error
      errors = error.errors
      return errorResponse(error)
    })
    if (method !== 'GET') {
      const { status } = response
      exchange.publish({ type: 'command', call_id: callId, command, body: asRecord(body), status, errors, note })
    }
    const headers = { ...response.headers, ...limiter.headers(), 'x-request-id': chance.uuid('request', requestCount) }
    return { ...response, headers }
  }
}

function authorise({ authorization = '' }: ApiRequest, keys: readonly string[] | null): void {
  const key = /^Bearer +(.+)$/i.exec(authorization)?.[1]?.trim() ?? ''
  if (key === '' || (keys && !keys.includes(key))) throw refusals.unauthenticated()
}

/** Counts requests for Telnyx's rate limit headers. Refuses only if the setting or a fault says so. */
function createLimiter({ clock, settings }: Exchange) {
  const { rateLimit, rateLimitWindowMs, enforceRateLimit } = settings.api
  let requestCount = 0
  let windowStart = clock.now()
  return {
    headers: () => ({
      'x-ratelimit-limit': String(rateLimit),
      'x-ratelimit-remaining': String(Math.max(0, rateLimit - requestCount)),
      'x-ratelimit-reset': String(Math.max(0, Math.ceil((windowStart + rateLimitWindowMs - clock.now()) / 1000))),
    }),
    count(isForced: boolean) {
      if (clock.now() - windowStart >= rateLimitWindowMs) {
        windowStart = clock.now()
        requestCount = 0
      }
      requestCount += 1
      if (isForced || (enforceRateLimit && requestCount > rateLimit))
        throw refuse(429, '10011', 'You have exceeded the maximum number of allowed requests.')
    },
  }
}

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
