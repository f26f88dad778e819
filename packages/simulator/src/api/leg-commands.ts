/** Commands that create, bridge and end legs. */
import type { Call } from '../call/call.ts'
import type { Exchange } from '../call/exchange.ts'
import type { Route, WebhookMethod } from '../delivery/delivery.ts'
import { type Body, type Command, optionalCall, text } from './command.ts'
import { requiredDetail } from './details.ts'
import { refusals, refuse } from './errors.ts'
import { startMedia } from './media-commands.ts'
import { describeIgnoredParameters } from './parameters.ts'
import { firstInQueue } from './queue-commands.ts'
import { mediaOf, playback } from './sound-commands.ts'
import { validate } from './validate.ts'

/** `POST /v2/calls`. Returns the ringing call; with several numbers, the first one. */
export function dial(exchange: Exchange, input: unknown): Call {
  const body = validate('dial', input, exchange.settings.api)
  const linked = optionalCall(exchange, body.link_to, '/link_to')
  const isBridging = body.bridge_on_answer === true || body.bridge_intent === true
  if (isBridging && !linked)
    throw refuse(422, '10004', 'link_to is required with bridge_on_answer and bridge_intent.', '/link_to')
  const destinations = Array.isArray(body.to) ? body.to.map(String) : [String(body.to)]
  const legs = destinations.map((to) =>
    exchange.placeCall({
      direction: 'outgoing',
      from: body.bridge_intent === true && linked ? linked.identity.from : String(body.from),
      to: splitDigits(to).number,
      connection_id: String(body.connection_id),
      ...(linked ? { call_session_id: linked.identity.call_session_id } : {}),
      client_state: text(body.client_state) ?? null,
      route: routeOf(body),
      ...callLimits(body),
    }),
  )
  for (const leg of legs) {
    leg.whenAnswered(() => {
      for (const other of legs) if (other !== leg) other.end({ type: 'hangup' })
      if (body.bridge_on_answer === true && linked?.phase === 'answered')
        leg.bridgeWith(linked, body.park_after_unbridge === 'self')
      onAnswer(exchange, leg, body)
    })
  }
  const [first] = legs
  if (!first) throw refuse(422, '10004', requiredDetail('to'), '/to')
  const ignored = describeIgnoredParameters('dial', body)
  if (ignored !== null) exchange.publish({ type: 'notice', call_id: first.id, text: ignored })
  return first
}

export const legCommands = {
  answer: {
    needs: 'alive',
    run(call, body, exchange) {
      if (call.direction === 'outgoing')
        throw refusals.invalidCommand('An outgoing call cannot be answered by a command. Wait for call.answered.')
      if (call.phase === 'answered') throw refusals.invalidCommand('This call has already been answered.')
      call.route = { ...call.route, ...routeOf(body) }
      call.connect({ type: 'answer' })
      onAnswer(exchange, call, body)
    },
  },
  reject: {
    needs: 'alive',
    run(call, body) {
      if (call.direction === 'outgoing')
        throw refusals.invalidCommand('An outgoing call cannot be rejected. Send hangup instead.')
      if (call.phase === 'answered')
        throw refusals.invalidCommand('An answered call cannot be rejected. Send hangup instead.')
      call.end({ type: 'reject', cause: body.cause === 'USER_BUSY' ? 'user_busy' : 'call_rejected' })
    },
  },
  hangup: {
    needs: 'alive',
    run: (call) => call.end({ type: 'hangup' }),
  },
  transfer: {
    needs: 'answered',
    run(call, body, exchange) {
      const media = mediaOf(body, 'audio_url', 'media_name')
      if (media) call.playSound(playback(media, Number.POSITIVE_INFINITY, false))
      const target = exchange.transfer(call, {
        from: text(body.from),
        to: splitDigits(String(body.to)).number,
        client_state: text(body.target_leg_client_state) ?? null,
        route: routeOf(body),
        shouldStayAfterUnbridge: body.park_after_unbridge === 'self',
        ...callLimits(body),
      })
      target.whenAnswered(() => {
        if (media) call.stopSound('all')
        onAnswer(exchange, target, body)
      })
    },
  },
  bridge: {
    needs: 'answered',
    run(call, body, exchange) {
      const isQueue = text(body.queue) !== undefined
      if (isQueue && body.call_control_id !== undefined)
        throw refuse(422, '10015', 'call_control_id and queue cannot be used together.', '/queue')
      if (!isQueue && body.call_control_id === undefined)
        throw refuse(422, '10004', requiredDetail('call_control_id'), '/call_control_id')
      // The SDK calls this parameter `call_control_id_to_bridge_with`.
      const other = isQueue
        ? firstInQueue(exchange, body.queue)
        : optionalCall(exchange, body.call_control_id, '/call_control_id')
      if (!other || other === call)
        throw refuse(422, '90015', 'call_control_id must identify another call.', '/call_control_id')
      if (other.phase !== 'answered') throw refusals.unanswered()
      for (const leg of [other, call]) exchange.queues.remove(leg, 'bridged')
      call.bridgeWith(other, body.park_after_unbridge === 'self')
      startMedia(call, body, 'StartCallRecordingAPI')
    },
  },
} satisfies Record<string, Command>

/** Applies the options of `answer`, `dial` and `transfer` that take effect after the answer. */
function onAnswer({ assistants }: Exchange, call: Call, body: Body): void {
  startMedia(call, body, call.direction === 'outgoing' ? 'OutboundAPI' : 'StartCallRecordingAPI')
  // The explicit parameter takes precedence over the digits in `to`.
  const digits = text(body.send_digits_on_answer) ?? splitDigits(text(body.to) ?? '').digits
  if (digits !== undefined) call.sendDtmf(digits)
  const { assistant } = body
  if (typeof assistant === 'object' && assistant !== null)
    call.conversations.start('assistant', assistants.configure({ assistant }))
}

/** Splits a number such as `+15550123,200` into the number to ring and the keys to play on answer. */
function splitDigits(to: string): { number: string; digits: string | undefined } {
  const [number = to, digits] = to.startsWith('+') ? to.split(',') : [to]
  return { number, digits }
}

/** Returns the webhook URLs, methods and retries that a command body sets. */
function routeOf(body: Body): Partial<Route> {
  const { webhook_url, webhook_url_method, webhook_urls, webhook_urls_method, webhook_retries_policies } =
    body as WebhookFields
  const route: Partial<Route> = {}
  // A leg with its own webhook URL uses Telnyx's default method, not the method of the leg that created it.
  if (webhook_url !== undefined) Object.assign(route, { url: webhook_url, method: 'POST' })
  if (webhook_url_method !== undefined) route.method = webhook_url_method
  if (webhook_urls !== undefined)
    Object.assign(route, { byType: mapValues(webhook_urls, (urls) => [urls].flat()), byTypeMethod: 'POST' })
  if (webhook_urls_method !== undefined) route.byTypeMethod = webhook_urls_method
  if (webhook_retries_policies !== undefined)
    route.retries = mapValues(webhook_retries_policies, ({ retries_ms = [] }, type) => {
      if (retries_ms.reduce((sum, wait) => sum + wait, 0) <= 60_000) return retries_ms
      const pointer = `/webhook_retries_policies/${type}/retries_ms`
      throw refuse(422, '10033', 'retries_ms must not sum up to more than 60000.', pointer)
    })
  return route
}

/** The webhook fields of a command body, already validated by its schema. */
interface WebhookFields {
  webhook_url?: string
  webhook_url_method?: WebhookMethod
  webhook_urls?: Record<string, string | string[]>
  webhook_urls_method?: WebhookMethod
  webhook_retries_policies?: Record<string, { retries_ms?: number[] }>
}

const mapValues = <From, To>(values: Record<string, From>, change: (value: From, key: string) => To) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value, key)]))

function callLimits({ timeout_secs, time_limit_secs, answering_machine_detection }: Body) {
  const detection = text(answering_machine_detection)
  return {
    ringMs: Number(timeout_secs) * 1000,
    timeLimitMs: Number(time_limit_secs) * 1000,
    ...(detection === undefined || detection === 'disabled' ? {} : { detection }),
  }
}
