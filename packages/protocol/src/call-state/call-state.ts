/**
 * The state of one call: what is known from the events seen so far, and nothing else.
 *
 * Every part is a join: a register that the earliest or the latest stamp wins, or a map keyed by what the event is
 * about. Joins do not care for order or repetition, so the state is a function of the *set* of events; the fold in
 * `reduce-call.ts` only decides which joins an event takes part in. Nothing here is derived for display: that is
 * `views/`.
 */
import type { Mask } from '../base/mask.ts'
import { SortedMap } from '../base/sorted-map.ts'

/** When something happened, and its place in the call's order. */
export interface Occurrence {
  /** Sorts by time, then cause before effect, then event id. */
  readonly stamp: string
  /** ISO 8601, UTC, six decimals. */
  readonly at: string
}

/** A command as we know it: the request, and what became of it. Either may be seen first. */
export interface CommandState {
  /** The `command_id`. */
  readonly id: string
  readonly request: CommandRequest | null
  readonly outcome: CommandOutcome | null
}

/** What was asked of Telnyx. */
export interface CommandRequest extends Occurrence {
  readonly command: string
  readonly body: Readonly<Record<string, unknown>>
  /** Who asked: the subject of their ticket. */
  readonly subject?: string | undefined
  /** What is masked of the input; absent when nothing is. */
  readonly mask?: Mask | undefined
}

/** What Telnyx answered; `unknown` when no answer came in time. */
export type CommandOutcome = Occurrence &
  (
    | { readonly status: 'accepted'; readonly conversationId?: string | undefined }
    | {
        readonly status: 'refused'
        readonly httpStatus: number
        /** Telnyx's error code, a string of digits. */
        readonly code: string
        readonly title: string
        readonly detail?: string | undefined
      }
    | { readonly status: 'unknown'; readonly reason: string }
  )

/** A key the caller pressed. */
export interface KeyEntry extends Occurrence {
  readonly kind: 'key'
  readonly id: string
  /** `0-9*#A-D`, or `null` where policy hides it. */
  readonly digit: string | null
  /** The gather that was listening, if any. */
  readonly gatherId: string | null
}

/** One turn of a conversation with an AI. */
export interface MessageEntry extends Occurrence {
  readonly kind: 'message'
  readonly id: string
  readonly conversationId: string
  readonly index: number
  readonly role: string
  readonly content: string
}

/** The key of a message in its conversation: sorts as the indexes do. */
export const messageKey = (index: number): string => String(index).padStart(8, '0')

/** Something said and transcribed outside a conversation with an AI (`call.transcription`). */
export interface SpeechEntry extends Occurrence {
  readonly kind: 'speech'
  readonly id: string
  /** `inbound` is the caller. */
  readonly track: string
  readonly text: string
  readonly confidence?: number | undefined
}

/** A command that was requested. */
export interface CommandEntry extends Occurrence {
  readonly kind: 'command'
  readonly id: string
  readonly command: CommandState
}

/** The end of a gather of any kind. */
export interface GatherEndEntry extends Occurrence {
  readonly kind: 'gather_end'
  readonly id: string
  readonly gatherId: string
  /** What was gathered: keys, or the fields of an AI gather. */
  readonly gathered: 'digits' | 'fields'
  /** How it ended, in Telnyx's words: `valid`, `invalid`, `timeout`, `cancelled`, … An open list; `null` if unsaid. */
  readonly status: string | null
  /** The digits; `null` where they are masked or missing, and for an AI gather. */
  readonly digits: string | null
  readonly digitCount?: number | undefined
  readonly last4?: string | undefined
  /** The fields of an AI gather. */
  readonly result: Readonly<Record<string, unknown>> | null
  /** Whether the masked value reached the host's `onSensitive`; absent where there was nothing to deliver. */
  readonly delivered?: boolean | undefined
}

/** A prompt began or ended: a file, or speech. */
export interface PlaybackEntry extends Occurrence {
  readonly kind: 'playback'
  readonly id: string
  readonly source: 'playback' | 'speak'
  readonly edge: 'started' | 'ended'
  readonly gatherId: string | null
  readonly media?: string | undefined
  /** How it ended, in Telnyx's words. */
  readonly status?: string | undefined
  readonly detail?: string | undefined
}

/** A change in the life of the call or of a conversation, or an event of a type we do not know. */
export interface MarkEntry extends Occurrence {
  readonly kind: 'mark'
  readonly id: string
  readonly eventType: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** One thing that happened, in the order in which it happened: a row of a transcript, a mark on a timeline. */
export type TimelineEntry =
  | KeyEntry
  | MessageEntry
  | SpeechEntry
  | CommandEntry
  | GatherEndEntry
  | PlaybackEntry
  | MarkEntry

/** The key of an entry in `timeline`. A message sorts by the time it was first seen, then by its place. */
export const timelineKey = (entry: TimelineEntry): string =>
  entry.kind === 'message' ? `${entry.at} 7 ${entry.conversationId}#${messageKey(entry.index)}` : entry.stamp

/** What happened to a gather. Its request is its command's. */
export interface GatherState {
  /** The `command_id` of the gather; the id of its ending event if it was not started through CallGather. */
  readonly id: string
  readonly command: CommandState | null
  readonly keys: SortedMap<KeyEntry>
  readonly plays: SortedMap<PlaybackEntry>
  /** The fields of an AI gather heard so far. */
  readonly partial: (Occurrence & { readonly results: Readonly<Record<string, unknown>> }) | null
  readonly ended: GatherEndEntry | null
}

/** A conversation with an AI: an assistant's, or an AI gather's. */
export interface ConversationState {
  /** The `command_id` that began it, or `unattributed`. */
  readonly id: string
  readonly command: CommandState | null
  /** How many of `messages` are part of the conversation now. */
  readonly length: (Occurrence & { readonly value: number }) | null
  readonly messages: SortedMap<MessageEntry>
  /** How long the history was known to be at which time; each later mark is longer. Dates the messages. */
  readonly growth: SortedMap<{ readonly at: string; readonly length: number }>
  readonly created: (Occurrence & { readonly conversationId?: string | undefined }) | null
  readonly ended: (Occurrence & { readonly reason: string | null }) | null
}

/** The latest transcription of one side of the call. */
export interface TrackState {
  readonly partial: (Occurrence & { readonly text: string }) | null
  readonly final: Occurrence | null
}

/** Everything known about one call. Immutable; what an event does not touch keeps its identity. */
export interface CallState {
  /** Telnyx's `call_control_id`. */
  readonly callId: string
  readonly parties: (Occurrence & { readonly from?: string | undefined; readonly to?: string | undefined }) | null
  readonly initiated:
    | (Occurrence & { readonly direction?: string | undefined; readonly callerName?: string | undefined })
    | null
  readonly answered: Occurrence | null
  /** The session that this leg belongs to, as its first event names it. */
  readonly session: (Occurrence & { readonly id: string }) | null
  /** The last of `call.bridged`, `call.hold`, `call.unhold`. */
  readonly leg: (Occurrence & { readonly eventType: string }) | null
  readonly hangup: (Occurrence & { readonly cause?: string | undefined; readonly source?: string | undefined }) | null
  /** Telnyx said the call was over, though its hangup never came. */
  readonly closed: Occurrence | null
  readonly commands: SortedMap<CommandState>
  readonly gathers: SortedMap<GatherState>
  readonly conversations: SortedMap<ConversationState>
  /** Which gather, and which conversation, was asked for last. */
  readonly latestGather: (Occurrence & { readonly id: string }) | null
  readonly latestConversation: (Occurrence & { readonly id: string }) | null
  /** The gather that ended last; a gather not started through CallGather is only known by its end. */
  readonly latestGatherEnd: GatherEndEntry | null
  /** The prompt that began or ended last. */
  readonly latestPlayback: PlaybackEntry | null
  /** Every key of the call, so that finding the last, or the stray ones, does not walk the timeline. */
  readonly keys: SortedMap<KeyEntry>
  readonly tracks: Readonly<Record<string, TrackState>>
  readonly timeline: SortedMap<TimelineEntry>
}

/** The state of a call of which nothing is known yet. */
export function initialCallState(callId: string): CallState {
  return {
    callId,
    parties: null,
    initiated: null,
    answered: null,
    session: null,
    leg: null,
    hangup: null,
    closed: null,
    commands: SortedMap.empty(),
    gathers: SortedMap.empty(),
    conversations: SortedMap.empty(),
    latestGather: null,
    latestConversation: null,
    latestGatherEnd: null,
    latestPlayback: null,
    keys: SortedMap.empty(),
    tracks: {},
    timeline: SortedMap.empty(),
  }
}
