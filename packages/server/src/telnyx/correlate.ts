/**
 * Attributes a webhook to a command, once, before the event is stored.
 *
 * The result depends only on the event and the commands of the call, because webhooks arrive in any order. It uses, in
 * this order: the conversation id, our mark in the echoed `client_state`, the newest matching command before the event.
 *
 * | Event | Belongs to |
 * | --- | --- |
 * | `call.dtmf.received`, `call.gather.ended` | a digit gather |
 * | `call.playback.*` | a gather by audio, if it is the gather's own file |
 * | `call.speak.*` | a gather by speech |
 * | `call.ai_gather.ended`, `.partial_results` | a gather by AI |
 * | `call.ai_gather.message_history_updated`, `call.conversation.*` | a gather by AI, or an assistant |
 */
import {
  type CallState,
  type CommandName,
  type CommandState,
  type ConversationName,
  isCommandName,
  isConversation,
  isDigitGather,
} from '@callgather/protocol'
import type { Mark } from './client-state.ts'
import type { Webhook } from './webhook.ts'

/** The allowed clock difference. A stop that is logged this long after the end of a gather may have caused the end. */
const MAX_SKEW_MS = 250

/** How long after the request of a second gather the `cancelled` event of the first gather may arrive. */
const TAKEOVER_WINDOW_MS = 5_000

const gathersByAI = (name: CommandName) => name === 'gather_using_ai'
const converses = (name: CommandName): name is ConversationName => isConversation(name)

/** By event type: whether an event of the type can belong to a command of that name. */
const fitting: Readonly<Record<string, (name: CommandName) => boolean>> = {
  'call.dtmf.received': isDigitGather,
  'call.gather.ended': isDigitGather,
  'call.playback.started': (name) => name === 'gather_using_audio',
  'call.playback.ended': (name) => name === 'gather_using_audio',
  'call.speak.started': (name) => name === 'gather_using_speak',
  'call.speak.ended': (name) => name === 'gather_using_speak',
  'call.ai_gather.ended': gathersByAI,
  'call.ai_gather.partial_results': gathersByAI,
  'call.ai_gather.message_history_updated': converses,
  'call.conversation.created': converses,
  'call.conversation.ended': converses,
}

/** Reads own properties only, because event types are untrusted and may be names such as `constructor`. */
const fittingOf = (eventType: string) => (Object.hasOwn(fitting, eventType) ? fitting[eventType] : undefined)

/** Whether an event type can belong to a command. */
export const canBelongTo = (eventType: string, command: CommandName): boolean =>
  fittingOf(eventType)?.(command) ?? false

/** Returns the `command_id` that a webhook belongs to, if any. `at` is the webhook's time, normalised to sort as text. */
export function correlate(webhook: Webhook, at: string, marker: Mark | null, state: CallState): string | undefined {
  const isFitting = fittingOf(webhook.eventType)
  if (!isFitting) return undefined
  const given = listSentCommands(state)

  if (webhook.eventType.startsWith('call.conversation.')) {
    const known = given.find(({ accepted }) => accepted !== undefined && accepted === webhook.payload.conversation_id)
    if (known) return known.id
  }

  const candidates = given.filter(({ name }) => isFitting(name))
  const marked = marker && isFitting(marker.command) ? marker.commandId : undefined
  const found = marked ?? newestBefore(candidates, at)?.id
  if (found === undefined) return undefined

  if (webhook.eventType.startsWith('call.playback.')) {
    const command = candidates.find(({ id }) => id === found)
    return command && !isOwnMedia(webhook.payload, command.body) ? undefined : found
  }
  if (webhook.eventType === 'call.gather.ended' && webhook.payload.status === 'cancelled') {
    return findTakenOverGather(given, candidates, found, at) ?? found
  }
  return found
}

interface SentCommand {
  readonly id: string
  readonly name: CommandName
  readonly at: string
  readonly body: Readonly<Record<string, unknown>>
  /** The id of the conversation that Telnyx started for the command. */
  readonly accepted: string | undefined
}

/** The commands that may have run, oldest first. */
function listSentCommands(state: CallState): SentCommand[] {
  const given: SentCommand[] = []
  for (const { id, request, outcome } of state.commands as Iterable<CommandState>) {
    if (!request || outcome?.status === 'refused' || !isCommandName(request.command)) continue
    const accepted = outcome?.status === 'accepted' ? outcome.conversationId : undefined
    given.push({ id, name: request.command, at: request.at, body: request.body, accepted })
  }
  return given.sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : one.id < other.id ? -1 : 1))
}

function newestBefore(candidates: readonly SentCommand[], at: string): SentCommand | undefined {
  const before = candidates.findLast((each) => each.at <= at)
  if (before) return before
  // The request can follow its effect only because of clock differences.
  const [first] = candidates
  return first && msBetween(at, first.at) <= MAX_SKEW_MS ? first : undefined
}

/**
 * A gather that starts while another gather runs cancels the running one. The `cancelled` event of the first gather
 * carries the mark of the second. It belongs to the first gather, unless a `gather_stop` stopped the second.
 */
function findTakenOverGather(
  given: readonly SentCommand[],
  gathers: readonly SentCommand[],
  second: string,
  at: string,
): string | undefined {
  const index = gathers.findIndex(({ id }) => id === second)
  const [first, next] = [gathers[index - 1], gathers[index]]
  if (!first || !next || msBetween(next.at, at) > TAKEOVER_WINDOW_MS) return undefined
  const stopped = given.some(
    (each) => each.name === 'gather_stop' && each.at > next.at && msBetween(at, each.at) <= MAX_SKEW_MS,
  )
  return stopped ? undefined : first.id
}

/** The milliseconds from `from` to `to`; negative when `to` is earlier. */
const msBetween = (from: string, to: string) => Date.parse(to) - Date.parse(from)

/** Whether a played file is the prompt of the gather; true where Telnyx does not name the file. */
function isOwnMedia(payload: Webhook['payload'], body: SentCommand['body']): boolean {
  const playing = [payload.media_url, payload.media_name].filter((each) => typeof each === 'string' && each !== '')
  if (playing.length === 0) return true
  const own = [body.audio_url, body.media_name, body.invalid_audio_url, body.invalid_media_name]
  // The log of a masked gather may omit the media.
  if (own.every((each) => each === undefined)) return true
  return playing.some((each) => own.includes(each))
}
