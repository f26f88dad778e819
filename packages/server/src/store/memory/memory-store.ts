/**
 * Call logs in memory, for tests, demos and development. Each start creates new epochs, so that clients which reconnect
 * after a restart get a snapshot.
 */
import { randomUUID } from 'node:crypto'
import type { CallRecord } from '@callgather/protocol'
import { localBus } from '../bus.ts'
import {
  type CallListing,
  type CallStage,
  type CallStore,
  type Duplicate,
  isSameHead,
  type Revocation,
  StoreUnavailableError,
} from '../call-store.ts'
import { parseRecords } from '../stored-event.ts'

interface Log {
  readonly callId: string
  readonly epoch: string
  /** The events as JSON, as other stores keep them: one text is cheaper to keep than an object with its fields. */
  readonly events: string[]
  /** The digest of each event, by event id. */
  readonly digests: Map<string, string | undefined>
  updatedAt: number
  sessionId: string | undefined
  stage: CallStage | null
}

/** Options of a memory store. */
export interface MemoryStoreOptions {
  /** The clock, in milliseconds. Default `Date.now`. */
  readonly now?: () => number
}

/** Creates a store in memory, which loses all calls when the process ends. */
export function memoryStore({ now = Date.now }: MemoryStoreOptions = {}): CallStore {
  const logs = new Map<string, Log>()
  /** The call ids of each session, by session id. */
  const legs = new Map<string, Set<string>>()
  const { subscriptions, publish, publishRevocation } = localBus()
  let revocations: readonly Revocation[] = []

  let closed = false
  const open = () => {
    if (closed) throw new StoreUnavailableError('The store is closed.')
  }

  /** Moves a call to a session; without `sessionId`, removes it from its session. */
  const join = (callId: string, log: Log, sessionId?: string) => {
    if (log.sessionId === sessionId) return
    const others = legs.get(log.sessionId ?? '')
    others?.delete(callId)
    if (others?.size === 0) legs.delete(log.sessionId ?? '')
    log.sessionId = sessionId
    if (sessionId !== undefined) legs.set(sessionId, (legs.get(sessionId) ?? new Set()).add(callId))
  }

  return {
    isShared: false,

    async append(callId, events, { sessionId, expectedHead, isOver = false, traceparent } = {}) {
      open()
      const log: Log = logs.get(callId) ?? {
        callId,
        epoch: randomUUID(),
        events: [],
        digests: new Map(),
        updatedAt: now(),
        sessionId: undefined,
        stage: null,
      }
      const records: CallRecord[] = []
      const duplicates: Duplicate[] = []
      const head = logs.has(callId) ? { epoch: log.epoch, seq: log.events.length } : null
      if (
        expectedHead !== undefined &&
        !isSameHead(head, expectedHead) &&
        events.some(({ event }) => !log.digests.has(event.id))
      ) {
        return { isStale: true, epoch: log.epoch, records, duplicates }
      }
      for (const { event, digest } of events) {
        if (log.digests.has(event.id)) {
          const known = log.digests.get(event.id)
          duplicates.push({ id: event.id, isConflict: known !== digest })
          continue
        }
        log.digests.set(event.id, digest)
        log.events.push(JSON.stringify(event))
        records.push({ seq: log.events.length, event })
      }
      if (records.length > 0) {
        log.updatedAt = now()
        log.stage = isOver ? 'ended' : 'live'
        // Re-inserting keeps the map sorted by the time of the last append.
        logs.delete(callId)
        logs.set(callId, log)
        publish({ kind: 'appended', callId, epoch: log.epoch, records, traceparent })
      }
      if (sessionId !== undefined && logs.has(callId)) join(callId, log, sessionId)
      return { isStale: false, epoch: log.epoch, records, duplicates }
    },

    async listLegs(sessionId) {
      return [...(legs.get(sessionId) ?? [])]
    },

    async read(callId, after, limit = Number.POSITIVE_INFINITY) {
      const log = logs.get(callId)
      return log ? { epoch: log.epoch, records: parseRecords(log.events.slice(after, after + limit), after) } : null
    },

    async readJson(callId, after, limit = Number.POSITIVE_INFINITY) {
      const log = logs.get(callId)
      return log ? { epoch: log.epoch, events: log.events.slice(after, after + limit) } : null
    },

    async has(callId, eventId) {
      return logs.get(callId)?.digests.has(eventId) ?? false
    },

    async head(callId) {
      const log = logs.get(callId)
      return log ? { epoch: log.epoch, seq: log.events.length } : null
    },

    async list({ limit, offset = 0, stage, since = 0, before = Number.POSITIVE_INFINITY, order = 'newest' }) {
      const found: CallListing[] = []
      let skipped = 0
      for (const log of order === 'newest' ? [...logs.values()].reverse() : logs.values()) {
        if (found.length >= limit) break
        const { callId, updatedAt } = log
        if (updatedAt < since || updatedAt >= before || (stage !== undefined && log.stage !== stage)) continue
        if (skipped++ >= offset) found.push({ callId, updatedAt })
      }
      return found
    },

    ...subscriptions,

    async rewrite(callId, { epoch, seq }, changed) {
      open()
      const log = logs.get(callId)
      if (!log || log.epoch !== epoch || log.events.length !== seq) return false
      log.stage = null
      const last = changed.at(-1)
      if (!last) return true
      const events = [...log.events]
      for (const { seq, event } of changed) events[seq - 1] = JSON.stringify(event)
      const rewritten = { ...log, epoch: randomUUID(), events }
      // Setting an existing key keeps its place in the order, because the log has not grown.
      logs.set(callId, rewritten)
      publish({ kind: 'appended', callId, epoch: rewritten.epoch, records: [last] })
      return true
    },

    async forget(callId, before = Number.POSITIVE_INFINITY) {
      const log = logs.get(callId)
      if (!log || log.updatedAt >= before) return false
      join(callId, log)
      logs.delete(callId)
      publish({ kind: 'forgotten', callId })
      return true
    },

    async revoke(revocation) {
      open()
      const others = revocations.filter(({ id, at, until }) => {
        return until > now() && (id !== revocation.id || at !== revocation.at)
      })
      revocations = [...others, revocation]
      publishRevocation(revocation)
    },

    async listRevocations(moment) {
      return revocations.filter(({ until }) => until > moment)
    },

    async ping() {
      open()
    },

    async close() {
      closed = true
    },
  }
}
