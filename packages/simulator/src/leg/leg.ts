/**
 * One leg of a call: from ringing to its end, and what Telnyx says on the way.
 *
 *   incoming:  parked ──answer──► answered ──hangup──► ended
 *   outgoing:  bridging ──picked up──► answered
 *
 * Pure. `parked` and `bridging` are the words of `call.initiated` itself.
 */
import type { Effect, Step } from '../machine/machine.ts'

export type LegPhase = 'parked' | 'bridging' | 'answered' | 'ended'

/** `call.hangup`'s own words. */
type HangupCause =
  | 'call_rejected'
  | 'normal_clearing'
  | 'originator_cancel'
  | 'timeout'
  | 'time_limit'
  | 'user_busy'
  | 'not_found'
  | 'no_answer'
  | 'unspecified'

export interface LegState {
  phase: LegPhase
  direction: 'incoming' | 'outgoing'
  start_time: string
  cause: HangupCause | null
}

export type LegInput =
  /** The `answer` command. */
  | { type: 'answer' }
  /** The person called picks up. */
  | { type: 'picked-up' }
  /** The `reject` command, or the person called declines. */
  | { type: 'reject'; cause: 'call_rejected' | 'user_busy' }
  /** The `hangup` command. */
  | { type: 'hangup' }
  /** The person on the telephone hangs up. */
  | { type: 'hung-up' }
  /** Nobody answered in time. */
  | { type: 'rang-out' }
  /** `time_limit_secs` is over. */
  | { type: 'time-limit' }

type Transition = (state: LegState, input: LegInput, now: string) => Step<LegState>

/** Begins a leg; it says `call.initiated`. */
export function startLeg(direction: LegState['direction'], now: string): Step<LegState> {
  const phase = direction === 'incoming' ? 'parked' : 'bridging'
  return {
    state: { phase, direction, start_time: now, cause: null },
    effects: [{ do: 'emit', event_type: 'call.initiated', payload: { direction, state: phase, start_time: now } }],
  }
}

/** What `input` does to a leg. `now` is an ISO 8601 time, for the events. */
export function stepLeg(state: LegState, input: LegInput, now: string): Step<LegState> {
  return transitions[state.phase][input.type](state, input, now)
}

const stay: Transition = (state) => ({ state, effects: [] })

const answered: Transition = (state) => ({
  state: { ...state, phase: 'answered' },
  effects: [{ do: 'emit', event_type: 'call.answered', payload: { state: 'answered', start_time: state.start_time } }],
})

/** The number in a SIP answer that goes with a cause. */
const sipCause: Record<HangupCause, string> = {
  call_rejected: '603',
  normal_clearing: '200',
  originator_cancel: '487',
  timeout: '408',
  time_limit: '200',
  user_busy: '486',
  not_found: '404',
  no_answer: '480',
  unspecified: 'unspecified',
}

/** `who` ended it, seen from the telephone network: the platform is the callee of an incoming call, the caller of an outgoing one. */
const ended =
  (cause: HangupCause | ((input: LegInput) => HangupCause), who: 'platform' | 'person' | 'unknown'): Transition =>
  (state, input, now) => {
    const why = typeof cause === 'function' ? cause(input) : cause
    const source =
      who === 'unknown' ? 'unknown' : (who === 'platform') === (state.direction === 'incoming') ? 'callee' : 'caller'
    const effect: Effect = {
      do: 'emit',
      event_type: 'call.hangup',
      payload: {
        state: 'hangup',
        start_time: state.start_time,
        end_time: now,
        hangup_cause: why,
        hangup_source: source,
        sip_hangup_cause: sipCause[why],
      },
    }
    return { state: { ...state, phase: 'ended', cause: why }, effects: [effect] }
  }

const rejection = (input: LegInput): HangupCause => (input.type === 'reject' ? input.cause : 'call_rejected')

/** Every phase meets every input; what a command may not do is refused before it gets here. */
const transitions: Record<LegPhase, Record<LegInput['type'], Transition>> = {
  parked: {
    answer: answered,
    'picked-up': stay,
    reject: ended(rejection, 'platform'),
    hangup: ended('normal_clearing', 'platform'),
    'hung-up': ended('originator_cancel', 'person'),
    'rang-out': ended('timeout', 'unknown'),
    'time-limit': stay,
  },
  bridging: {
    answer: stay,
    'picked-up': answered,
    reject: ended(rejection, 'person'),
    hangup: ended('originator_cancel', 'platform'),
    'hung-up': ended('call_rejected', 'person'),
    'rang-out': ended('timeout', 'unknown'),
    'time-limit': stay,
  },
  answered: {
    answer: stay,
    'picked-up': stay,
    reject: stay,
    hangup: ended('normal_clearing', 'platform'),
    'hung-up': ended('normal_clearing', 'person'),
    'rang-out': stay,
    'time-limit': ended('time_limit', 'unknown'),
  },
  ended: {
    answer: stay,
    'picked-up': stay,
    reject: stay,
    hangup: stay,
    'hung-up': stay,
    'rang-out': stay,
    'time-limit': stay,
  },
}
