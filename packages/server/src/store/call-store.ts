/**
 * The port for call logs. A store keeps the logs and notifies every node of changes.
 *
 * A log holds events in append order, numbered from 1 without gaps, under an `epoch`. The epoch changes whenever the log
 * may have lost events, which invalidates every older cursor. Engines pass `call-store.contract.ts`.
 */
import type { CallEvent, CallRecord, Cursor } from '@callgather/protocol'

/** An event to be appended. */
export interface NewEvent {
  readonly event: CallEvent
  /**
   * A keyed digest of the event's source. An event with a known id is a duplicate; if its digest differs, it is a
   * conflict. An unkeyed hash beside a masked record would reveal the masked digits by brute force.
   */
  readonly digest?: string
}

/** The conditions of an append, and the data that the store keeps with the call. */
export interface AppendOptions {
  /** The session of the call, which replaces an earlier session. `listLegs` has the call when the append resolves. */
  readonly sessionId?: string | undefined
  /**
   * The head of the log when the events were made; `null` where there was no log. If the head differs and an event is
   * new, the store appends nothing and returns `isStale`. Default: append at any head.
   */
  readonly expectedHead?: Cursor | null | undefined
  /** Whether the call is over after these events, which decides the `stage` of its listing. Default false. */
  readonly isOver?: boolean | undefined
  /**
   * The W3C trace context of the append. The store publishes it with the records, and never stores it. Default: none.
   */
  readonly traceparent?: string | undefined
}

/** The result of an append. Unless it was stale, each event has a new record or is a duplicate. */
export interface AppendResult {
  /** Whether the head of the log is not `expectedHead`. Then nothing was appended, and both lists are empty. */
  readonly isStale: boolean
  readonly epoch: string
  readonly records: readonly CallRecord[]
  readonly duplicates: readonly Duplicate[]
}

/** An event whose id was already in the log. */
export interface Duplicate {
  readonly id: string
  /** Whether the digests differ: two different events have the same id. */
  readonly isConflict: boolean
}

/** Consecutive records of a call's log, with the log's head. */
export interface LogSlice {
  readonly epoch: string
  readonly records: readonly CallRecord[]
}

/** A `LogSlice` with each event as JSON text. The text of a damaged or missing record may be invalid or empty. */
export interface JsonLogSlice {
  readonly epoch: string
  readonly events: readonly string[]
}

/** Turns events into records, with sequence numbers from `after + 1`. */
export const numberEvents = (after: number, events: readonly CallEvent[]): CallRecord[] =>
  events.map((event, index) => ({ seq: after + 1 + index, event }))

/** Whether the head of a log is the head that an append expects. */
export const isSameHead = (head: Cursor | null, at: Cursor | null): boolean =>
  head?.epoch === at?.epoch && head?.seq === at?.seq

/** An entry in the list of calls. */
export interface CallListing {
  readonly callId: string
  /** When the call's log last grew, by the store's clock, in milliseconds. */
  readonly updatedAt: number
}

/**
 * The stage of a call. `live`: not known to be over. `ended`: over. `rewrite` removes a call from its
 * stage until its log grows again, so each stage is an index of the calls that retention must still process.
 */
export type CallStage = 'live' | 'ended'

/** Which calls to list. */
export interface ListOptions {
  readonly limit: number
  /** How many calls to skip. Default 0. */
  readonly offset?: number
  /** Only the calls in this stage. Default: all calls. */
  readonly stage?: CallStage
  /** Only calls whose logs last grew at this time or later, in milliseconds. */
  readonly since?: number
  /** Only calls whose logs last grew before this time, in milliseconds. */
  readonly before?: number
  /** The order of the calls, by the time of their last append. Default `newest` first. */
  readonly order?: 'newest' | 'oldest'
}

/** A change that a store publishes to its subscribers on every node. */
export type StoreChange =
  | {
      readonly kind: 'appended'
      readonly callId: string
      readonly epoch: string
      readonly records: readonly CallRecord[]
      /** The trace context of the append, if it has one. An engine may omit it: the trace then ends at the append. */
      readonly traceparent?: string | undefined
    }
  | { readonly kind: 'forgotten'; readonly callId: string }

/** A revocation, valid on every node. The store does not interpret the id. */
export interface Revocation {
  readonly id: string
  /** When the revocation was made, in milliseconds since 1970. */
  readonly at: number
  /** When the store may drop the revocation, in milliseconds since 1970: all tickets that it revokes have expired. */
  readonly until: number
}

/** Ends a subscription. */
export type Unsubscribe = () => void

/** Keeps call logs. Every method may fail with `StoreUnavailableError`, which means that nothing was changed. */
export interface CallStore {
  /**
   * Whether other processes append to the same logs. If so, a cached call may be stale, and the server catches up before
   * it decides anything from it.
   */
  readonly isShared: boolean

  /**
   * Appends events to the log of a call, in order, in one atomic step across all nodes. Skips events whose id is in the
   * log and numbers the others without gaps. Resolves when they are durable. Appends to two calls are independent.
   */
  append(callId: string, events: readonly NewEvent[], options?: AppendOptions): Promise<AppendResult>

  /** Returns the call ids of a session's legs, on every node, except erased calls. */
  listLegs(sessionId: string): Promise<readonly string[]>

  /** Returns the records of a call after a sequence number, oldest first; `null` when the call does not exist. */
  read(callId: string, after: number, limit?: number): Promise<LogSlice | null>

  /** Like `read`, but returns the JSON of the events, so that a relay need not parse it. */
  readJson(callId: string, after: number, limit?: number): Promise<JsonLogSlice | null>

  /** Returns whether a call's log has an event with this id, in a time that does not depend on the log's length. */
  has(callId: string, eventId: string): Promise<boolean>

  /** Returns the epoch and last sequence number of a call's log; `null` when the call does not exist. */
  head(callId: string): Promise<Cursor | null>

  /** Lists calls by the time of their last append. A listed call may be erased or expired meanwhile. */
  list(options: ListOptions): Promise<readonly CallListing[]>

  /**
   * Subscribes to the changes of one call, from any node, in order, after they are durable. A change may be delivered
   * twice or lost by the engine's bus; sequence numbers reveal both.
   */
  subscribe(callId: string, listener: (change: StoreChange) => void): Promise<Unsubscribe>

  /** Subscribes to the changes of all calls, in order within each call. The records may be omitted. */
  subscribeAll(listener: (change: StoreChange) => void): Promise<Unsubscribe>

  /**
   * Replaces the content of events in one atomic step, if the log still ends at `head`. Returns whether it did. Keeps
   * sequence numbers, ids, digests and the time of the last append, but changes the epoch. Leaves nothing of the old
   * content. The call leaves its stage until its log grows.
   */
  rewrite(callId: string, head: Cursor, records: readonly CallRecord[]): Promise<boolean>

  /**
   * Erases a call and its log, unless the log has grown at `before` (in milliseconds) or later. Returns whether anything
   * was erased.
   */
  forget(callId: string, before?: number): Promise<boolean>

  /**
   * Keeps a revocation until its `until` and publishes it to every node. A known revocation changes nothing; the store
   * keeps several revocations under one id.
   */
  revoke(revocation: Revocation): Promise<void>

  /** Returns the revocations that have not expired at `now`, in milliseconds. */
  listRevocations(now: number): Promise<readonly Revocation[]>

  /** Subscribes to revocations from every node. The engine's bus may deliver a revocation twice or lose it. */
  subscribeRevocations(listener: (revocation: Revocation) => void): Promise<Unsubscribe>

  /** Makes a durable write to check the store. Fails with `StoreUnavailableError` when the store can't take an append. */
  ping(): Promise<void>

  /** Finishes pending writes, then closes files and connections. */
  close(): Promise<void>
}

const marker = Symbol.for('callgather.store-unavailable')

/** The store is unavailable. Nothing was changed, and a retry may succeed. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError'

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    Object.defineProperty(this, marker, { value: true })
  }

  /** Recognises the error by a marker property, because `instanceof` fails across two copies of the package. */
  static isInstance(error: unknown): error is StoreUnavailableError {
    return error instanceof Error && marker in error
  }
}
