/** Carries out what a model calls: the deeds behind `assistant/tools.ts`. */
import type { Clock } from '../clock/clock.ts'
import { refusalOfTarget } from '../delivery/target.ts'
import type { Transport } from '../delivery/transport.ts'
import type { ToolRequest, ToolResult, ToolUse } from '../machine/model.ts'
import type { Settings } from '../settings/settings.ts'
import type { Call, CallOptions } from './call.ts'

/** How much of a tool's answer a model is given. */
const MAX_ANSWER_BYTES = 64 * 1024

export interface TransferOptions extends Omit<CallOptions, 'direction' | 'from' | 'connection_id' | 'call_session_id'> {
  /** Whom the target sees calling. Default: the number that was called, or that calls. */
  from?: string | undefined
  /** The leg is not hung up when the target leaves. */
  shouldStayAfterUnbridge?: boolean
}

/** What tools are carried out with. */
interface ToolDeps {
  clock: Clock
  settings: Settings
  transport: Transport
  transfer(call: Call, options: TransferOptions): Call
}

/** Does it. Never rejects: what went wrong is told to the model, as the platform does. */
export async function useTool(world: ToolDeps, call: Call, use: ToolUse): Promise<ToolResult> {
  switch (use.type) {
    case 'webhook':
      return callWebhook(world, call, use.request)
    case 'transfer':
      return transferTo(world, call, use.to, use.from)
    case 'send_dtmf':
      call.sendDtmf(use.digits)
      return { content: 'The keys have been pressed.', ok: true, summary: 'pressed' }
    case 'hangup':
      call.end({ type: 'hangup' })
      return { content: 'The call is over.', ok: true, summary: 'hung up' }
    case 'refused':
      return failure(use.why)
  }
}

async function callWebhook(
  { settings, transport, clock }: ToolDeps,
  call: Call,
  { method, url, headers, body, timeoutMs, async }: ToolRequest,
): Promise<ToolResult> {
  const refusal = refusalOfTarget(url, settings.delivery.allowRemote)
  if (refusal) return failure(refusal)
  const sent = transport.send({
    method,
    url,
    headers: {
      ...(body === null ? {} : { 'content-type': 'application/json' }),
      ...headers,
      'x-telnyx-call-control-id': call.id,
    },
    body: body === null ? null : Buffer.from(JSON.stringify(body)),
    timeoutMs: timeoutMs ?? settings.ai.toolTimeoutMs,
    slowMs: 0,
    keepBytes: MAX_ANSWER_BYTES,
  })
  clock.track(sent)
  const { status, body: answer, error } = await sent
  if (status === null)
    return async ? { content: 'Submitted', ok: true, summary: 'submitted' } : failure(`It gave no answer: ${error}.`)
  const ok = status >= 200 && status < 300
  return { content: ok ? answer : `It answered ${status}: ${answer}`, ok, summary: String(status) }
}

/** The model waits until somebody answers; when nobody does, it goes on with the caller. */
function transferTo(world: ToolDeps, call: Call, to: string, from: string | undefined): Promise<ToolResult> {
  return new Promise((resolve) => {
    const leg = world.transfer(call, { to, from })
    leg.whenAnswered(() => {
      // The caller talks to somebody else now.
      call.conversations.feed({ type: 'stop' })
      resolve({ content: 'The caller has been transferred.', ok: true, summary: 'answered' })
    })
    leg.whenEnded(() => resolve(failure('Nobody answered there; the caller is still with you.')))
  })
}

const failure = (why: string): ToolResult => ({ content: `That did not work. ${why}`, ok: false, summary: why })
