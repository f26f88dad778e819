import { GatherError, type HostWrapUpSavedEvent, type SocketError } from '@callgather/protocol'
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo } from 'react'
import { changeRecord, deleteRecord, readRecord } from '../client/agent-storage.ts'
import { publishHostEvent } from '../client/client-events.ts'
import type { CallFeed, SyncStatus } from '../client/feed.ts'
import { gatherKeys } from '../query/keys.ts'
import { Remembered, useCallMemory, useRemembered } from './call-memory.ts'
import { useCallId } from './call-scope.tsx'
import { itemsOf } from './host-facts.ts'
import { useGatherClient } from './provider.tsx'
import { useAgentSubject } from './use-agent-subject.ts'
import { useCall } from './use-call.ts'
import { summaryOf, type WrapUpSummary } from './wrap-up-summary.ts'

/** A finished wrap-up: the summary of the call, and what the agent entered. */
export interface WrapUpRecord extends WrapUpSummary {
  /** The agent's note, without leading and trailing spaces. Empty if there is none. */
  readonly note: string
  /** The `id` of the chosen disposition; `null` if none is chosen. */
  readonly disposition: string | null
}

/** The options of `useWrapUp`. */
export interface UseWrapUpOptions {
  /**
   * Receives the finished wrap-up. Default: saves its note and disposition on the server. The draft is kept until the
   * returned promise resolves. It stays after a rejection, and if the promise does not settle within 30 seconds.
   */
  onWrapUp?: ((record: WrapUpRecord) => unknown) | undefined
}

/** The wrap-up of a call. */
export interface UseWrapUpResult {
  /**
   * `connecting`: the call state has not arrived yet. `live`: the call goes on; the draft can be written already.
   * `open`: the call ended. `saving`: `onWrapUp` runs. `failed`: it threw, rejected, or did not settle within 30
   * seconds; see `failure`. `done`: it resolved, or the server has a wrap-up of this call, perhaps of another agent.
   * `note` and `disposition` are then the saved ones.
   */
  readonly status: 'connecting' | 'live' | 'open' | 'saving' | 'failed' | 'done'
  /** A summary of the call. */
  readonly summary: WrapUpSummary
  /** The note of the agent. */
  readonly note: string
  /** The id of the disposition; `null` if none is chosen. */
  readonly disposition: string | null
  /** Changes the note of the draft. */
  readonly setNote: (note: string) => void
  /** Changes the disposition of the draft. */
  readonly setDisposition: (disposition: string | null) => void
  /**
   * Passes the record to `onWrapUp`, then publishes the host event `wrap-up-saved`. Resolves when `status` has changed.
   * Does nothing unless `open` or `failed`.
   */
  readonly complete: () => Promise<void>
  /** What `onWrapUp` threw or rejected with, or the error of its timeout; `null` if it did not fail. */
  readonly failure: unknown
  /** How current the call state is. Unless it is `live`, the state may be out of date. */
  readonly sync: SyncStatus
  /** Why updates have stopped; then the values are the last known ones. `null` while updates arrive. */
  readonly error: SocketError | null
}

interface Draft {
  readonly note: string
  readonly disposition: string | null
  readonly progress: 'open' | 'saving' | 'failed' | 'done'
  readonly failure: unknown
  /** Whether the agent changed the draft on this page. Only then is it newer than the stored draft. */
  readonly isChanged: boolean
}

const SAVE_TIMEOUT_MS = 30_000
const timeoutError = () => new Error('CallGather: the wrap-up timed out. Save it again.')

const noDraft: Draft = { note: '', disposition: null, progress: 'open', failure: null, isChanged: false }
const drafts = new Remembered<Draft>(noDraft)

/**
 * Returns the wrap-up of a call: its summary, and the agent's note and disposition. The draft survives a reload and a
 * closed tab. The browser stores it for this agent and call, until the wrap-up is done, the client is closed, another
 * agent signs in, or 24 hours have passed.
 */
export function useWrapUp(callId?: string, options?: UseWrapUpOptions): UseWrapUpResult
export function useWrapUp(options: UseWrapUpOptions): UseWrapUpResult
export function useWrapUp(first?: string | UseWrapUpOptions, second?: UseWrapUpOptions): UseWrapUpResult {
  const client = useGatherClient()
  const cache = useQueryClient()
  const callId = useCallId(typeof first === 'object' ? undefined : first)
  const { onWrapUp } = (typeof first === 'object' ? first : second) ?? {}
  const slice = useCall(callId, wrapUpSlice)
  const [draft, change, memory] = useRemembered(callId, drafts)
  useStoredDraft(callId, draft, change)
  const { summary } = slice
  const isSaved = slice.saved !== null
  const complete = useCallback(async () => {
    const { note, disposition, progress } = drafts.read(memory)
    if (summary.endedAt === null || isSaved || progress === 'saving' || progress === 'done') return
    const isSameAgent = memory.mark()
    const record = { ...summary, note: note.trim(), disposition }
    change((known) => ({ ...known, progress: 'saving', failure: null }))
    let settled: Partial<Draft> = { progress: 'done', isChanged: true }
    try {
      await Promise.race([
        onWrapUp ? onWrapUp(record) : client.wrapUp(record.callId, record),
        new Promise((_, reject) => client.clock.setTimeout(() => reject(timeoutError()), SAVE_TIMEOUT_MS)),
      ])
    } catch (failure) {
      settled = { progress: 'failed', failure }
      // Another agent may have wrapped up the call after the end of its subscription.
      if (GatherError.isInstance(failure) && failure.status === 422)
        cache.refetchQueries({ queryKey: gatherKeys.call(client, record.callId) }).catch(() => {})
    }
    if (!isSameAgent()) return
    change((known) => ({ ...known, ...settled }))
    const { endedAt } = summary
    if (settled.progress === 'done')
      publishHostEvent(client.session, savedEvent({ ...record, endedAt }, client.clock.now()))
  }, [summary, isSaved, onWrapUp, change, memory, client, cache])
  return useMemo(() => {
    const { isKnown, saved, ...rest } = slice
    const { note, disposition, progress, failure } = draft
    const phase = isKnown ? 'live' : 'connecting'
    return {
      ...rest,
      status: saved ? 'done' : progress === 'open' && summary.endedAt === null ? phase : progress,
      note: saved?.note ?? note,
      disposition: saved ? saved.disposition : disposition,
      failure,
      setNote: (next) => change((known) => ({ ...known, note: next, isChanged: true })),
      setDisposition: (next) => change((known) => ({ ...known, disposition: next, isChanged: true })),
      complete,
    }
  }, [slice, draft, summary, change, complete])
}

function wrapUpSlice({ state, sync, cursor, error }: CallFeed) {
  return { summary: summaryOf(state), saved: state.wrapUp, isKnown: cursor !== null, sync, error: error ?? null }
}

function savedEvent(record: WrapUpRecord & { endedAt: string }, now: number): HostWrapUpSavedEvent {
  const { callId, sessionId, from, to, direction, startedAt, endedAt, note, disposition, collected } = record
  const call = { callId, sessionId, from, to, direction }
  const wrapUp = { note, disposition, collected: itemsOf(collected), startedAt, endedAt }
  return { type: 'wrap-up-saved', ...call, ...wrapUp, at: new Date(now).toISOString() }
}

/** Restores the draft of a call from the browser's storage, and stores its changes. */
function useStoredDraft(callId: string, draft: Draft, change: (change: (known: Draft) => Draft) => void): void {
  const subject = useAgentSubject(useGatherClient())
  const memory = useCallMemory(callId)
  useEffect(() => {
    if (subject === null) return
    const isSameAgent = memory.mark()
    readRecord([subject, 'wrapUp', callId])
      .then((stored) => {
        if (isSameAgent()) change((known) => (known.isChanged ? known : { ...known, ...parseStored(stored) }))
      })
      .catch(() => {})
  }, [subject, callId, memory, change])
  const { note, disposition, isChanged } = draft
  const isDone = draft.progress === 'done'
  useEffect(() => {
    if (subject === null || !isChanged) return
    const key = [subject, 'wrapUp', callId] as const
    const isEmpty = note === '' && disposition === null && !isDone
    const stored = isEmpty ? deleteRecord(key) : changeRecord(key, () => (isDone ? { isDone } : { note, disposition }))
    stored.catch(() => {})
  }, [subject, callId, note, disposition, isDone, isChanged])
}

/** Reads a stored draft. A later version of this package may have written it in another shape. */
function parseStored(stored: unknown): Partial<Draft> {
  if (typeof stored !== 'object' || stored === null) return {}
  if ('isDone' in stored) return { progress: 'done' }
  return {
    note: 'note' in stored && typeof stored.note === 'string' ? stored.note : '',
    disposition: 'disposition' in stored && typeof stored.disposition === 'string' ? stored.disposition : null,
  }
}
