/** Commands from the host's own code: `await gather.call(id).gatherUsingSpeak({…}).ended`. */
import {
  type CallState,
  type CommandBodies,
  type CommandName,
  GatherError,
  type GatherName,
  gatherError,
  type Mask,
  selectCallEndedAt,
} from '@callgather/protocol'
import type { CallCache } from '../calls/call-cache.ts'
import type { Commands } from './commands.ts'

/** Telnyx's answer to a command it accepted. */
export interface AcceptedCommand {
  readonly commandId: string
  /** Telnyx's result text, `ok`. */
  readonly result: string
  /** The id of the conversation that an AI command started. */
  readonly conversationId?: string
}

/** The end of a gather. */
export interface GatherOutcome {
  readonly commandId: string
  /**
   * Telnyx's status of the gather, such as `valid`, `invalid`, `timeout`, `cancelled` or `call_hangup`. The list is
   * open. Also `call_hangup` if the call ended without an end event of the gather. `null` if Telnyx sent no status.
   */
  readonly status: string | null
  /** The digits that the caller entered; `null` if they are masked, and for an AI gather. */
  readonly digits: string | null
  /** The fields of an AI gather as Telnyx sent them, not validated against your schema. */
  readonly result: Readonly<Record<string, unknown>> | null
  /** The time at which the gather ended, in ISO 8601. */
  readonly endedAt: string
}

/** A command that was sent. A promise that you do not await never causes an unhandled rejection. */
export interface CommandRun {
  /** Resolves when Telnyx accepts the command. Rejects with a GatherError if it was refused or its outcome is unknown. */
  readonly accepted: Promise<AcceptedCommand>
}

/** A gather that was started. */
export interface GatherRun extends CommandRun {
  /**
   * Resolves when the gather ends, with any status, or when the call ends first. Rejects with a GatherError if the gather
   * was refused.
   */
  readonly ended: Promise<GatherOutcome>
}

/** Options for starting an assistant, in addition to its body. */
export interface AssistantOptions {
  /**
   * The mask of the caller's input, if it is sensitive: `digits`, `allButLast4` or `all`. The stricter of this mask and
   * the server's policy applies. Only `onSensitive` receives the clear input.
   */
  readonly mask?: Mask
}

/** Options of a gather, in addition to its body. */
export interface GatherOptions extends AssistantOptions {
  /**
   * Whether to stop the call's running gather first. By default, the server refuses a second gather with an error that
   * names the running gather.
   */
  readonly replace?: boolean
}

/** Sends commands to one call. Its methods have the names and bodies of Telnyx's SDK. */
export interface CallHandle {
  readonly id: string
  /** Resolves with the current state of the call. */
  state(): Promise<CallState>
  /** Starts a gather that collects digits without a prompt. */
  gather(body?: CommandBodies['gather'], options?: GatherOptions): GatherRun
  /** Starts a gather that speaks a prompt and collects digits. */
  gatherUsingSpeak(body: CommandBodies['gather_using_speak'], options?: GatherOptions): GatherRun
  /** Starts a gather that plays an audio prompt and collects digits. */
  gatherUsingAudio(body: CommandBodies['gather_using_audio'], options?: GatherOptions): GatherRun
  /** Starts an AI gather for the fields of a JSON Schema. */
  gatherUsingAI(body: CommandBodies['gather_using_ai'], options?: GatherOptions): GatherRun
  /** Ends a running digit gather. */
  stopGather(body?: CommandBodies['gather_stop']): CommandRun
  /** Starts an AI assistant on the call. */
  startAIAssistant(body?: CommandBodies['ai_assistant_start'], options?: AssistantOptions): CommandRun
  /** Ends the assistant's conversation. The call continues. */
  stopAIAssistant(body?: CommandBodies['ai_assistant_stop']): CommandRun
  /** Adds messages to the assistant's conversation. */
  addAIAssistantMessages(body: CommandBodies['ai_assistant_add_messages']): CommandRun
}

/** Creates the handle of a call. */
export function callHandle(callId: string, { commands, cache }: { commands: Commands; cache: CallCache }): CallHandle {
  const give = (command: CommandName, body: unknown, { mask, replace }: GatherOptions) =>
    commands.submit({ callId, command, body, subject: 'backend', isTrusted: true, mustExist: false, mask, replace })

  const run = (command: CommandName, body: unknown = {}, options: GatherOptions = {}) => {
    const given = give(command, body, options)
    const accepted = given.then(async ({ commandId, accepted }): Promise<AcceptedCommand> => {
      const { result, conversation_id } = await accepted
      return { commandId, result, ...(conversation_id === undefined ? {} : { conversationId: conversation_id }) }
    })
    quiet(accepted)
    return { given, accepted }
  }

  const runGather = (command: GatherName, body?: unknown, options?: GatherOptions): GatherRun => {
    const { given, accepted } = run(command, body, options)
    const ended = given.then(({ commandId, accepted }) => endOf(cache, callId, commandId, accepted))
    quiet(ended)
    return { accepted, ended }
  }

  const runCommand = (command: CommandName, body?: unknown, options?: GatherOptions): CommandRun => ({
    accepted: run(command, body, options).accepted,
  })

  return {
    id: callId,
    state: async () => (await cache.open(callId)).state,
    gather: (body, options) => runGather('gather', body, options),
    gatherUsingSpeak: (body, options) => runGather('gather_using_speak', body, options),
    gatherUsingAudio: (body, options) => runGather('gather_using_audio', body, options),
    gatherUsingAI: (body, options) => runGather('gather_using_ai', body, options),
    stopGather: (body) => runCommand('gather_stop', body),
    startAIAssistant: (body, options) => runCommand('ai_assistant_start', body, options),
    stopAIAssistant: (body) => runCommand('ai_assistant_stop', body),
    addAIAssistantMessages: (body) => runCommand('ai_assistant_add_messages', body),
  }
}

/** Prevents an unhandled rejection of a promise that the host does not await. */
function quiet(promise: Promise<unknown>): void {
  promise.catch(() => {})
}

async function endOf(
  cache: CallCache,
  callId: string,
  commandId: string,
  accepted: Promise<unknown>,
): Promise<GatherOutcome> {
  const refused = new AbortController()
  accepted.catch((error: unknown) => {
    // A gather whose command may have run can still end. A refused gather cannot.
    const isUnknown = GatherError.isInstance(error) && error.status === 504
    if (!isUnknown) refused.abort(error)
  })
  const outcome = await cache.waitFor(callId, (state) => outcomeIn(state, commandId), refused.signal)
  if (outcome) return outcome
  refused.signal.throwIfAborted()
  throw gatherError('notFound', 'The call was erased before its gather ended.')
}

function outcomeIn(state: CallState, commandId: string): GatherOutcome | null {
  const ended = state.gathers.get(commandId)?.ended
  if (ended) {
    const { status, digits, result, at } = ended
    return { commandId, status, digits, result, endedAt: at }
  }
  const over = selectCallEndedAt(state)
  return over === null ? null : { commandId, status: 'call_hangup', digits: null, result: null, endedAt: over }
}
