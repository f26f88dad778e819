/**
 * The DTMF gather: what one `gather`, `gather_using_audio` or `gather_using_speak` does with keys and silence.
 *
 *   start ──(audio, speak)──► prompt ──said / key──► collect ──► evaluate ──► ended
 *   start ──(gather)────────────────────────────────► collect       │
 *                               ▲                                   │ bad or no input, and tries left
 *                               └────────── [invalid] ◄─────────────┘
 *
 * Pure: `(state, input, settings) → step`. Time comes in as `woke` inputs from the timers it asks for. The table at the
 * end has a cell for every phase and input; the compiler refuses a missing one.
 */
import type { Effect, Media, Step } from '../machine/machine.ts'
import type { GatherSettings } from './settings.ts'

/** A prompt: spoken, or played from a file. */
export type Prompt = { kind: 'speech'; text: string } | { kind: 'media'; media: Media }

/** A gather command with its defaults filled in. */
export interface GatherParams {
  minimum_digits: number
  maximum_digits: number
  /** `""`: no terminator. */
  terminating_digit: string
  valid_digits: string
  inter_digit_timeout_millis: number
  /** With a prompt: the wait for a key after it. Without: the cap on the whole command. */
  timeout_millis: number
  /** Without a prompt: the wait for the first key. */
  initial_timeout_millis: number
  maximum_tries: number
  gather_id: string | undefined
  /** `null`: the plain `gather`. */
  prompt: Prompt | null
  invalidPrompt: Prompt | null
}

/** `prompt` and `invalid` are being played; `collect` waits for keys. */
type GatherPhase = 'prompt' | 'invalid' | 'collect' | 'ended'

/** How a gather ended, in Telnyx's words. */
type GatherStatus = 'valid' | 'invalid' | 'timeout' | 'cancelled' | 'cancelled_amd' | 'call_hangup'

export interface GatherState {
  phase: GatherPhase
  params: GatherParams
  settings: GatherSettings
  /** Which play of the prompt this is, from 1. */
  attempt: number
  digits: string
}

export type GatherInput =
  | { type: 'key'; digit: string }
  /** The prompt has been heard to its end. */
  | { type: 'spoken' }
  /** The prompt could not be played. */
  | { type: 'failed' }
  | { type: 'woke'; name: string }
  /** `gather_stop`, or another gather takes over. */
  | { type: 'stop' }
  /** Answering-machine detection takes over. */
  | { type: 'machine' }
  | { type: 'hangup' }

type Transition = (state: GatherState, input: GatherInput) => Step<GatherState>

/** Begins a gather. */
export function startGather(params: GatherParams, settings: GatherSettings): Step<GatherState> {
  const state: GatherState = { phase: 'prompt', params, settings, attempt: 1, digits: '' }
  if (params.prompt) return { state, effects: [heard(params.prompt, 'prompt')] }
  return {
    state: { ...state, phase: 'collect' },
    effects: [
      { do: 'wake', name: FIRST, after: params.initial_timeout_millis },
      { do: 'wake', name: WHOLE, after: params.timeout_millis },
    ],
  }
}

/** What `input` does to a gather. */
export function stepGather(state: GatherState, input: GatherInput): Step<GatherState> {
  return transitions[state.phase][input.type](state, input)
}

/** Timer: no first key yet. */
const FIRST = 'first key'
/** Timer: no next key. */
const NEXT = 'next key'
/** Timer: the cap of a plain gather. */
const WHOLE = 'whole command'

const stay: Transition = (state) => ({ state, effects: [] })

/** G4: a key cuts the prompt; the collection that begins has it as its first digit. */
const bargeIn: Transition = (state, input) => {
  const silence: Effect = { do: 'silence', status: state.settings.bargeInStatus }
  // The wait for a key begins first: the key itself may turn out to be none (G6, G7).
  const listening = listen(state)
  if (!state.settings.bargeInKeyCounts) return { state: listening.state, effects: [silence, ...listening.effects] }
  const { state: next, effects } = press(listening.state, input)
  return { state: next, effects: [silence, ...listening.effects, ...effects] }
}

const listen = (state: GatherState): Step<GatherState> => ({
  state: { ...state, phase: 'collect' },
  effects: [{ do: 'wake', name: FIRST, after: state.params.timeout_millis }],
})

const promptHeard: Transition = (state) => listen(state)

/** G2: whether a file that cannot be played ends the gather is not documented. */
const promptFailed: Transition = (state) =>
  state.settings.afterFailedPrompt === 'collect' ? listen(state) : end(state, 'invalid')

const apologyHeard: Transition = (state) => prompt(state)

const prompt = (state: GatherState): Step<GatherState> =>
  state.params.prompt
    ? { state: { ...state, phase: 'prompt' }, effects: [heard(state.params.prompt, 'prompt')] }
    : listen(state)

/** G5–G8: one key while collecting. */
const press: Transition = (state, input) => {
  if (input.type !== 'key') return stay(state, input)
  const { params, settings } = state
  const { digit } = input
  if (params.terminating_digit !== '' && digit === params.terminating_digit) {
    if (state.digits !== '')
      return evaluate(settings.terminatorInDigits ? { ...state, digits: state.digits + digit } : state, state.digits)
    if (settings.terminatorFirst === 'ignore') return stay(state, input)
    return settings.terminatorFirst === 'timeout' ? silent(state) : evaluate(state, '')
  }
  if (settings.invalidKey === 'drop' && !params.valid_digits.includes(digit)) return stay(state, input)
  const digits = state.digits + digit
  const grown = { ...state, digits }
  if (digits.length >= params.maximum_digits) return evaluate(grown, digits)
  return {
    state: grown,
    effects: [
      { do: 'unwake', name: FIRST },
      { do: 'wake', name: NEXT, after: params.inter_digit_timeout_millis },
    ],
  }
}

const woken: Transition = (state, input) => {
  if (input.type !== 'woke') return stay(state, input)
  if (input.name === FIRST) return silent(state)
  if (input.name === NEXT) return evaluate(state, state.digits)
  if (input.name === WHOLE) return state.digits === '' ? silent(state) : evaluate(state, state.digits)
  return stay(state, input)
}

/** G10, G11: no key came. */
function silent(state: GatherState): Step<GatherState> {
  if (state.params.prompt && state.attempt < state.params.maximum_tries) return again(state, null)
  return end({ ...state, digits: '' }, state.settings.noInputStatus)
}

/** G15, then G12–G14: is what came good, and if not, is there another try. `entered` is without the terminator. */
function evaluate(state: GatherState, entered: string): Step<GatherState> {
  const { params, settings } = state
  const valid =
    entered.length >= params.minimum_digits &&
    entered.length <= params.maximum_digits &&
    [...entered].every((digit) => params.valid_digits.includes(digit))
  if (valid) return end(state, 'valid')
  if (params.prompt && (state.attempt < params.maximum_tries || !settings.invalidUsesTry))
    return again(state, params.invalidPrompt)
  return end(settings.invalidDigits === 'blank' ? { ...state, digits: '' } : state, 'invalid')
}

function again(state: GatherState, apology: Prompt | null): Step<GatherState> {
  const usesTry = state.settings.invalidUsesTry || state.digits === ''
  const next: GatherState = { ...state, digits: '', attempt: usesTry ? state.attempt + 1 : state.attempt }
  const timers: Effect[] = [
    { do: 'unwake', name: FIRST },
    { do: 'unwake', name: NEXT },
  ]
  if (apology) return { state: { ...next, phase: 'invalid' }, effects: [...timers, heard(apology, 'invalid')] }
  const prompted = prompt(next)
  return { state: prompted.state, effects: [...timers, ...prompted.effects] }
}

function end(state: GatherState, status: GatherStatus): Step<GatherState> {
  const { gather_id } = state.params
  const payload: Record<string, unknown> = { digits: state.digits, status }
  if (gather_id !== undefined && state.settings.sendGatherId) payload.gather_id = gather_id
  return {
    state: { ...state, phase: 'ended' },
    effects: [
      { do: 'unwake', name: FIRST },
      { do: 'unwake', name: NEXT },
      { do: 'unwake', name: WHOLE },
      { do: 'emit', event_type: 'call.gather.ended', payload },
      { do: 'end' },
    ],
  }
}

/** G16, G20: from outside; a running prompt ends first. */
const cut =
  (status: 'cancelled' | 'cancelled_amd'): Transition =>
  (state) => {
    const ended = end(state, status)
    return { state: ended.state, effects: [{ do: 'silence', status }, ...ended.effects] }
  }

/** G19: the order of the two ends is not documented. */
const hungUp: Transition = (state) => {
  const ended = end(state, 'call_hangup')
  const silence: Effect = { do: 'silence', status: 'call_hangup' }
  const effects =
    state.settings.hangupOrder === 'gather-first' ? [...ended.effects, silence] : [silence, ...ended.effects]
  return { state: ended.state, effects }
}

const endQuietly =
  (status: GatherStatus): Transition =>
  (state) =>
    end(state, status)

const heard = (what: Prompt, purpose: 'prompt' | 'invalid'): Effect =>
  what.kind === 'speech' ? { do: 'say', text: what.text, purpose } : { do: 'play', media: what.media, purpose }

/** Every phase meets every input. */
const transitions: Record<GatherPhase, Record<GatherInput['type'], Transition>> = {
  prompt: {
    key: bargeIn,
    spoken: promptHeard,
    failed: promptFailed,
    woke: stay,
    stop: cut('cancelled'),
    machine: cut('cancelled_amd'),
    hangup: hungUp,
  },
  invalid: {
    key: bargeIn,
    spoken: apologyHeard,
    failed: apologyHeard,
    woke: stay,
    stop: cut('cancelled'),
    machine: cut('cancelled_amd'),
    hangup: hungUp,
  },
  collect: {
    key: press,
    spoken: stay,
    failed: stay,
    woke: woken,
    stop: endQuietly('cancelled'),
    machine: endQuietly('cancelled_amd'),
    hangup: endQuietly('call_hangup'),
  },
  ended: { key: stay, spoken: stay, failed: stay, woke: stay, stop: stay, machine: stay, hangup: stay },
}
