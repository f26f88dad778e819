/**
 * Prepares a command: validates it, chooses its id, keeps secrets out of the logged body and adds our mark to the body that
 * Telnyx gets.
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
import { applyPolicy, type CommandPolicy, templateOf } from '../access/command-policy.ts'
import { HostCallbackError, type HostCallbacks } from '../base/host-callbacks.ts'
import { asRecord } from '../base/json.ts'
import { digestOf, macOf } from '../base/secrets.ts'
import { maskBody, maskMessages } from '../ingest/mask-content.ts'
import { openMask, strictest } from '../ingest/masking.ts'
import type { NewEvent } from '../store/call-store.ts'
import type { MarkCodec } from '../telnyx/client-state.ts'
import { commandEvent } from './command-outcome.ts'

/** A command as its sender submits it. */
export interface CommandInput {
  readonly callId: string
  readonly command: CommandName
  /** The unvalidated body. */
  readonly body: unknown
  /** The subject that sends the command. */
  readonly subject: string
  /** Whether the command comes from the host's own code, which the command policy does not restrict. */
  readonly isTrusted: boolean
  /** Whether to refuse the command if no webhook of the call has arrived yet. */
  readonly mustExist: boolean
  /** The sender's idempotency key. The same key on the same call identifies the same command. */
  readonly idempotencyKey?: string | undefined
  /** The mask that the sender requests. The stricter of this mask and the server's policy applies. */
  readonly mask?: Mask | undefined
  /** What the gather asks for, in the words of its agent. Validated by the HTTP route. */
  readonly label?: string | undefined
  /** Whether to stop the running gather first. Otherwise the server refuses a second gather. */
  readonly replace?: boolean | undefined
  /** The client's address, for the audit trail. */
  readonly address?: string | undefined
}

/** Dependencies of `prepareCommand`. */
export interface PrepareDeps {
  readonly policy: CommandPolicy
  readonly hostCallbacks: HostCallbacks
  readonly markers: MarkCodec
  /** The key that derives a `command_id` from an idempotency key, and the digest of a body. */
  readonly commandKey: Uint8Array
}

/** A validated command. */
export interface PreparedCommand {
  readonly commandId: string
  /** The digest of the command and its body. */
  readonly digest: string
  /** The mask of the command's input, if the input is sensitive. */
  readonly mask: Mask | undefined
  /** The body that Telnyx gets. */
  readonly body: Readonly<Record<string, unknown>>
  /** Returns why the state of the call forbids the command; `null` if the command is allowed. */
  refusalOn(state: CallState, now: number): GatherError | null
  /** Creates the `command.requested` event of the command. `now` is our clock, in milliseconds. */
  requestEvent(state: CallState, now: number): NewEvent
}

/**
 * Prepares a command.
 *
 * @throws GatherError when the body is invalid, sets a field that its sender may not set, or the host's policy fails.
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
  const template = templateOf(command, order.body, policy)
  const mask = await maskOf({ ...order, mask: strictest(template?.mask, order.mask) }, body, deps)
  if (mask !== undefined && client_state !== undefined) throw marksMaskedGather()
  // Only gathers and conversations set a mark. A stop or a whisper keeps the mark of its target.
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
      // A `client_state` would replace the mark of a running gather, even on a stop or a whisper.
      if (client_state !== undefined && openMask(state, now) !== undefined) return marksMaskedGather()
      return mask !== undefined && isCaptured(state) ? copiesMaskedGather() : null
    },
    requestEvent(state, now) {
      const open = openMask(state, now)
      const logged = withoutSecrets(loggedBody(command, body, mask, open !== undefined))
      // While a masked gather is open, a client may read its input back in a label: digits, or with `all` any words. The
      // host wrote a template's label.
      const isSafe = open === undefined || (open !== 'all' && !/\p{N}/u.test(order.label ?? ''))
      const label = isGather(command) ? ((isSafe ? order.label : undefined) ?? template?.label) : undefined
      const payload = {
        ...{ command, body: logged, subject },
        ...(mask === undefined ? {} : { mask }),
        ...(label === undefined ? {} : { label }),
      }
      const event = commandEvent(commandId, { event_type: 'command.requested', payload }, now)
      return { event, digest }
    },
  }
}

/** Returns the body to log. While a masked gather is open, any command may read its input back to the caller. */
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
    'The call is being recorded or streamed, which would copy sensitive input. Stop the recording or stream, then retry.',
  )

/** Returns the stricter of the host's mask policy and the mask that the sender requests. */
async function maskOf(
  { callId, command, mask }: CommandInput,
  body: Record<string, unknown>,
  { policy, hostCallbacks }: PrepareDeps,
): Promise<Mask | undefined> {
  if (!isGather(command) && !isConversation(command)) return undefined
  const { mask: decide } = policy
  if (typeof decide !== 'function') return strictest(isGather(command) ? decide : undefined, mask)
  try {
    // Pass a copy of the body, because the host's function may modify it.
    const decided = await hostCallbacks.call('mask', () => decide({ callId, command, body: structuredClone(body) }), {
      isValid: (value) => value === undefined || isMask(value),
    })
    return strictest(decided, mask)
  } catch (error) {
    if (!(error instanceof HostCallbackError)) throw error
    throw gatherError('unavailable', 'The server’s masking policy failed, so nothing was sent. Try again in a moment.')
  }
}

/** Derives an id that is the same on every server and cannot be guessed. */
export const derivedId = (key: Uint8Array, ...parts: readonly [kind: string, ...string[]]) =>
  uuidOf(macOf(key, ...parts))

/** Pairs of events that start and stop recording or copying a call's audio. */
const captureEvents = [
  ['streaming.started', 'streaming.stopped'],
  ['call.fork.started', 'call.fork.stopped'],
  ['call.recording.started', 'call.recording.saved'],
] as const

/** Whether the call's audio is being recorded or copied, according to its webhooks. */
function isCaptured({ timeline }: CallState): boolean {
  const changes = [...timeline].filter((entry) => entry.kind === 'lifecycle')
  return captureEvents.some(
    ([started, stopped]) =>
      changes.findLast(({ eventType }) => eventType === started || eventType === stopped)?.eventType === started,
  )
}

/** Turns on the progress events of AI commands, which the console shows, unless the sender turned them off. */
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

/** Body fields that name secrets or other systems. They are sent to Telnyx but never logged. */
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

/** Formats the first 16 bytes as a version 8 UUID, the version for custom algorithms (RFC 9562). */
function uuidOf(bytes: Buffer): string {
  const own = Buffer.from(bytes.subarray(0, 16))
  own[6] = ((own[6] ?? 0) & 0x0f) | 0x80
  own[8] = ((own[8] ?? 0) & 0x3f) | 0x80
  const hex = own.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
