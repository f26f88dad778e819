/**
 * State machine of the DTMF gather: `gather`, `gather_using_audio` and `gather_using_speak`.
 *
 *   start ──(audio, speak)──► prompt ──end / key───► collect ──► evaluate ──► ended
 *   start ──(gather)────────────────────────────────► collect       │
 *                               ▲                                   │ invalid or no input, and tries left
 *                               └────────── [invalid] ◄─────────────┘
 *
 * A pure function `(state, input) → step`. Time arrives as `timer` inputs from the timers it sets. The transition table at
 * the end covers every phase and input; a missing cell is a type error.
 */
import type { Effect, Media, Step } from '../machine/machine.ts'
import type { GatherSettings } from './settings.ts'

/** A prompt: spoken text or an audio file. */
export type Prompt = { kind: 'speech'; text: string } | { kind: 'media'; media: Media }

/** The body of a gather command, with all defaults set. */
export interface GatherParams {
  minimum_digits: number
  maximum_digits: number
  /** `""` means that the gather has no terminator. */
  terminating_digit: string
  valid_digits: string
  inter_digit_timeout_millis: number
  /** With a prompt: timeout for the first key after it. Without a prompt: timeout of the whole command. */
  timeout_millis: number
  /** Timeout for the first key of a gather without a prompt. */
  initial_timeout_millis: number
  maximum_tries: number
  gather_id: string | undefined
  /** `null` for the command `gather`, which has no prompt. */
  prompt: Prompt | null
  invalidPrompt: Prompt | null
}

/** `prompt` and `invalid` play a prompt; `collect` waits for keys. */
type GatherPhase = 'prompt' | 'invalid' | 'collect' | 'ended'

/** `status` in `call.gather.ended`. */
type GatherStatus = 'valid' | 'invalid' | 'timeout' | 'cancelled' | 'cancelled_amd' | 'call_hangup'

export interface GatherState {
  phase: GatherPhase
  params: GatherParams
  settings: GatherSettings
  /** Number of the current try of `maximum_tries`, starting at 1. */
  attempt: number
  digits: string
}

export type GatherInput =
  | { type: 'key'; digit: string }
  /** The gather's prompt finished playing. */
  | { type: 'sound-ended' }
  /** The gather's prompt could not be played. */
  | { type: 'sound-failed' }
  | { type: 'timer'; name: string }
  /** `gather_stop`, or another gather that replaces this one. */
  | { type: 'stop' }
  /** Answering-machine detection found a machine. */
  | { type: 'machine' }
  | { type: 'hangup' }

type Transition = (state: GatherState, input: GatherInput) => Step<GatherState>

/** Starts a gather: plays its prompt, or sets its timers if it has no prompt. */
export function startGather(params: GatherParams, settings: GatherSettings): Step<GatherState> {
  const state: GatherState = { phase: 'prompt', params, settings, attempt: 1, digits: '' }
  if (params.prompt) return { state, effects: [playEffect(params.prompt, 'prompt')] }
  return {
    state: { ...state, phase: 'collect' },
    effects: [
      { do: 'set-timer', name: FIRST_KEY_TIMER, after: params.initial_timeout_millis },
      { do: 'set-timer', name: COMMAND_TIMER, after: params.timeout_millis },
    ],
  }
}

/** Applies `input` to a gather and returns its next state and effects. */
export function stepGather(state: GatherState, input: GatherInput): Step<GatherState> {
  return transitions[state.phase][input.type](state, input)
}

const FIRST_KEY_TIMER = 'first key'
const NEXT_KEY_TIMER = 'next key'
/** `timeout_millis` of the whole gather. This timer runs only without a prompt. */
const COMMAND_TIMER = 'whole command'

const ignore: Transition = (state) => ({ state, effects: [] })

/** Rule G4: a key interrupts the prompt and counts as the first digit. */
const bargeIn: Transition = (state, input) => {
  const stopSound: Effect = { do: 'stop-sound', status: state.settings.bargeInStatus }
  // Set the first-key timer before the key: the settings may ignore the key (rules G6, G7).
  const collecting = collect(state)
  if (!state.settings.bargeInKeyCounts) return { state: collecting.state, effects: [stopSound, ...collecting.effects] }
  const { state: next, effects } = collectKey(collecting.state, input)
  return { state: next, effects: [stopSound, ...collecting.effects, ...effects] }
}

const collect = (state: GatherState): Step<GatherState> => ({
  state: { ...state, phase: 'collect' },
  effects: [{ do: 'set-timer', name: FIRST_KEY_TIMER, after: state.params.timeout_millis }],
})

const onPromptEnded: Transition = (state) => collect(state)

/** Rule G2: Telnyx does not document whether a file that fails to play ends the gather. */
const onPromptFailed: Transition = (state) =>
  state.settings.afterFailedPrompt === 'collect' ? collect(state) : end(state, 'invalid')

const onInvalidPromptEnded: Transition = (state) => replayPrompt(state)

const replayPrompt = (state: GatherState): Step<GatherState> =>
  state.params.prompt
    ? { state: { ...state, phase: 'prompt' }, effects: [playEffect(state.params.prompt, 'prompt')] }
    : collect(state)

/** Rules G5–G8: handles a key in `collect`. */
const collectKey: Transition = (state, input) => {
  if (input.type !== 'key') return ignore(state, input)
  const { params, settings } = state
  const { digit } = input
  if (params.terminating_digit !== '' && digit === params.terminating_digit) {
    if (state.digits !== '')
      return evaluate(settings.terminatorInDigits ? { ...state, digits: state.digits + digit } : state, state.digits)
    if (settings.terminatorFirst === 'ignore') return ignore(state, input)
    return settings.terminatorFirst === 'timeout' ? endWithoutInput(state) : evaluate(state, '')
  }
  if (settings.invalidKey === 'drop' && !params.valid_digits.includes(digit)) return ignore(state, input)
  const digits = state.digits + digit
  const extended = { ...state, digits }
  if (digits.length >= params.maximum_digits) return evaluate(extended, digits)
  return {
    state: extended,
    effects: [
      { do: 'clear-timer', name: FIRST_KEY_TIMER },
      { do: 'set-timer', name: NEXT_KEY_TIMER, after: params.inter_digit_timeout_millis },
    ],
  }
}

const onTimer: Transition = (state, input) => {
  if (input.type !== 'timer') return ignore(state, input)
  if (input.name === FIRST_KEY_TIMER) return endWithoutInput(state)
  if (input.name === NEXT_KEY_TIMER) return evaluate(state, state.digits)
  if (input.name === COMMAND_TIMER) return state.digits === '' ? endWithoutInput(state) : evaluate(state, state.digits)
  return ignore(state, input)
}

/** Rules G10, G11: retries or ends a gather without input. */
function endWithoutInput(state: GatherState): Step<GatherState> {
  if (state.params.prompt && state.attempt < state.params.maximum_tries) return retry(state, null)
  return end({ ...state, digits: '' }, state.settings.noInputStatus)
}

/** Rules G12–G15: ends a valid gather, else retries or ends it as invalid. `entered` excludes the terminator. */
function evaluate(state: GatherState, entered: string): Step<GatherState> {
  const { params, settings } = state
  const isValid =
    entered.length >= params.minimum_digits &&
    entered.length <= params.maximum_digits &&
    [...entered].every((digit) => params.valid_digits.includes(digit))
  if (isValid) return end(state, 'valid')
  if (params.prompt && (state.attempt < params.maximum_tries || !settings.invalidUsesTry))
    return retry(state, params.invalidPrompt)
  return end(settings.invalidDigits === 'blank' ? { ...state, digits: '' } : state, 'invalid')
}

function retry(state: GatherState, invalidPrompt: Prompt | null): Step<GatherState> {
  const usesTry = state.settings.invalidUsesTry || state.digits === ''
  const next: GatherState = { ...state, digits: '', attempt: usesTry ? state.attempt + 1 : state.attempt }
  const timers: Effect[] = [
    { do: 'clear-timer', name: FIRST_KEY_TIMER },
    { do: 'clear-timer', name: NEXT_KEY_TIMER },
  ]
  if (invalidPrompt)
    return { state: { ...next, phase: 'invalid' }, effects: [...timers, playEffect(invalidPrompt, 'invalid')] }
  const replayed = replayPrompt(next)
  return { state: replayed.state, effects: [...timers, ...replayed.effects] }
}

function end(state: GatherState, status: GatherStatus): Step<GatherState> {
  const { gather_id } = state.params
  const payload: Record<string, unknown> = { digits: state.digits, status }
  if (gather_id !== undefined && state.settings.sendGatherId) payload.gather_id = gather_id
  return {
    state: { ...state, phase: 'ended' },
    effects: [
      { do: 'clear-timer', name: FIRST_KEY_TIMER },
      { do: 'clear-timer', name: NEXT_KEY_TIMER },
      { do: 'clear-timer', name: COMMAND_TIMER },
      { do: 'emit', event_type: 'call.gather.ended', payload },
      { do: 'end' },
    ],
  }
}

/** Rules G16, G20: cancels a gather during its prompt. The prompt ends first. */
const interrupt =
  (status: 'cancelled' | 'cancelled_amd'): Transition =>
  (state) => {
    const ended = end(state, status)
    return { state: ended.state, effects: [{ do: 'stop-sound', status }, ...ended.effects] }
  }

/** Rule G19: Telnyx does not document whether the gather or its prompt ends first. */
const onHangup: Transition = (state) => {
  const ended = end(state, 'call_hangup')
  const stopSound: Effect = { do: 'stop-sound', status: 'call_hangup' }
  const effects =
    state.settings.hangupOrder === 'gather-first' ? [...ended.effects, stopSound] : [stopSound, ...ended.effects]
  return { state: ended.state, effects }
}

const endWith =
  (status: GatherStatus): Transition =>
  (state) =>
    end(state, status)

const playEffect = (prompt: Prompt, purpose: 'prompt' | 'invalid'): Effect =>
  prompt.kind === 'speech' ? { do: 'say', text: prompt.text, purpose } : { do: 'play', media: prompt.media, purpose }

const transitions: Record<GatherPhase, Record<GatherInput['type'], Transition>> = {
  prompt: {
    key: bargeIn,
    'sound-ended': onPromptEnded,
    'sound-failed': onPromptFailed,
    timer: ignore,
    stop: interrupt('cancelled'),
    machine: interrupt('cancelled_amd'),
    hangup: onHangup,
  },
  invalid: {
    key: bargeIn,
    'sound-ended': onInvalidPromptEnded,
    'sound-failed': onInvalidPromptEnded,
    timer: ignore,
    stop: interrupt('cancelled'),
    machine: interrupt('cancelled_amd'),
    hangup: onHangup,
  },
  collect: {
    key: collectKey,
    'sound-ended': ignore,
    'sound-failed': ignore,
    timer: onTimer,
    stop: endWith('cancelled'),
    machine: endWith('cancelled_amd'),
    hangup: endWith('call_hangup'),
  },
  ended: {
    key: ignore,
    'sound-ended': ignore,
    'sound-failed': ignore,
    timer: ignore,
    stop: ignore,
    machine: ignore,
    hangup: ignore,
  },
}
