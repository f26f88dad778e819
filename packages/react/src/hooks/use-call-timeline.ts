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

/** The history of a call, for a timeline. Its arrays are built on first read. */
export interface UseCallTimelineResult {
  /** The phase of the call. */
  readonly phase: CallPhase
  /** All entries of the call's history, in order. An unchanged entry keeps its identity. */
  readonly entries: readonly TimelineEntry[]
  /** All gathers of the call, oldest first. */
  readonly gathers: readonly TimelineGather[]
  /** All conversations with an AI, oldest first. */
  readonly conversations: readonly TimelineConversation[]
  /** All commands that were sent to the call, oldest first. */
  readonly commands: readonly CommandState[]
  /** When the call started: ISO 8601, UTC; `null` until it is known. */
  readonly startedAt: string | null
  /** When the call was answered: ISO 8601, UTC; `null` if it was not answered. */
  readonly answeredAt: string | null
  /** When the call ended: ISO 8601, UTC; `null` during the call. */
  readonly endedAt: string | null
  /** The server's clock minus the browser's clock, in milliseconds. */
  readonly clockOffsetMs: number
  /** How current the call state is. Unless it is `live`, the state may be out of date. */
  readonly sync: SyncStatus
  /** Why updates have stopped; then the values are the last known ones. `null` while updates arrive. */
  readonly error: SocketError | null
}

/** Returns the history of a call: its entries, gathers, conversations and commands with their times. */
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
