/**
 * From a command as somebody gives it to what is logged and what is sent: checked, under its id, with its secrets kept
 * out of the log and our mark in what Telnyx gets.
 */
import { randomUUID } from 'node:crypto'
import {
  type CallState,
  type CommandName,
  GatherError,
  gatherError,
  isConversation,
  isGather,
  isMask,
  type Mask,
} from '@callgather/protocol'
import { checkCommand } from '@callgather/protocol/schema'
import { applyPolicy, type CommandPolicy } from '../access/command-policy.ts'
import { HostCallbackError, type HostCallbacks } from '../base/host-callbacks.ts'
import { asRecord } from '../base/json.ts'
import { digestOf, macOf } from '../base/secrets.ts'
import { maskBody, maskMessages } from '../ingest/mask-content.ts'
import { openMask, strictest } from '../ingest/masking.ts'
import type { NewEvent } from '../store/call-store.ts'
import type { MarkCodec } from '../telnyx/client-state.ts'
import { commandEvent } from './command-outcome.ts'

/** A command to be given. */
export interface CommandInput {
  readonly callId: string
  readonly command: CommandName
  /** The body as it came; checked here. */
  readonly body: unknown
  /** Who gives it. */
  readonly subject: string
  /** Whether it comes from code of the host's own: then policy and rate limit do not apply. */
  readonly isTrusted: boolean
  /** Refuse a call that no webhook has told of yet. */
  readonly mustExist: boolean
  /** The sender's own key: the same key on the same call is the same command. */
  readonly idempotencyKey?: string | undefined
  /** How much of the input the sender wants shown; makes the server's policy stricter, never laxer. */
  readonly mask?: Mask | undefined
  /** Stop the gather that is running first. Otherwise a second gather is refused. */
  readonly replace?: boolean | undefined
  /** Where it comes from, for the audit trail. */
  readonly address?: string | undefined
}

/** What a command is prepared with. */
export interface PrepareDeps {
  readonly policy: CommandPolicy
  readonly hostCallbacks: HostCallbacks
  readonly markers: MarkCodec
  /** Keys the `command_id` made from an idempotency key, and the digest that tells two bodies apart. */
  readonly commandKey: Uint8Array
}

/** A command that may be given. */
export interface PreparedCommand {
  readonly commandId: string
  /** Identifies the command and its body. */
  readonly digest: string
  /** How much of the input may be shown, where it is sensitive. */
  readonly mask: Mask | undefined
  /** The body that Telnyx gets. */
  readonly body: Readonly<Record<string, unknown>>
  /** Why the state of the call does not allow it; `null` where it does. */
  refusalOn(state: CallState, now: number): GatherError | null
  /** Its `command.requested`, given the call and our clock. */
  requestEvent(state: CallState, now: number): NewEvent
}

/**
 * Prepares a command.
 *
 * @throws GatherError when its body is wrong or holds what its sender may not set, or when the host's policy fails.
 */
export async function prepareCommand(order: CommandInput, deps: PrepareDeps): Promise<PreparedCommand> {
  const { callId, command, subject, isTrusted } = order
  const { policy, markers, commandKey } = deps
  const checked = checkCommand(command, applyPolicy(command, order.body, policy, isTrusted))
  if (!checked.ok) throw new GatherError(checked.status, checked.errors)
  const { command_id, client_state, ...fields } = checked.body as Record<string, unknown>
  const body = withUpdates(command, fields)
  const ownId = () =>
    order.idempotencyKey === undefined ? randomUUID() : derivedId(commandKey, 'id', callId, order.idempotencyKey)
  const commandId = typeof command_id === 'string' ? command_id : ownId()
  const mask = await maskOf(order, body, deps)
  if (mask !== undefined && client_state !== undefined) throw marksMaskedGather()
  // Only what goes on after the command leaves a mark; a stop or a whisper leaves the mark of what it is about.
  const mark =
    isGather(command) || isConversation(command)
      ? { client_state: markers.write(callId, { commandId, command, mask }) }
      : {}
  const digest = digestOf(commandKey, 'body', command, body)
  return {
    commandId,
    digest,
    mask,
    body: { ...body, command_id: commandId, ...(typeof client_state === 'string' ? { client_state } : mark) },
    refusalOn(state, now) {
      // A `client_state` replaces the mark that a running gather left, also when it comes with a stop or a whisper.
      if (client_state !== undefined && openMask(state, now) !== undefined) return marksMaskedGather()
      return mask !== undefined && isCaptured(state) ? copiesMaskedGather() : null
    },
    requestEvent(state, now) {
      const isOpen = openMask(state, now) !== undefined
      const logged = withoutSecrets(loggedBody(command, body, mask, isOpen))
      const payload = { command, body: logged, subject, ...(mask === undefined ? {} : { mask }) }
      const event = commandEvent(commandId, { event_type: 'command.requested', payload }, now)
      return { event, digest }
    },
  }
}

/** The body as it may be logged. While a masked gather is open, its input may be read back by any command. */
function loggedBody(
  command: CommandName,
  body: Record<string, unknown>,
  mask: Mask | undefined,
  isOpen: boolean,
): Record<string, unknown> {
  if (isOpen) return maskBody(body, { titles: false })
  if (mask === undefined) return body
  return isConversation(command) ? maskBody(body, { titles: true }) : maskMessages(body)
}

const marksMaskedGather = () =>
  gatherError(
    'conflict',
    'Events of a masked gather are recognised by the server’s own `client_state`. Leave this field out.',
    '/client_state',
  )

const copiesMaskedGather = () =>
  gatherError(
    'conflict',
    'The call is being recorded or streamed, so a sensitive gather would be copied. Stop that first, then try again.',
  )

/** The mask that the host's policy sets, or a stricter one that the sender of the command asks for. */
async function maskOf(
  { callId, command, mask }: CommandInput,
  body: Record<string, unknown>,
  { policy, hostCallbacks }: PrepareDeps,
): Promise<Mask | undefined> {
  if (!isGather(command) && !isConversation(command)) return undefined
  const { mask: decide } = policy
  if (typeof decide !== 'function') return strictest(isGather(command) ? decide : undefined, mask)
  try {
    // A copy, as the host's code may change what it is given.
    const decided = await hostCallbacks.call('mask', () => decide({ callId, command, body: structuredClone(body) }), {
      isValid: (value) => value === undefined || isMask(value),
    })
    return strictest(decided, mask)
  } catch (error) {
    if (!(error instanceof HostCallbackError)) throw error
    throw gatherError('unavailable', 'The server’s masking policy failed, so nothing was sent. Try again in a moment.')
  }
}

/** An id made from others: the same on every server, and not to be guessed. */
export const derivedId = (key: Uint8Array, ...deps: readonly [kind: string, ...string[]]) => uuidOf(macOf(key, ...deps))

/** What records or copies the call's audio, as far as webhooks tell: when it began, and when it ended. */
const captureEvents = [
  ['streaming.started', 'streaming.stopped'],
  ['call.fork.started', 'call.fork.stopped'],
  ['call.recording.started', 'call.recording.saved'],
] as const

/** Whether the call's audio is known to be copied elsewhere. */
function isCaptured({ timeline }: CallState): boolean {
  const marks = [...timeline].filter((entry) => entry.kind === 'mark')
  return captureEvents.some(
    ([started, stopped]) =>
      marks.findLast(({ eventType }) => eventType === started || eventType === stopped)?.eventType === started,
  )
}

/** AI commands report as they go, unless they were told not to: a console lives on it. */
function withUpdates(command: CommandName, body: Record<string, unknown>): Record<string, unknown> {
  switch (command) {
    case 'gather_using_ai':
      return { send_partial_results: true, send_message_history_updates: true, ...body }
    case 'ai_assistant_start':
      return { send_message_history_updates: true, ...body }
    default:
      return body
  }
}

/** Parts of a body that name secrets or reach other systems; they go to Telnyx and nowhere else. */
const secretKeys = new Set([
  'api_key_ref',
  'openai_api_key_ref',
  'llm_api_key_ref',
  'certificate_ref',
  'token_retrieval_url',
  'external_llm',
  'fallback_config',
  'mcp_servers',
  'tools',
])

function withoutSecrets(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !secretKeys.has(key))
      .map(([key, each]) => {
        const inner = asRecord(each)
        return [key, inner ? withoutSecrets(inner) : each]
      }),
  )
}

/** The first 16 bytes as a UUID, version 8: made by our own rule (RFC 9562). */
function uuidOf(bytes: Buffer): string {
  const own = Buffer.from(bytes.subarray(0, 16))
  own[6] = ((own[6] ?? 0) & 0x0f) | 0x80
  own[8] = ((own[8] ?? 0) & 0x3f) | 0x80
  const hex = own.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
