/** Carries out what a model calls: the deeds behind `ai/tools.ts`. */

import { refusalOfTarget } from '../delivery/target.ts'
import type { ToolAnswer, ToolRequest, ToolUse } from '../machine/model.ts'
import type { Call } from './call.ts'
import type { Exchange } from './exchange.ts'
import { transfer } from './transfer.ts'

/** How much of a tool's answer a model is given. */
const MOST_ANSWER_BYTES = 64 * 1024

/** Does it. Never rejects: what went wrong is told to the model, as the platform does. */
export async function useTool(exchange: Exchange, call: Call, use: ToolUse): Promise<ToolAnswer> {
  switch (use.type) {
    case 'webhook':
      return callWebhook(exchange, call, use.request)
    case 'transfer':
      return transferTo(exchange, call, use.to, use.from)
    case 'send_dtmf':
      call.sendDtmf(use.digits)
      return { content: 'The keys have been pressed.', ok: true, summary: 'pressed' }
    case 'hangup':
      call.end({ type: 'hangup' })
      return { content: 'The call is over.', ok: true, summary: 'hung up' }
    case 'refused':
      return failed(use.why)
  }
}

async function callWebhook(exchange: Exchange, call: Call, request: ToolRequest): Promise<ToolAnswer> {
  const { settings, transport, clock } = exchange
  const refusal = refusalOfTarget(request.url, settings.delivery.allowRemote)
  if (refusal) return failed(refusal)
  const sent = transport.send({
    method: request.method,
    url: request.url,
    headers: {
      ...(request.body === null ? {} : { 'content-type': 'application/json' }),
      ...request.headers,
      'x-telnyx-call-control-id': call.id,
    },
    body: request.body === null ? null : Buffer.from(JSON.stringify(request.body)),
    timeoutMs: request.timeoutMs ?? settings.ai.toolTimeoutMs,
    slowMs: 0,
    keepBytes: MOST_ANSWER_BYTES,
  })
  clock.hold(sent)
  const { status, body, error } = await sent
  if (status === null)
    return request.async
      ? { content: 'Submitted', ok: true, summary: 'submitted' }
      : failed(`It gave no answer: ${error}.`)
  const ok = status >= 200 && status < 300
  return { content: ok ? body : `It answered ${status}: ${body}`, ok, summary: String(status) }
}

/** The model waits until somebody answers; when nobody does, it goes on with the caller. */
function transferTo(exchange: Exchange, call: Call, to: string, from: string | undefined): Promise<ToolAnswer> {
  return new Promise((resolve) => {
    const leg = transfer(exchange, call, { to, from })
    leg.whenAnswered(() => {
      // The caller talks to somebody else now.
      call.conversations.feed({ type: 'stop' })
      resolve({ content: 'The caller has been transferred.', ok: true, summary: 'answered' })
    })
    leg.whenEnded(() => resolve(failed('Nobody answered there; the caller is still with you.')))
  })
}

const failed = (why: string): ToolAnswer => ({ content: `That did not work. ${why}`, ok: false, summary: why })
