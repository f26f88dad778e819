/**
 * The state machine of one call leg, and the webhooks that Telnyx sends for it.
 *
 *   incoming:  parked ──answer──► answered ──hangup──► ended
 *   outgoing:  bridging ──picked up──► answered
 *
 * A pure function. `parked` and `bridging` are the values of `state` in `call.initiated`.
 */
import type { Effect, Step } from '../machine/machine.ts'

export type LegPhase = 'parked' | 'bridging' | 'answered' | 'ended'

/** The `hangup_cause` in `call.hangup`. */
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
  /** The program sends the `answer` command. */
  | { type: 'answer' }
  /** The callee picks up. */
  | { type: 'picked-up' }
  /** The program sends the `reject` command, or the callee declines. */
  | { type: 'reject'; cause: 'call_rejected' | 'user_busy' }
  /** The program sends the `hangup` command. */
  | { type: 'hangup' }
  /** The person on the telephone hangs up. */
  | { type: 'hung-up' }
  /** The call was not answered before its ring timeout. */
  | { type: 'rang-out' }
  /** `time_limit_secs` passed after the answer. */
  | { type: 'time-limit' }

type Transition = (state: LegState, input: LegInput, now: string) => Step<LegState>

/** The simulator has no SIP and no tags of numbers, so these lists are always empty. */
const NO_HEADERS = { custom_headers: [], sip_headers: [], tags: [] }
const CODECS = 'G722,PCMU,PCMA'

/** Starts a leg and emits `call.initiated`. */
export function startLeg(direction: LegState['direction'], from: string, now: string): Step<LegState> {
  const phase = direction === 'incoming' ? 'parked' : 'bridging'
  const codecs = { connection_codecs: CODECS, offered_codecs: CODECS }
  const attestation = direction === 'incoming' ? { shaken_stir_attestation: 'A', shaken_stir_validated: true } : {}
  const payload = { direction, state: phase, start_time: now, caller_id_name: from }
  return {
    state: { phase, direction, start_time: now, cause: null },
    effects: [
      {
        do: 'emit',
        event_type: 'call.initiated',
        payload: { ...payload, ...codecs, ...attestation, ...NO_HEADERS },
      },
    ],
  }
}

/** Applies `input` to a leg and returns its next state and effects. `now` is the ISO 8601 time in event payloads. */
export function stepLeg(state: LegState, input: LegInput, now: string): Step<LegState> {
  return transitions[state.phase][input.type](state, input, now)
}

const ignore: Transition = (state) => ({ state, effects: [] })

const answerLeg: Transition = (state) => ({
  state: { ...state, phase: 'answered' },
  effects: [
    {
      do: 'emit',
      event_type: 'call.answered',
      payload: { state: 'answered', start_time: state.start_time, ...NO_HEADERS },
    },
  ],
})

/** The SIP status of each hangup cause. */
const sipCauses: Record<HangupCause, string> = {
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

/** Ends the leg. `by`: who ended it. The platform is the callee of an incoming and the caller of an outgoing call. */
const endLeg =
  (cause: HangupCause | ((input: LegInput) => HangupCause), by: 'platform' | 'person' | 'unknown'): Transition =>
  (state, input, now) => {
    const hangupCause = typeof cause === 'function' ? cause(input) : cause
    const source =
      by === 'unknown' ? 'unknown' : (by === 'platform') === (state.direction === 'incoming') ? 'callee' : 'caller'
    const effect: Effect = {
      do: 'emit',
      event_type: 'call.hangup',
      payload: {
        state: 'hangup',
        start_time: state.start_time,
        end_time: now,
        hangup_cause: hangupCause,
        hangup_source: source,
        sip_hangup_cause: sipCauses[hangupCause],
        call_quality_stats: null,
        ...NO_HEADERS,
      },
    }
    return { state: { ...state, phase: 'ended', cause: hangupCause }, effects: [effect] }
  }

const rejectionCause = (input: LegInput): HangupCause => (input.type === 'reject' ? input.cause : 'call_rejected')

/** The transition for each phase and input. The API has already refused commands that a phase does not allow. */
const transitions: Record<LegPhase, Record<LegInput['type'], Transition>> = {
  parked: {
    answer: answerLeg,
    'picked-up': ignore,
    reject: endLeg(rejectionCause, 'platform'),
    hangup: endLeg('normal_clearing', 'platform'),
    'hung-up': endLeg('originator_cancel', 'person'),
    'rang-out': endLeg('timeout', 'unknown'),
    'time-limit': ignore,
  },
  bridging: {
    answer: ignore,
    'picked-up': answerLeg,
    reject: endLeg(rejectionCause, 'person'),
    hangup: endLeg('originator_cancel', 'platform'),
    'hung-up': endLeg('call_rejected', 'person'),
    'rang-out': endLeg('timeout', 'unknown'),
    'time-limit': ignore,
  },
  answered: {
    answer: ignore,
    'picked-up': ignore,
    reject: ignore,
    hangup: endLeg('normal_clearing', 'platform'),
    'hung-up': endLeg('normal_clearing', 'person'),
    'rang-out': ignore,
    'time-limit': endLeg('time_limit', 'unknown'),
  },
  ended: {
    answer: ignore,
    'picked-up': ignore,
    reject: ignore,
    hangup: ignore,
    'hung-up': ignore,
    'rang-out': ignore,
    'time-limit': ignore,
  },
}
