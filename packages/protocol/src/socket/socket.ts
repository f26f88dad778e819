/** The conversation over the socket, typed for both ends (`Server<ClientToServer, ServerToClient>`). */
import type { CallEvent } from '../events/event.ts'
import type { CallSummary } from '../views/summary.ts'

/** An event and its place in the log of its call. */
export interface CallRecord {
  /** From 1, without gaps. */
  readonly seq: number
  readonly event: CallEvent
}

/** A place in a call's log: everything up to and including `seq` is known, under this `epoch`. */
export interface Cursor {
  readonly epoch: string
  readonly seq: number
}

/** How a request over the socket was refused, in Telnyx's words. */
export interface SocketError {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail?: string
}

/** A refused request. */
export interface SocketRefusal {
  readonly ok: false
  readonly error: SocketError
}

/**
 * The answer to `call:watch`: the whole log as a snapshot, or all of it after the cursor as a delta. Never a part: live
 * events follow at exactly `cursor.seq + 1`.
 */
export type WatchReply =
  | {
      readonly ok: true
      readonly kind: 'snapshot' | 'delta'
      readonly cursor: Cursor
      readonly records: readonly CallRecord[]
      /** The server's clock. */
      readonly now: string
      /** What the ticket allows on this call. */
      readonly scopes: readonly Scope[]
      /** Whose ticket it is: a browser that two agents share must notice where the ticket itself does not say. */
      readonly subject?: string
    }
  | SocketRefusal

/**
 * `WatchReply` as it crosses the socket. `channel` stands for the call and its epoch in the frames that follow.
 * `events` is the JSON of an array of events, of which the last is at `cursor`: text, because that is what stores keep,
 * and a long call is sent without being parsed and encoded again.
 */
export type WireWatchReply =
  | (Omit<Extract<WatchReply, { ok: true }>, 'records'> & { readonly channel: number; readonly events: string })
  | SocketRefusal

/** The answer to `calls:watch`. */
export type CallsReply =
  | {
      readonly ok: true
      readonly now: string
      /** Live calls before ended ones, each newest first. */
      readonly calls: readonly CallSummary[]
      /** The ticket covers more calls than are listed. */
      readonly truncated?: true
      /** Whose ticket it is. */
      readonly subject?: string
    }
  | SocketRefusal

/** The answer to `ticket:refresh`. */
export type TicketReply = { readonly ok: true; readonly expires_at: string } | SocketRefusal

/** What was appended to a watched call, in order. */
export interface CallEventFrame {
  readonly call_id: string
  readonly epoch: string
  readonly records: readonly CallRecord[]
}

/**
 * `CallEventFrame` as it crosses the socket: the channel from the `call:watch` reply, the sequence number of the
 * first event, and the events.
 */
export type WireEventFrame = readonly [channel: number, seq: number, ...events: CallEvent[]]

/** The beacon: the last sequence number of each watched call, and the health of the store. Sent every few seconds and at
 * every change. */
export interface CallHeadFrame {
  readonly now: string
  readonly heads: readonly { readonly call_id: string; readonly epoch: string; readonly seq: number }[]
  /**
   * Whether the server's store is away: what is known stays true, and nothing new can come until it is back. A socket
   * begins with false; where this is left out, nothing has changed.
   */
  readonly degraded?: boolean
}

/** Calls that are new or have changed, and those that are gone. */
export interface CallsEventFrame {
  readonly calls: readonly CallSummary[]
  readonly gone: readonly string[]
}

/** What a ticket may allow: to see a call; to gather; to whisper to and run assistants; to see hidden details. */
export type Scope = 'view' | 'gather' | 'assistant'

/** What a client sends in socket.io's `auth` when it connects. */
export interface SocketAuth {
  readonly ticket: string
  /** `PROTOCOL_VERSION` of the client; checked before anything else. */
  readonly protocol: number
}

/** The messages of a client. */
export interface ClientToServer {
  'call:watch': (request: { call_id: string; cursor?: Cursor }, reply: (reply: WireWatchReply) => void) => void
  'call:unwatch': (request: { call_id: string }) => void
  'calls:watch': (request: Record<string, never>, reply: (reply: CallsReply) => void) => void
  'calls:unwatch': (request: Record<string, never>) => void
  'ticket:refresh': (request: { ticket: string }, reply: (reply: TicketReply) => void) => void
}

/** The messages of a server. */
export interface ServerToClient {
  'call:event': (frame: WireEventFrame) => void
  'call:head': (frame: CallHeadFrame) => void
  'calls:event': (frame: CallsEventFrame) => void
  /** Why the server is about to close the connection. */
  error: (error: SocketError) => void
}
