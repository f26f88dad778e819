/** `POST /v2/messages` and `GET /v2/messages/{id}`. Content errors have Telnyx's messaging codes and status 400. */
import type { Exchange } from '../call/exchange.ts'
import { isGsm7 } from '../message/encoding.ts'
import { asTelnyxMessage } from '../message/message.ts'
import type { Messages } from '../message/messages.ts'
import { text } from './command.ts'
import type { Endpoints } from './endpoint.ts'
import { refusals, refuse } from './errors.ts'
import { messageSchema } from './schemas.ts'
import { createValidator } from './validate.ts'

/** The sender of messages that name only a messaging profile, whose number pool has this number. */
const POOL_NUMBER = '+15550199'
const PHONE_NUMBER = /^\+[1-9]\d{1,14}$/
const SHORT_CODE = /^\d{3,8}$/
/** An alphanumeric sender id: up to 11 letters, digits and spaces, with a letter. */
const SENDER_ID = /^(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}$/

const validateMessage = createValidator(messageSchema)

export function messageEndpoints(exchange: Exchange, messages: Messages): Endpoints {
  return {
    'POST /v2/messages': ({ body }) => ({ data: asTelnyxMessage(send(exchange, messages, body)) }),
    'GET /v2/messages/:id': ({ id }) => {
      const message = messages.find(id)
      if (!message) throw refusals.notFound()
      return { data: asTelnyxMessage(message) }
    },
  }
}

function send({ settings, clock }: Exchange, messages: Messages, input: unknown) {
  const body = validateMessage(input, settings.api.undocumentedValues)
  const profileId = text(body.messaging_profile_id) ?? null
  const to = String(body.to)
  const from = text(body.from) ?? (profileId === null ? '' : POOL_NUMBER)
  const content = text(body.text) ?? ''
  const media_urls = Array.isArray(body.media_urls) ? body.media_urls.map(String) : []
  if (!PHONE_NUMBER.test(to) && !SHORT_CODE.test(to))
    throw refuse(400, '40310', "The 'to' address should be a single valid number.", '/to')
  if (!isSender(from, profileId !== null))
    throw refuse(
      400,
      '40305',
      "The 'from' address should be a phone number, a short code, or an alphanumeric sender ID with a messaging_profile_id.",
      '/from',
    )
  if (from === to) throw refuse(400, '40310', `Source and destination cannot be the same number: ${to}`, '/to')
  if (content === '' && media_urls.length === 0)
    throw refuse(400, '40316', 'The message has no content. Send text, media_urls or both.', '/text')
  if (body.encoding === 'gsm7' && !isGsm7(content))
    throw refuse(400, '10015', 'The text has characters that GSM-7 cannot encode. Use encoding auto.', '/encoding')
  return messages.send({
    from,
    to,
    text: content,
    media_urls,
    subject: text(body.subject),
    messaging_profile_id: profileId,
    webhook_url: text(body.webhook_url),
    webhook_failover_url: text(body.webhook_failover_url),
    isUcs2: body.encoding === 'ucs2' ? true : undefined,
    sendAt: typeof body.send_at === 'string' ? Date.parse(body.send_at) : clock.now(),
  })
}

const isSender = (from: string, hasProfile: boolean) =>
  PHONE_NUMBER.test(from) || SHORT_CODE.test(from) || (hasProfile && SENDER_ID.test(from))
