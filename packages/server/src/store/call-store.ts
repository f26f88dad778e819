/**
 * The port behind which call logs are kept: the log is the truth, and the store is the bus between nodes.
 *
 * A log is its events in the order they were appended, numbered from 1 without gaps, under an `epoch`. The epoch is
 * made with the log and changes whenever the log may have lost something, so that nothing known under an old epoch is
 * ever trusted. Every engine passes the same contract suite (`call-store.contract.ts`); an engine needs no knowledge
 * of what events mean.
 */
import type { CallEvent, CallRecord, Cursor } from '@callgather/protocol'

/** An event to be appended. */
export interface NewEvent {
  readonly event: CallEvent
  /**
   * A keyed digest of what the event was made from. A second event under a known id is a duplicate; if its digest
   * differs, it is a conflict. Keyed, because an unkeyed hash beside a masked record gives the secret away.
   */
  readonly digest?: string
}

/** How an append is made, and what is kept with the call beside its log. */
export interface AppendOptions {
  /** The session that the call is a leg of, known to `listLegs` when the append resolves. The last one given counts. */
  readonly sessionId?: string | undefined
  /**
   * Where the log ended when the events were made; `null` where there was none. If it ends elsewhere by now, nothing is
   * appended: the events were made from less than is known. What the log has already is answered all the same, because
   * there is nothing to append. Absent, it does not matter where the log ends.
   */
  readonly expectedHead?: Cursor | null | undefined
  /** Whether the call is over once the events are in its log: the `stage` it is listed under. Default false. */
  readonly isOver?: boolean | undefined
}

/**
 * What became of an append: each event is either in the log now, under a new number, or was there already; or the log
 * had moved, and nothing was appended.
 */
export interface AppendResult {
  /** The log ends elsewhere than `at`: neither records nor duplicates are told. */
  readonly isStale: boolean
  readonly epoch: string
  readonly records: readonly CallRecord[]
  readonly duplicates: readonly Duplicate[]
}

/** An event whose id was already in the log. */
export interface Duplicate {
  readonly id: string
  /** The digests differ: the same id was given to two different events. */
  readonly isConflict: boolean
}

/** A part of a log. */
export interface LogSlice {
  readonly epoch: string
  readonly records: readonly CallRecord[]
}

/**
 * A part of a log as it was stored: the JSON of each event. Where a record is missing or damaged the text is whatever
 * the engine has, or empty: read it with `stored-event.ts`.
 */
export interface JsonLogSlice {
  readonly epoch: string
  readonly events: readonly string[]
}

/** Gives events the numbers after one. */
export const numberEvents = (after: number, events: readonly CallEvent[]): CallRecord[] =>
  events.map((event, index) => ({ seq: after + 1 + index, event }))

/** Whether a log that reaches as far as `head` ends where an append expects it to. */
export const isSameHead = (head: Cursor | null, at: Cursor | null): boolean =>
  head?.epoch === at?.epoch && head?.seq === at?.seq

/** One line of the list of calls. */
export interface CallListing {
  readonly callId: string
  /** When its log last grew, by the store's clock, in milliseconds. */
  readonly updatedAt: number
}

/**
 * `live`: not known to be over. `ended`: over. `rewrite` takes a call out of its stage until its log grows again, so
 * each stage is an index of the calls that still need work.
 */
export type CallStage = 'live' | 'ended'

/** Which calls are listed. */
export interface ListOptions {
  readonly limit: number
  /** How many of them are skipped. Default 0. */
  readonly offset?: number
  /** Only the calls in this stage. Default: all calls. */
  readonly stage?: CallStage
  /** Only calls whose logs last grew at this moment or later, in milliseconds. */
  readonly since?: number
  /** Only calls whose logs last grew before this moment, in milliseconds. */
  readonly before?: number
  /** By the time of their last growth. Default `newest` first. */
  readonly order?: 'newest' | 'oldest'
}

/** What a store tells its watchers, on every node. */
export type StoreChange =
  | {
      readonly kind: 'appended'
      readonly callId: string
      readonly epoch: string
      readonly records: readonly CallRecord[]
    }
  | { readonly kind: 'forgotten'; readonly callId: string }

/** Something that is no longer good on any node. What the id means is known to whoever made it. */
export interface Revocation {
  readonly id: string
  /** From when on, in milliseconds. */
  readonly at: number
  /** How long it must be remembered, in milliseconds: until nothing it ends could be valid any more. */
  readonly until: number
}

/** Stops what was begun. */
export type Unsubscribe = () => void

/** Where call logs are kept. Every method may fail with `StoreUnavailableError`; then nothing was changed. */
export interface CallStore {
  /**
   * Whether other processes append to the same logs. If so, what is known of a call may be less than there is, and is
   * brought up to date before anything is concluded from it.
   */
  readonly isShared: boolean

  /**
   * Appends events to the log of a call, in order, in one atomic step across all nodes: an event whose id is in the
   * log already is left out, the others are numbered without gaps. Resolves only when they are durable, as far as the
   * engine is. Two calls never wait for each other's outcome.
   */
  append(callId: string, events: readonly NewEvent[], options?: AppendOptions): Promise<AppendResult>

  /** The calls that are legs of a session, as far as they are not erased. Known on every node. */
  listLegs(sessionId: string): Promise<readonly string[]>

  /** The records after a number, oldest first; `null` when there is no such call. */
  read(callId: string, after: number, limit?: number): Promise<LogSlice | null>

  /** The same, as it was written: what is only passed on need not be parsed. */
  readJson(callId: string, after: number, limit?: number): Promise<JsonLogSlice | null>

  /** Whether a call's log has the event of an id. Takes no longer in a long log than in a short one. */
  has(callId: string, eventId: string): Promise<boolean>

  /** How far a log reaches; `null` when there is no such call. */
  head(callId: string): Promise<Cursor | null>

  /** The calls whose logs grew last. A call may have been erased, or have expired, while its line was listed. */
  list(options: ListOptions): Promise<readonly CallListing[]>

  /**
   * Tells of every change to one call, on this node or another, in order, after it is durable. A change may be told
   * more than once, or be lost where the engine's bus loses it: the numbers say so.
   */
  subscribe(callId: string, listener: (change: StoreChange) => void): Promise<Unsubscribe>

  /** Tells of every change to any call, each call's in order; the records may be left out. */
  subscribeAll(listener: (change: StoreChange) => void): Promise<Unsubscribe>

  /**
   * Puts other content in the place of events, in one atomic step, if the log still ends at `head`; whether it did.
   * Numbers, ids, digests and the time of the last growth stay; the epoch changes if there is new content, so that no
   * client resumes from the old one. Of the old content nothing remains, as with `forget`. The call leaves its stage
   * until its log grows.
   */
  rewrite(callId: string, head: Cursor, records: readonly CallRecord[]): Promise<boolean>

  /**
   * Erases a call, its log and all that was derived from it, unless its log has grown at `before` (in milliseconds) or
   * later. Whether anything was erased.
   */
  forget(callId: string, before?: number): Promise<boolean>

  /**
   * Keeps a revocation until its time is up, and tells every node of it. One that is known already changes nothing; of
   * several under one id each counts.
   */
  revoke(revocation: Revocation): Promise<void>

  /** The revocations whose time is not up at a moment, in milliseconds. */
  listRevocations(now: number): Promise<readonly Revocation[]>

  /** Tells of every revocation, made on this node or another; maybe more than once, or not where the bus loses it. */
  subscribeRevocations(listener: (revocation: Revocation) => void): Promise<Unsubscribe>

  /** Whether the store can take an append now: makes a durable write. Fails with `StoreUnavailableError`. */
  ping(): Promise<void>

  /** Finishes what is under way, then lets go of files and connections. */
  close(): Promise<void>
}

const marker = Symbol.for('callgather.store-unavailable')

/** The store cannot do what was asked now; nothing was changed, and asking again later may help. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError'

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    Object.defineProperty(this, marker, { value: true })
  }

  /** Recognises the error by its mark: `instanceof` fails where two copies of a package meet. */
  static isInstance(error: unknown): error is StoreUnavailableError {
    return error instanceof Error && marker in error
  }
}
