/**
 * The fold. `reduceCall` is the only function that computes call state, on the server and in the browser.
 *
 * Webhooks arrive unordered and repeated, so the result depends on the set of events and not on their order. The fold
 * uses no clock and no randomness, and costs O(log n) in the length of the call.
 */

import { readMask } from '../base/mask.ts'
import { SortedMap } from '../base/sorted-map.ts'
import {
  type CallState,
  type CommandOutcome,
  type CommandState,
  type ConversationState,
  type GatherEndEntry,
  type GatherState,
  initialCallState,
  type Occurrence,
  type PlaybackEntry,
  type TimelineEntry,
  type TrackState,
} from '../call-state/call-state.ts'
import { isConversation, isGather } from '../commands/command-name.ts'
import { type CallEvent, type EventOf, isKnownEvent, type KnownEvent, stampOf } from '../events/event.ts'
import { reduceHistory } from './reduce-history.ts'

/** The id of the conversation whose starting command is unknown. */
export const UNATTRIBUTED = 'unattributed'

/** Folds an event into the call state. Returns the same state for a repeated event. */
export function reduceCall(state: CallState, event: CallEvent): CallState {
  const stamped: Occurrence = { stamp: stampOf(event), at: event.occurred_at }
  return isKnownEvent(event) ? reduceKnown(state, event, stamped) : addLifecycleEntry(state, event, stamped)
}

/** Returns the call state of all events of a call, in any order. */
export function foldCall(callId: string, events: Iterable<CallEvent>): CallState {
  let state = initialCallState(callId)
  for (const event of events) state = reduceCall(state, event)
  return state
}

function reduceKnown(state: CallState, event: KnownEvent, stamped: Occurrence): CallState {
  switch (event.event_type) {
    case 'call.initiated': {
      const { direction, caller_id_name } = event.payload
      const initiated = earlier(state.initiated, { ...stamped, direction, callerName: caller_id_name })
      return addLifecycleEntry({ ...withLeg(state, event.payload, stamped), initiated }, event, stamped)
    }
    case 'call.answered': {
      const answered = earlier(state.answered, stamped)
      return addLifecycleEntry({ ...withLeg(state, event.payload, stamped), answered }, event, stamped)
    }
    case 'call.bridged':
    case 'call.hold':
    case 'call.unhold': {
      const leg = later(state.leg, { ...stamped, eventType: event.event_type })
      const { call_session_id } = event.payload
      return addLifecycleEntry({ ...withLeg(state, { call_session_id }, stamped), leg }, event, stamped)
    }
    case 'call.hangup': {
      const { hangup_cause: cause, hangup_source: source } = event.payload
      const hangup = earlier(state.hangup, { ...stamped, cause, source })
      return addLifecycleEntry({ ...withLeg(state, event.payload, stamped), hangup }, event, stamped)
    }
    case 'call.closed':
      return addLifecycleEntry({ ...state, closed: earlier(state.closed, stamped) }, event, stamped)
    case 'call.wrapped_up': {
      const wrapUp = earlier(state.wrapUp, { ...stamped, ...event.payload })
      return addLifecycleEntry({ ...state, wrapUp }, event, stamped)
    }
    case 'call.record':
      return state

    case 'command.requested': {
      const { command, body, subject, label } = event.payload
      const mask = readMask(event.payload.mask)
      const request = { ...stamped, command, body, subject, mask, label }
      return withCommand(state, event.command_id ?? event.id, (known) => ({
        ...known,
        request: earlier(known.request, request),
      }))
    }
    case 'command.accepted':
      return withOutcome(state, event, {
        ...stamped,
        status: 'accepted',
        conversationId: event.payload.conversation_id,
      })
    case 'command.refused': {
      const { status, code, title, detail } = event.payload
      return withOutcome(state, event, { ...stamped, status: 'refused', httpStatus: status, code, title, detail })
    }
    case 'command.unknown':
      return withOutcome(state, event, { ...stamped, status: 'unknown', reason: event.payload.reason })

    case 'call.dtmf.received': {
      const gatherId = event.command_id ?? null
      const entry = { kind: 'key', id: event.id, ...stamped, digit: event.payload.digit, gatherId } as const
      const entered = enter(state, entry)
      if (entered === state) return state
      const next = { ...entered, keys: state.keys.set(entry.stamp, entry) }
      return gatherId === null
        ? next
        : withGather(next, gatherId, (it) => ({ ...it, keys: it.keys.set(entry.stamp, entry) }))
    }
    case 'call.playback.started':
    case 'call.playback.ended':
    case 'call.speak.started':
    case 'call.speak.ended': {
      const entry = playbackEntry(event, stamped)
      const entered = enter(state, entry)
      if (entered === state) return state
      const next = { ...entered, latestPlayback: later(state.latestPlayback, entry) }
      if (entry.gatherId === null) return next
      return withGather(next, entry.gatherId, (it) => ({ ...it, plays: it.plays.set(entry.stamp, entry) }))
    }
    case 'call.gather.ended': {
      const { status, digits, digit_count: digitCount, last4, delivered } = event.payload
      const end = { gathered: 'digits', status, digits, digitCount, last4, result: null, delivered } as const
      return withGatherEnd(state, event, { ...stamped, ...end })
    }
    case 'call.ai_gather.ended': {
      const { status, result, delivered } = event.payload
      const end = { gathered: 'fields', status, digits: null, result, delivered } as const
      return withGatherEnd(withHistory(state, event, stamped), event, { ...stamped, ...end })
    }
    case 'call.ai_gather.partial_results': {
      const results = event.payload.partial_results ?? {}
      return withGather(withHistory(state, event, stamped), event.command_id ?? UNATTRIBUTED, (it) => ({
        ...it,
        partial: later(it.partial, { ...stamped, results }),
      }))
    }
    case 'call.ai_gather.message_history_updated':
      return withHistory(state, event, stamped)
    case 'call.conversation.created': {
      const created = { ...stamped, conversationId: event.payload.conversation_id }
      const next = withConversation(state, event.command_id ?? UNATTRIBUTED, (it) => ({
        ...it,
        created: earlier(it.created, created),
      }))
      return addLifecycleEntry(next, event, stamped)
    }
    case 'call.conversation.ended': {
      const ended = { ...stamped, reason: event.payload.reason ?? null }
      const next = withConversation(state, event.command_id ?? UNATTRIBUTED, (it) => ({
        ...it,
        ended: earlier(it.ended, ended),
      }))
      return addLifecycleEntry(next, event, stamped)
    }
    case 'call.conversation_insights.generated':
      return addLifecycleEntry(state, event, stamped)
    case 'call.transcription':
      return withSpeech(state, event, stamped)
  }
}

/** Returns the earlier occurrence; `known` if both belong to the same event. */
function earlier<T extends Occurrence>(known: T | null, seen: T): T {
  return known && known.stamp <= seen.stamp ? known : seen
}

/** Returns the later occurrence; `known` if both belong to the same event. */
function later<T extends Occurrence>(known: T | null, seen: T): T {
  return known && known.stamp >= seen.stamp ? known : seen
}

function enter(state: CallState, entry: TimelineEntry): CallState {
  if (state.timeline.get(entry.stamp)) return state
  return { ...state, timeline: state.timeline.set(entry.stamp, entry) }
}

function addLifecycleEntry(state: CallState, event: CallEvent, stamped: Occurrence): CallState {
  return enter(state, {
    kind: 'lifecycle',
    id: event.id,
    ...stamped,
    eventType: event.event_type,
    payload: event.payload,
  })
}

/** Sets the phone numbers and the session of the call from a webhook. */
function withLeg(
  state: CallState,
  { from, to, call_session_id: id }: Partial<EventOf<'call.answered'>['payload']>,
  stamped: Occurrence,
): CallState {
  return {
    ...state,
    parties: from === undefined && to === undefined ? state.parties : earlier(state.parties, { ...stamped, from, to }),
    session: id === undefined ? state.session : earlier(state.session, { ...stamped, id }),
  }
}

/** Updates a command in all places that store it: `commands`, its gather and its conversation. */
function withCommand(state: CallState, id: string, change: (known: CommandState) => CommandState): CallState {
  const known = state.commands.get(id) ?? { id, request: null, outcome: null }
  const command = change(known)
  const next = { ...state, commands: state.commands.set(id, command) }
  const { request } = command
  if (!request) return next

  // A request that is repeated under the same id keeps the earliest row.
  const timeline =
    known.request && known.request.stamp !== request.stamp ? state.timeline.delete(known.request.stamp) : state.timeline
  const entry = { kind: 'command', id, stamp: request.stamp, at: request.at, command } as const
  const began = { stamp: request.stamp, at: request.at, id }
  const latestCommand = later(state.latestCommand, began)
  let result: CallState = { ...next, timeline: timeline.set(entry.stamp, entry), latestCommand }
  if (isGather(request.command)) {
    result = withGather(result, id, (it) => ({ ...it, command }))
    result = { ...result, latestGather: later(state.latestGather, began) }
  }
  if (isConversation(request.command)) {
    result = withConversation(result, id, (it) => ({ ...it, command }))
    result = { ...result, latestConversation: later(state.latestConversation, began) }
  }
  return result
}

const certainty = { accepted: 2, refused: 1, unknown: 0 } as const

/** Sets the outcome of a command. An accepted or refused outcome replaces `unknown`, whichever event arrives first. */
function withOutcome(
  state: CallState,
  event: EventOf<'command.accepted' | 'command.refused' | 'command.unknown'>,
  outcome: CommandOutcome,
): CallState {
  return withCommand(state, event.command_id ?? event.id, (known) => {
    if (!known.outcome) return { ...known, outcome }
    const gained = certainty[outcome.status] - certainty[known.outcome.status]
    return gained > 0 || (gained === 0 && outcome.stamp < known.outcome.stamp) ? { ...known, outcome } : known
  })
}

function withGather(state: CallState, id: string, change: (known: GatherState) => GatherState): CallState {
  const known: GatherState = state.gathers.get(id) ?? {
    id,
    command: null,
    keys: SortedMap.empty(),
    plays: SortedMap.empty(),
    partial: null,
    ended: null,
  }
  return { ...state, gathers: state.gathers.set(id, change(known)) }
}

function withGatherEnd(
  state: CallState,
  { id, command_id }: CallEvent,
  end: Omit<GatherEndEntry, 'kind' | 'id' | 'gatherId'>,
): CallState {
  // An ending event without a command id gets its own gather, because Telnyx ends each gather exactly once.
  const entry: GatherEndEntry = { kind: 'gather_end', id, gatherId: command_id ?? id, ...end }
  const next = withGather(state, entry.gatherId, (it) => ({ ...it, ended: earlier(it.ended, entry) }))
  return enter({ ...next, latestGatherEnd: later(state.latestGatherEnd, entry) }, entry)
}

function withConversation(
  state: CallState,
  id: string,
  change: (known: ConversationState) => ConversationState,
): CallState {
  const known: ConversationState = state.conversations.get(id) ?? {
    id,
    command: null,
    length: null,
    messages: SortedMap.empty(),
    growth: SortedMap.empty(),
    created: null,
    ended: null,
  }
  return { ...state, conversations: state.conversations.set(id, change(known)) }
}

function withHistory(
  state: CallState,
  event: EventOf<'call.ai_gather.message_history_updated' | 'call.ai_gather.partial_results' | 'call.ai_gather.ended'>,
  stamped: Occurrence,
): CallState {
  const splice = event.payload.message_history
  if (!splice) return state
  let { timeline } = state
  const next = withConversation(state, event.command_id ?? UNATTRIBUTED, (known) => {
    const reduced = reduceHistory(known, timeline, splice, stamped)
    timeline = reduced.timeline
    return reduced.conversation
  })
  return { ...next, timeline }
}

function withSpeech(state: CallState, event: EventOf<'call.transcription'>, stamped: Occurrence): CallState {
  const data = event.payload.transcription_data
  const text = data?.transcript ?? null
  const track = data?.transcription_track ?? 'inbound'
  const known: TrackState = state.tracks[track] ?? { partial: null, final: null }
  // Telnyx marks partial transcripts. Any other transcript is final.
  if (data?.is_final === false) {
    if (text === null) return state
    const partial = later(known.partial, { ...stamped, text })
    return partial === known.partial ? state : { ...state, tracks: { ...state.tracks, [track]: { ...known, partial } } }
  }
  const tracks = { ...state.tracks, [track]: { ...known, final: later(known.final, stamped) } }
  const next = { ...state, tracks }
  return text === null
    ? next
    : enter(next, { kind: 'speech', id: event.id, ...stamped, track, text, confidence: data?.confidence })
}

function playbackEntry(
  event: EventOf<'call.playback.started' | 'call.playback.ended' | 'call.speak.started' | 'call.speak.ended'>,
  stamped: Occurrence,
): PlaybackEntry {
  const { media_url, media_name, status, status_detail } = event.payload as EventOf<'call.playback.ended'>['payload']
  return {
    kind: 'playback',
    id: event.id,
    ...stamped,
    source: event.event_type.startsWith('call.speak') ? 'speak' : 'playback',
    edge: event.event_type.endsWith('started') ? 'started' : 'ended',
    gatherId: event.command_id ?? null,
    media: media_name ?? media_url,
    status,
    detail: status_detail,
  }
}
