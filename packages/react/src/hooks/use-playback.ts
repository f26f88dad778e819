import type { CallState, PlaybackEntry } from '@callgather/protocol'
import type { CallFeed } from '../client/feed.ts'
import { useCall } from './use-call.ts'

/** What is played or spoken to the caller. */
export interface UsePlaybackResult {
  /** Something plays now, as far as Telnyx has said. */
  readonly playing: boolean
  /** A file, or speech; `null` if nothing was ever played. */
  readonly what: PlaybackEntry['source'] | null
  /** The file, where Telnyx names it. */
  readonly media: string | null
  /** The gather whose prompt it is. */
  readonly gatherId: string | null
  readonly startedAt: string | null
  readonly endedAt: string | null
  /** How it ended, in Telnyx's words: `completed`, `cancelled`, … */
  readonly outcome: string | null
}

/** The prompt that is played or spoken to the caller, or was last. */
export function usePlayback(callId?: string): UsePlaybackResult {
  return useCall(callId, playbackSlice)
}

function playbackSlice({ state: { latestPlayback: last, gathers, hangup, closed } }: CallFeed): UsePlaybackResult {
  const ended = last?.edge === 'ended'
  const over = hangup !== null || closed !== null
  return {
    playing: last !== null && !ended && !over,
    what: last?.source ?? null,
    media: last?.media ?? null,
    gatherId: last?.gatherId ?? null,
    startedAt: last ? (ended ? startOf(last, gathers) : last.at) : null,
    endedAt: ended ? last.at : null,
    outcome: last?.status ?? null,
  }
}

/** When a prompt that has ended began: known where it belongs to a gather. */
function startOf(end: PlaybackEntry, gathers: CallState['gathers']): string | null {
  const plays = end.gatherId === null ? undefined : gathers.get(end.gatherId)?.plays
  if (!plays) return null
  const before = plays.at(plays.rank(end.stamp) - 1)
  return before?.edge === 'started' ? before.at : null
}
