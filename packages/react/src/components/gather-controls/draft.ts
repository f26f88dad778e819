/**
 * The draft of a gather: the text in the gather form, and the command built from that text. The command omits empty
 * fields, so that Telnyx's defaults apply. An invalid number stays text, so that validation reports it.
 */
import type { GatherName, Mask } from '@callgather/protocol'
import { type FieldDraft, schemaOf } from './field-drafts.ts'
import { type GatherParameter, isDuration, type Preset, parametersOf } from './parameters.ts'

/** The content of the gather form. Switching between kinds of gather loses no value. */
export interface Draft {
  readonly purpose: GatherName
  /** The text of each field by parameter name; durations in seconds. All kinds of gather share these values. */
  readonly values: Readonly<Record<string, string>>
  /** The mask of the digits; `null` shows the digits, unless the policy of the server masks them. */
  readonly mask: Mask | null
  readonly fields: readonly FieldDraft[]
  /** What the gather asks for: the label of its preset; `null` without a preset, or after its prompt was rewritten. */
  readonly label: string | null
  /** The name of the selected preset; `null` if none is selected or a value changed afterwards. */
  readonly preset: string | null
}

/** The draft of an empty gather form. `voice` is filled in, because Telnyx requires a voice. */
export const emptyDraft: Draft = {
  purpose: 'gather_using_speak',
  values: { voice: 'female' },
  mask: null,
  fields: [{ id: 1, name: '', type: 'string', options: '', required: true }],
  label: null,
  preset: null,
}

/** Returns the draft with the values of a preset. */
export function withPreset(draft: Draft, preset: Preset): Draft {
  const kept = Object.fromEntries(
    Object.entries(draft.values).filter(([name]) => name === 'voice' || name === 'language' || name === 'audio_url'),
  )
  const { prompt, fields } = preset
  const values = mapValues(preset.values, (value, name) => (isDuration(name) ? String(Number(value) / 1000) : value))
  const common = { ...draft, mask: preset.mask ?? null, label: preset.label, preset: preset.name }
  if (fields)
    return {
      ...common,
      purpose: 'gather_using_ai',
      values: { ...kept, ...values, greeting: prompt },
      fields: fields.map((field, index) => ({ ...field, id: index + 1 })),
    }
  return {
    ...common,
    purpose: draft.purpose === 'gather_using_ai' ? 'gather_using_speak' : draft.purpose,
    values: { ...kept, ...values, payload: prompt },
  }
}

const mapValues = (
  values: Readonly<Record<string, string>>,
  change: (value: string, name: string) => string,
): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value, name)]))

/** The draft of a preset that is asked without a review. */
export const draftOf = (preset: Preset, initial: Partial<Draft> = {}): Draft =>
  withPreset({ ...emptyDraft, ...initial }, preset)

/** Returns the draft with one value changed and no selected preset. */
export const withValue = (draft: Draft, name: string, value: string): Draft => ({
  ...draft,
  values: { ...draft.values, [name]: value },
  label: name === 'payload' || name === 'greeting' ? null : draft.label,
  preset: null,
})

/** Builds the body of the gather command from a draft. */
export function bodyOf({ purpose, values, fields }: Draft): Record<string, unknown> {
  const body: Record<string, unknown> = {}
  if (purpose === 'gather_using_ai') body.parameters = schemaOf(fields)
  for (const parameter of parametersOf[purpose]) {
    const value = parameterValue(parameter, values[parameter.name] ?? '')
    if (value === undefined) continue
    // Telnyx refuses short voice names, such as `female`, in AI gathers. Without `voice`, Telnyx uses its default.
    if (parameter.name === 'voice' && purpose === 'gather_using_ai' && !String(value).includes('.')) continue
    // In an AI gather, Telnyx expects the instructions in the `assistant` object.
    if (parameter.name === 'instructions') body.assistant = { instructions: value }
    else body[parameter.name] = value
  }
  return body
}

function parameterValue({ input }: GatherParameter, text: string): unknown {
  // Telnyx reads an empty string as "no terminating key". In a draft, the word "none" has this meaning.
  if (input === 'terminator') return text === '' ? undefined : text === 'none' ? '' : text
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  if (input !== 'count' && input !== 'seconds') return trimmed
  const number = Number(trimmed)
  if (!Number.isFinite(number)) return trimmed
  return input === 'seconds' ? Math.round(number * 1000) : number
}

/** The name of the parameter that a JSON Pointer refers to; `null` if it refers to the whole body. */
export function fieldOf(pointer: string | undefined): string | null {
  const name = pointer?.split('/')[1]?.replaceAll('~1', '/').replaceAll('~0', '~')
  if (name === undefined || name === '') return null
  return name === 'assistant' ? 'instructions' : name
}
