/**
 * Which command a webhook belongs to. Telnyx does not say, so it is worked out here, once, before the event is stored.
 *
 * It is a function of the event and of the commands given on the call, never of which other webhooks have arrived:
 * webhooks come in any order, and every order must be read alike. In order of certainty: the conversation's id; our
 * mark in the echoed `client_state`; else the newest command of a fitting kind that was given before the event.
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

/** Clocks differ: a stop logged this much after the end it caused still caused it. */
const MAX_SKEW_MS = 250

/** How long after a second gather was asked for the first one's `cancelled` may come. */
const TAKEOVER_WINDOW_MS = 5_000

const gathersByAI = (name: CommandName) => name === 'gather_using_ai'
const converses = (name: CommandName): name is ConversationName => isConversation(name)

/** Which commands an event type can belong to. */
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

/** A type is a stranger's text, and may be the name of something that every object has. */
const fittingOf = (eventType: string) => (Object.hasOwn(fitting, eventType) ? fitting[eventType] : undefined)

/** Whether an event of a type can belong to a command. */
export const canBelongTo = (eventType: string, command: CommandName): boolean =>
  fittingOf(eventType)?.(command) ?? false

/** The `command_id` a webhook belongs to, if any. `at` is its time in the form that sorts as text. */
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
  /** The conversation that Telnyx began for it. */
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
  // Only our own clock can have put the request after its effect.
  const [first] = candidates
  return first && msBetween(at, first.at) <= MAX_SKEW_MS ? first : undefined
}

/**
 * A gather that is asked for while another runs cancels that other, whose end then already carries the second one's
 * mark. Such a `cancelled` belongs to the first, unless someone has stopped the second.
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

/** Milliseconds from one time to another; negative when the other came first. */
const msBetween = (from: string, to: string) => Date.parse(to) - Date.parse(from)

/** Whether a file that plays is one the gather asked for; where Telnyx does not say, it is. */
function isOwnMedia(payload: Webhook['payload'], body: SentCommand['body']): boolean {
  const playing = [payload.media_url, payload.media_name].filter((each) => typeof each === 'string' && each !== '')
  if (playing.length === 0) return true
  const own = [body.audio_url, body.media_name, body.invalid_audio_url, body.invalid_media_name]
  // The log of a masked gather may not say.
  if (own.every((each) => each === undefined)) return true
  return playing.some((each) => own.includes(each))
}
