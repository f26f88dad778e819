/** The parameters of each kind of gather as form fields. Optional parameters are under "More options". */
import type { DigitGatherName, GatherName, Mask, TemplateOffer } from '@callgather/protocol'
import type { PlainStringKey } from '../../strings/strings.ts'
import { type IconName, isIconName } from '../kit/icon.tsx'
import type { FieldDraft } from './field-drafts.ts'

/** The kind of text that a parameter's form field takes. `seconds` is a duration, which Telnyx takes in milliseconds. */
export type ParameterInput = 'text' | 'speech' | 'address' | 'count' | 'seconds' | 'terminator' | 'keys'

/** A parameter of a gather command, as a form field. */
export interface GatherParameter {
  /** The name of the parameter in Telnyx's API. */
  readonly name: string
  readonly input: ParameterInput
  readonly label: PlainStringKey
  readonly hint?: PlainStringKey
  /** Whether the form always shows the parameter. Other parameters are under "More options". */
  readonly essential?: boolean
}

const length: readonly GatherParameter[] = [
  { name: 'minimum_digits', input: 'count', label: 'param.minimum_digits', essential: true },
  { name: 'maximum_digits', input: 'count', label: 'param.maximum_digits', essential: true },
  { name: 'terminating_digit', input: 'terminator', label: 'param.terminating_digit', essential: true },
  { name: 'valid_digits', input: 'keys', label: 'param.valid_digits' },
]

const between: GatherParameter = {
  name: 'inter_digit_timeout_millis',
  input: 'seconds',
  label: 'param.inter_digit_timeout_millis',
}

const prompted: readonly GatherParameter[] = [
  ...length,
  { name: 'maximum_tries', input: 'count', label: 'param.maximum_tries' },
  { name: 'timeout_millis', input: 'seconds', label: 'param.timeout_millis' },
  between,
]

/** The form fields of each kind of gather, in display order. */
export const parametersOf: Readonly<Record<GatherName, readonly GatherParameter[]>> = {
  gather: [
    ...length,
    { name: 'initial_timeout_millis', input: 'seconds', label: 'param.initial_timeout_millis' },
    between,
    { name: 'timeout_millis', input: 'seconds', label: 'param.timeout_millis.gather' },
  ],
  gather_using_speak: [
    { name: 'payload', input: 'speech', label: 'param.payload', hint: 'param.payload.hint', essential: true },
    ...prompted,
    { name: 'invalid_payload', input: 'speech', label: 'param.invalid_payload' },
    { name: 'voice', input: 'text', label: 'param.voice' },
    { name: 'language', input: 'text', label: 'param.language' },
  ],
  gather_using_audio: [
    { name: 'audio_url', input: 'address', label: 'param.audio_url', hint: 'param.audio_url.hint', essential: true },
    ...prompted,
    { name: 'media_name', input: 'text', label: 'param.media_name' },
    { name: 'invalid_audio_url', input: 'address', label: 'param.invalid_audio_url' },
  ],
  gather_using_ai: [
    { name: 'greeting', input: 'speech', label: 'param.greeting', hint: 'param.greeting.hint', essential: true },
    { name: 'instructions', input: 'speech', label: 'param.instructions' },
    { name: 'gather_ended_speech', input: 'speech', label: 'param.gather_ended_speech' },
    { name: 'voice', input: 'text', label: 'param.voice' },
    { name: 'language', input: 'text', label: 'param.language' },
    { name: 'user_response_timeout_ms', input: 'seconds', label: 'param.user_response_timeout_ms' },
  ],
}

/** A common request to the caller, such as a PIN. One press asks it, or fills in the form for a review. */
export interface Preset {
  /** Identifies the preset among the presets of the component. */
  readonly name: string
  /** The label of the button: the key of a UI string, or text in the agent's language. */
  readonly label: PlainStringKey | (string & {})
  /** Values of Telnyx parameters that every gather of digits accepts. */
  readonly values: Readonly<Record<string, string>>
  /** The text that `gather_using_speak` speaks, in the caller's language. */
  readonly prompt: string
  /** The mask of the digits. Without a mask, the digits are shown. */
  readonly mask?: Mask
  /** The icon after the label. Default: a lock with a mask, otherwise none. */
  readonly icon?: IconName
  /** The template on the server that the preset names. The server then supplies the body, and there is no review. */
  readonly template?: { readonly name: string; readonly command: GatherName }
  /** The fields of an AI gather. With fields, the preset starts an AI gather, and `prompt` is its greeting. */
  readonly fields?: readonly Omit<FieldDraft, 'id'>[]
}

/** The default presets: PIN, account number, date, yes or no, card. Their prompts are English in every UI language. */
export const defaultPresets: readonly Preset[] = [
  {
    name: 'pin',
    label: 'controls.preset.pin',
    values: { minimum_digits: '4', maximum_digits: '4' },
    prompt: 'Please enter your four digit PIN.',
    mask: 'digits',
  },
  {
    name: 'account',
    label: 'controls.preset.account',
    values: { minimum_digits: '6', maximum_digits: '12', terminating_digit: '#' },
    prompt: 'Please enter your account number, followed by the pound key.',
  },
  {
    name: 'date',
    label: 'controls.preset.date',
    values: { minimum_digits: '8', maximum_digits: '8', valid_digits: '0123456789' },
    prompt: 'Please enter the date as eight digits: two for the month, two for the day, and four for the year.',
  },
  {
    name: 'yesno',
    label: 'controls.preset.yesno',
    values: { minimum_digits: '1', maximum_digits: '1', valid_digits: '12' },
    prompt: 'Press 1 for yes, or 2 for no.',
  },
  {
    name: 'card',
    label: 'controls.preset.card',
    values: { minimum_digits: '12', maximum_digits: '19', terminating_digit: '#' },
    prompt: 'Please enter your card number, followed by the pound key.',
    mask: 'allButLast4',
  },
]

/** Whether this kind of gather collects digits. Only gathers of digits support masks and presets. */
export const collectsDigits = (purpose: GatherName): purpose is DigitGatherName => purpose !== 'gather_using_ai'

/** Whether Telnyx takes this parameter in milliseconds. The form shows these durations in seconds. */
export const isDuration = (name: string): boolean => /_(millis|ms)$/.test(name)

/** Converts the templates that the server offers to presets. */
export const presetsOf = (templates: readonly TemplateOffer[]): readonly Preset[] =>
  templates.map(({ name, command, label, mask, icon }) => ({
    ...{ name, label, values: {}, prompt: '', template: { name, command } },
    ...(mask === undefined ? {} : { mask }),
    ...(isIconName(icon) ? { icon } : {}),
  }))
