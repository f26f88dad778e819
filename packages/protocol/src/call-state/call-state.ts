/**
 * The state of a call, computed only from its events.
 *
 * A property of the state is a join: a register that keeps the earliest or latest event, or a map by id. Joins ignore
 * order and repetition, so the state depends only on the *set* of events. The fold in `reduce-call.ts` chooses the
 * joins for each event. `views/` derives the data that a screen displays.
 */
import type { Mask } from '../base/mask.ts'
import { SortedMap } from '../base/sorted-map.ts'

/** The time of an event, and its sort key within the call. */
export interface Occurrence {
  /** Sorts by time, then cause before effect, then event id. */
  readonly stamp: string
  /** ISO 8601, UTC, six decimals. */
  readonly at: string
}

/** A command: its request and its outcome. The events of both may arrive in any order. */
export interface CommandState {
  /** The `command_id`. */
  readonly id: string
  readonly request: CommandRequest | null
  readonly outcome: CommandOutcome | null
}

/** The request that was sent to Telnyx. */
export interface CommandRequest extends Occurrence {
  readonly command: string
  readonly body: Readonly<Record<string, unknown>>
  /** The subject of the agent's ticket. */
  readonly subject?: string | undefined
  /** The mask of the input; absent when the input is not masked. */
  readonly mask?: Mask | undefined
  /** What the gather asks for, in the words of its agent. */
  readonly label?: string | undefined
}

/** Telnyx's response to a command; `unknown` when no response arrived before the timeout. */
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
  /** Telnyx's id of the event. */
  readonly id: string
  /** `0-9*#A-D`, or `null` when the key is masked. */
  readonly digit: string | null
  /** The id of the gather that received the key; `null` if no gather did. */
  readonly gatherId: string | null
}

/** One turn of a conversation with an AI. */
export interface MessageEntry extends Occurrence {
  readonly kind: 'message'
  /** The id of the message, unique on the call. */
  readonly id: string
  /** The id of the conversation: see `ConversationState`. */
  readonly conversationId: string
  /** The position in the conversation, from 0. */
  readonly index: number
  /** Telnyx's role, such as `assistant` or `user`, the caller. */
  readonly role: string
  /** The words. */
  readonly content: string
}

/** Returns the key of a message in its conversation. Keys sort in the order of the message indexes. */
export const messageKey = (index: number): string => String(index).padStart(8, '0')

/** Speech that was transcribed outside an AI conversation (`call.transcription`). */
export interface SpeechEntry extends Occurrence {
  readonly kind: 'speech'
  readonly id: string
  /** The audio track that was transcribed: `inbound` is the caller. */
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
  /** Telnyx's status of the gather: `valid`, `invalid`, `timeout`, `cancelled`, … An open list; `null` if missing. */
  readonly status: string | null
  /** The digits that Telnyx reported; `null` when masked or missing, and for an AI gather. */
  readonly digits: string | null
  readonly digitCount?: number | undefined
  readonly last4?: string | undefined
  /** The fields of an AI gather. */
  readonly result: Readonly<Record<string, unknown>> | null
  /** Whether the host's `onSensitive` received the masked value; absent when there was no value to deliver. */
  readonly delivered?: boolean | undefined
}

/** The start or end of a prompt: an audio file or speech. */
export interface PlaybackEntry extends Occurrence {
  readonly kind: 'playback'
  readonly id: string
  readonly source: 'playback' | 'speak'
  readonly edge: 'started' | 'ended'
  readonly gatherId: string | null
  readonly media?: string | undefined
  /** Telnyx's status at the end of the prompt. */
  readonly status?: string | undefined
  readonly detail?: string | undefined
}

/** A change in the lifecycle of the call or of a conversation, or an event of an unknown type. */
export interface LifecycleEntry extends Occurrence {
  readonly kind: 'lifecycle'
  readonly id: string
  readonly eventType: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** An entry of the call's history: a row of the transcript, or a point on the timeline. */
export type TimelineEntry =
  | KeyEntry
  | MessageEntry
  | SpeechEntry
  | CommandEntry
  | GatherEndEntry
  | PlaybackEntry
  | LifecycleEntry

/** Returns the key of an entry in `timeline`. A message sorts by the time it was first seen, then by its index. */
export const timelineKey = (entry: TimelineEntry): string =>
  entry.kind === 'message' ? `${entry.at} 7 ${entry.conversationId}#${messageKey(entry.index)}` : entry.stamp

/** The progress of a gather. Its request is in its command. */
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
  /** The `command_id` of the command that started this conversation, or `unattributed`. */
  readonly id: string
  readonly command: CommandState | null
  /** The number of `messages` in the current conversation. */
  readonly length: (Occurrence & { readonly value: number }) | null
  readonly messages: SortedMap<MessageEntry>
  /** The known history lengths by time, in increasing order. They date the messages. */
  readonly growth: SortedMap<{ readonly at: string; readonly length: number }>
  readonly created: (Occurrence & { readonly conversationId?: string | undefined }) | null
  readonly ended: (Occurrence & { readonly reason: string | null }) | null
}

/** The latest transcription of an audio track: the caller or the agent's side. */
export interface TrackState {
  readonly partial: (Occurrence & { readonly text: string }) | null
  readonly final: Occurrence | null
}

/** How an agent wrapped up the call. */
export interface WrapUpState extends Occurrence {
  /** The agent's note; empty if there is none. */
  readonly note: string
  /** The id of the disposition that the agent chose; `null` if none. */
  readonly disposition: string | null
  /** The subject of the agent's ticket. */
  readonly subject: string
}

/** The state of one call. Immutable; values that an event does not change keep their identity. */
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
  /** The latest `call.bridged`, `call.hold` or `call.unhold` event. */
  readonly leg: (Occurrence & { readonly eventType: string }) | null
  readonly hangup: (Occurrence & { readonly cause?: string | undefined; readonly source?: string | undefined }) | null
  /** When Telnyx reported the call as over without sending its hangup. */
  readonly closed: Occurrence | null
  /** The first wrap-up of the call. */
  readonly wrapUp: WrapUpState | null
  readonly commands: SortedMap<CommandState>
  readonly gathers: SortedMap<GatherState>
  readonly conversations: SortedMap<ConversationState>
  /** The latest requested command. */
  readonly latestCommand: (Occurrence & { readonly id: string }) | null
  /** The latest requested gather and conversation. */
  readonly latestGather: (Occurrence & { readonly id: string }) | null
  readonly latestConversation: (Occurrence & { readonly id: string }) | null
  /** The gather that ended last. A gather that CallGather did not start is known only by its end. */
  readonly latestGatherEnd: GatherEndEntry | null
  /** The latest start or end of a prompt. */
  readonly latestPlayback: PlaybackEntry | null
  /** All keys of the call. Finding the last key or the stray keys needs no scan of the timeline. */
  readonly keys: SortedMap<KeyEntry>
  readonly tracks: Readonly<Record<string, TrackState>>
  readonly timeline: SortedMap<TimelineEntry>
}

/** Returns the state of a call without events. */
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
    wrapUp: null,
    commands: SortedMap.empty(),
    gathers: SortedMap.empty(),
    conversations: SortedMap.empty(),
    latestCommand: null,
    latestGather: null,
    latestConversation: null,
    latestGatherEnd: null,
    latestPlayback: null,
    keys: SortedMap.empty(),
    tracks: {},
    timeline: SortedMap.empty(),
  }
}
