import type { CallState, PlaybackEntry } from '@callgather/protocol'
import type { CallFeed } from '../client/feed.ts'
import { useCall } from './use-call.ts'

/** The result of `usePlayback`: the latest prompt, played from a file or spoken. */
export interface UsePlaybackResult {
  /** Whether a prompt plays now, by the events that Telnyx has sent. */
  readonly playing: boolean
  /** The kind of the prompt: an audio file or speech; `null` if the call has had no prompt. */
  readonly what: PlaybackEntry['source'] | null
  /** The URL or name of the audio file; `null` if Telnyx did not send it. */
  readonly media: string | null
  /** The id of the gather that the prompt belongs to; `null` if it belongs to none. */
  readonly gatherId: string | null
  /** When the prompt started: ISO 8601, UTC; `null` if it is not known. */
  readonly startedAt: string | null
  /** When the prompt ended: ISO 8601, UTC; `null` while it plays. */
  readonly endedAt: string | null
  /** How the prompt ended: Telnyx's status, such as `completed` or `cancelled`; an open list. */
  readonly outcome: string | null
}

/** Returns the prompt that the caller hears now, or the last prompt. */
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

/** Returns when an ended prompt started; `null` unless the prompt belongs to a gather. */
function startOf(end: PlaybackEntry, gathers: CallState['gathers']): string | null {
  const plays = end.gatherId === null ? undefined : gathers.get(end.gatherId)?.plays
  if (!plays) return null
  const before = plays.at(plays.rank(end.stamp) - 1)
  return before?.edge === 'started' ? before.at : null
}
