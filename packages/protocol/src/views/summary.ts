/** The summary of a call for a list of calls. Derived from the call state, never stored. */
import type { CallState } from '../call-state/call-state.ts'
import { selectConversation } from './conversation.ts'
import { selectGather } from './gather.ts'
import {
  type CallPhase,
  type GatherStatus,
  type HungUpBy,
  selectCallEndedAt,
  selectCallPhase,
  selectHungUpBy,
} from './status.ts'

/** The summary of a call, shown as a row in a list of calls. */
export interface CallSummary {
  readonly callId: string
  readonly phase: CallPhase
  readonly from: string | null
  readonly to: string | null
  readonly direction: string | null
  readonly startedAt: string | null
  readonly answeredAt: string | null
  readonly endedAt: string | null
  /** Which party hung up; absent during the call, and when Telnyx did not report it. */
  readonly hungUpBy?: HungUpBy
  /** The gather or assistant that runs on the call, or ran last; `null` if there was none. */
  readonly activity: Activity | null
}

/** What runs on a call: a gather or an assistant. */
export type Activity =
  | {
      readonly kind: 'digits'
      readonly status: GatherStatus
      readonly outcome: string | null
      readonly count: number
      readonly max: number
    }
  | {
      readonly kind: 'fields'
      readonly status: GatherStatus
      readonly outcome: string | null
      readonly done: number
      readonly of: number
    }
  | { readonly kind: 'assistant'; readonly status: GatherStatus; readonly messages: number }

/** Returns the summary of a call for a list of calls. */
export function selectCallSummary(state: CallState): CallSummary {
  const hungUpBy = selectHungUpBy(state)
  return {
    callId: state.callId,
    phase: selectCallPhase(state),
    from: state.parties?.from ?? null,
    to: state.parties?.to ?? null,
    direction: state.initiated?.direction ?? null,
    startedAt: state.initiated?.at ?? state.timeline.at(0)?.at ?? null,
    answeredAt: state.answered?.at ?? null,
    endedAt: selectCallEndedAt(state),
    ...(hungUpBy ? { hungUpBy } : {}),
    activity: activityOf(state),
  }
}

function activityOf(state: CallState): Activity | null {
  const gather = selectGather(state)
  const conversation = selectConversation(state)
  const assistant =
    conversation && conversation.command !== 'gather_using_ai'
      ? ({ kind: 'assistant', status: conversation.status, messages: conversation.length } as const)
      : null
  if (!gather) return assistant
  if (assistant?.status === 'collecting' && gather.status !== 'collecting') return assistant
  const { status, outcome } = gather
  return gather.kind === 'digits'
    ? { kind: 'digits', status, outcome, count: gather.digitCount, max: gather.rules.maxDigits }
    : { kind: 'fields', status, outcome, ...gather.progress }
}
