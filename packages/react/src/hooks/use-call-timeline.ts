import {
  type CallPhase,
  type CallState,
  type CommandState,
  type ConversationState,
  callEndedAt,
  callPhase,
  type GatherState,
  type SocketError,
  type Sorted,
  type TimelineEntry,
} from '@callgather/protocol'
import type { CallFeed, SyncStatus } from '../client/feed.ts'
import { useCall } from './use-call.ts'

/** A call laid out in time. */
export interface UseCallTimelineResult {
  readonly phase: CallPhase
  /** Everything that happened, in order. */
  readonly entries: Sorted<TimelineEntry>
  /** Whatever has a length rather than a moment, for lanes. */
  readonly gathers: Sorted<GatherState>
  readonly conversations: Sorted<ConversationState>
  readonly commands: Sorted<CommandState>
  readonly startedAt: string | null
  readonly answeredAt: string | null
  readonly endedAt: string | null
  readonly clockOffsetMs: number
  readonly sync: SyncStatus
  readonly error: SocketError | null
}

/** What happened on a call, and when. */
export function useCallTimeline(callId?: string): UseCallTimelineResult {
  return useCall(callId, timelineSlice)
}

function timelineSlice({ state, sync, error, clockOffsetMs }: CallFeed): UseCallTimelineResult {
  return {
    phase: callPhase(state),
    entries: state.timeline,
    gathers: state.gathers,
    conversations: state.conversations,
    commands: state.commands,
    startedAt: startedAt(state),
    answeredAt: state.answered?.at ?? null,
    endedAt: callEndedAt(state),
    clockOffsetMs,
    sync,
    error: error ?? null,
  }
}

const startedAt = ({ initiated, timeline }: CallState) => initiated?.at ?? timeline.at(0)?.at ?? null
