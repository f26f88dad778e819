/** The types of all socket.io messages, for client and server (`Server<ClientToServer, ServerToClient>`). */
import type { Mask } from '../base/mask.ts'
import type { GatherName } from '../commands/command-name.ts'
import type { CallEvent } from '../events/event.ts'
import type { CallSummary } from '../views/summary.ts'

/** An event and its sequence number in the log of its call. */
export interface CallRecord {
  /** The sequence number of the event in the log: from 1, without gaps. */
  readonly seq: number
  readonly event: CallEvent
}

/** A position in the log with this `epoch`: the reader has every event up to and including `seq`. */
export interface Cursor {
  readonly epoch: string
  readonly seq: number
}

/** The error of a refused socket request, with Telnyx's code and title. */
export interface SocketError {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail?: string
}

/** The reply to a refused socket request. */
export interface SocketRefusal {
  readonly ok: false
  readonly error: SocketError
}

/** A request that the server offers to agents as a button: a command template with a label. */
export interface TemplateOffer {
  /** The name of the template, which the body of the command names: `{"template": "pin"}`. */
  readonly name: string
  readonly command: GatherName
  /** The label of the button, in the host's language. */
  readonly label: string
  /** The mask that the server applies to the input; absent when the input is not masked. */
  readonly mask?: Mask
  /** The name of an icon of `@callgather/react`. */
  readonly icon?: string
}

/**
 * The reply to `call:watch`: the whole log as a snapshot, or all events after the client's cursor as a delta. Live
 * events follow at exactly `cursor.seq + 1`.
 */
export type WatchReply =
  | {
      readonly ok: true
      readonly kind: 'snapshot' | 'delta'
      readonly cursor: Cursor
      readonly records: readonly CallRecord[]
      /** The time of the server's clock: ISO 8601, UTC. */
      readonly now: string
      /** The scopes that the ticket grants on this call. */
      readonly scopes: readonly Scope[]
      /** The templates that the server offers to agents; absent without any. */
      readonly templates?: readonly TemplateOffer[]
      /** The subject of the ticket. It reveals a change of agent when the client cannot read the ticket. */
      readonly subject?: string
    }
  | SocketRefusal

/**
 * `WatchReply` in its encoding on the socket. `channel` stands for the call and its epoch in later frames. `events` is
 * a JSON array of events; the last event is at `cursor`. It stays text because stores keep text: the server sends a
 * long call without parsing it.
 */
export type WireWatchReply =
  | (Omit<Extract<WatchReply, { ok: true }>, 'records'> & { readonly channel: number; readonly events: string })
  | SocketRefusal

/** The reply to `calls:watch`. */
export type CallsReply =
  | {
      readonly ok: true
      readonly now: string
      /** The calls that the ticket covers: live calls before ended calls, and the newest first in both groups. */
      readonly calls: readonly CallSummary[]
      /** Set when the ticket covers more calls than `calls` lists. */
      readonly truncated?: true
      /** The scopes that the ticket grants at most; absent from an older server. A call may grant fewer. */
      readonly scopes?: readonly Scope[]
      /** The subject of the ticket. */
      readonly subject?: string
    }
  | SocketRefusal

/** The reply to `ticket:refresh`. */
export type TicketReply = { readonly ok: true; readonly expires_at: string } | SocketRefusal

/** New records of a watched call, in the order of the log. */
export interface CallEventFrame {
  readonly call_id: string
  readonly epoch: string
  readonly records: readonly CallRecord[]
  /** The trace that the frame belongs to; absent unless the server's host records and samples traces. */
  readonly trace?: FrameTrace
}

/** The trace context of a `call:event` frame: the second argument of the message, which older clients ignore. */
export interface FrameTrace {
  /** The server's span in the format of W3C Trace Context, always sampled. */
  readonly traceparent: string
}

/**
 * `CallEventFrame` in its encoding on the socket: the channel from the `call:watch` reply, the sequence number of the
 * first event, and the events.
 */
export type WireEventFrame = readonly [channel: number, seq: number, ...events: CallEvent[]]

/**
 * The beacon: the last sequence number of each watched call, and the health of the server's store. The server sends it
 * every few seconds and at every change of that health.
 */
export interface CallHeadFrame {
  readonly now: string
  readonly heads: readonly { readonly call_id: string; readonly epoch: string; readonly seq: number }[]
  /**
   * Whether the server cannot reach its store. The client's state stays valid, but no new events arrive until the store
   * is back. The value of a new socket is `false`; an absent value means no change.
   */
  readonly degraded?: boolean
}

/** The summaries of new and changed calls, and the ids of calls that were removed from the list. */
export interface CallsEventFrame {
  readonly calls: readonly CallSummary[]
  readonly gone: readonly string[]
}

/** A permission of a ticket: `view` a call, run a `gather`, or run an `assistant` and whisper to it. */
export type Scope = 'view' | 'gather' | 'assistant'

/** The `auth` object of a socket.io connection. */
export interface SocketAuth {
  readonly ticket: string
  /** `PROTOCOL_VERSION` of the client. The server checks it before the ticket. */
  readonly protocol: number
}

/** The messages from a client to the server. */
export interface ClientToServer {
  'call:watch': (request: { call_id: string; cursor?: Cursor }, reply: (reply: WireWatchReply) => void) => void
  'call:unwatch': (request: { call_id: string }) => void
  'calls:watch': (request: Record<string, never>, reply: (reply: CallsReply) => void) => void
  'calls:unwatch': (request: Record<string, never>) => void
  'ticket:refresh': (request: { ticket: string }, reply: (reply: TicketReply) => void) => void
}

/** The messages from the server to a client. */
export interface ServerToClient {
  'call:event': (frame: WireEventFrame, trace?: FrameTrace) => void
  'call:head': (frame: CallHeadFrame) => void
  'calls:event': (frame: CallsEventFrame) => void
  /** Why the server is about to close the connection. */
  error: (error: SocketError) => void
}
