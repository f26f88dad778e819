/** Executes an AI's tool calls, which `assistant/tools.ts` parses. */
import type { Clock } from '../clock/clock.ts'
import { refusalOfTarget } from '../delivery/target.ts'
import type { Transport } from '../delivery/transport.ts'
import type { ToolRequest, ToolResult, ToolUse } from '../machine/model.ts'
import type { Settings } from '../settings/settings.ts'
import type { Call, CallOptions } from './call.ts'

/** Longer tool responses are truncated before the model gets them. */
const MAX_ANSWER_BYTES = 64 * 1024

export interface TransferOptions extends Omit<CallOptions, 'direction' | 'from' | 'connection_id' | 'call_session_id'> {
  /** Caller number shown to the transfer target. Default: the application's number on `call`. */
  from?: string | undefined
  /** Keeps the transferred leg answered after the target hangs up. Default false. */
  shouldStayAfterUnbridge?: boolean
}

interface ToolDeps {
  clock: Clock
  settings: Settings
  transport: Transport
  transfer(call: Call, options: TransferOptions): Call
}

/** Executes a tool call. Never rejects: like Telnyx, it reports a failure to the model. */
export async function useTool(deps: ToolDeps, call: Call, use: ToolUse): Promise<ToolResult> {
  switch (use.type) {
    case 'webhook':
      return callWebhook(deps, call, use.request)
    case 'transfer':
      return transferTo(deps, call, use.to, use.from)
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
    return async
      ? { content: 'Submitted', ok: true, summary: 'submitted' }
      : failure(`The webhook did not respond: ${error}.`)
  const ok = status >= 200 && status < 300
  return { content: ok ? answer : `The webhook responded with ${status}: ${answer}`, ok, summary: String(status) }
}

/** Resolves when the target answers. If its leg ends first, reports a failure and the model continues with the caller. */
function transferTo(deps: ToolDeps, call: Call, to: string, from: string | undefined): Promise<ToolResult> {
  return new Promise((resolve) => {
    const leg = deps.transfer(call, { to, from })
    leg.whenAnswered(() => {
      // The caller now talks to the transfer target, not to the AI.
      call.conversations.feed({ type: 'stop' })
      resolve({ content: 'The caller has been transferred.', ok: true, summary: 'answered' })
    })
    leg.whenEnded(() => resolve(failure('The target did not answer. The caller is still on the line with you.')))
  })
}

const failure = (why: string): ToolResult => ({ content: `The tool call failed. ${why}`, ok: false, summary: why })
