import {
  type CallPhase,
  type CallState,
  type CommandState,
  type SocketError,
  selectCallEndedAt,
  selectCallPhase,
  type TimelineEntry,
} from '@callgather/protocol'
import { useMemo } from 'react'
import type { CallFeed, SyncStatus } from '../client/feed.ts'
import {
  commandsOf,
  conversationsOf,
  entriesOf,
  gathersOf,
  type TimelineConversation,
  type TimelineGather,
} from './arrays.ts'
import { useCall } from './use-call.ts'

/** A call laid out in time. Arrays are built when they are first read. */
export interface UseCallTimelineResult {
  readonly phase: CallPhase
  /** Everything that happened, in order. An entry that did not change is the same object. */
  readonly entries: readonly TimelineEntry[]
  readonly gathers: readonly TimelineGather[]
  readonly conversations: readonly TimelineConversation[]
  readonly commands: readonly CommandState[]
  /** ISO 8601; `null` until it is known. */
  readonly startedAt: string | null
  readonly answeredAt: string | null
  readonly endedAt: string | null
  /** The server's clock minus the browser's. */
  readonly clockOffsetMs: number
  readonly sync: SyncStatus
  readonly error: SocketError | null
}

/** Everything that happened on a call, and when. */
export function useCallTimeline(callId?: string): UseCallTimelineResult {
  const slice = useCall(callId, timelineSlice)
  return useMemo(() => {
    const { timeline, gathers, conversations, commands, ...times } = slice
    return {
      ...times,
      get entries() {
        return entriesOf(timeline)
      },
      get gathers() {
        return gathersOf(gathers)
      },
      get conversations() {
        return conversationsOf(conversations)
      },
      get commands() {
        return commandsOf(commands)
      },
    }
  }, [slice])
}

function timelineSlice({ state, sync, error, clockOffsetMs }: CallFeed) {
  const { timeline, gathers, conversations, commands } = state
  return {
    timeline,
    gathers,
    conversations,
    commands,
    phase: selectCallPhase(state),
    startedAt: startedAt(state),
    answeredAt: state.answered?.at ?? null,
    endedAt: selectCallEndedAt(state),
    clockOffsetMs,
    sync,
    error: error ?? null,
  }
}

const startedAt = ({ initiated, timeline }: CallState) => initiated?.at ?? timeline.at(0)?.at ?? null
