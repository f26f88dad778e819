/**
 * The draft of a gather: the text of the form, and the command built from it. The command omits empty fields, so that
 * Telnyx's defaults apply. An invalid number stays text, so that validation reports it.
 */
import type { GatherName, Mask } from '@callgather/protocol'
import { type FieldDraft, schemaOf } from './field-drafts.ts'
import { type GatherParameter, type Preset, parametersOf } from './parameters.ts'

/** The content of the form. Switching between gathers loses no value. */
export interface Draft {
  readonly purpose: GatherName
  /** By parameter name. All kinds of gather share the values, because the question to the caller stays the same. */
  readonly values: Readonly<Record<string, string>>
  /** The mask of the digits; `null` shows them, unless the policy of the server masks them. */
  readonly mask: Mask | null
  readonly fields: readonly FieldDraft[]
  /** The selected preset; `null` after any value changes. */
  readonly preset: string | null
}

/** An empty form. `voice` is filled in because Telnyx requires one. */
export const emptyDraft: Draft = {
  purpose: 'gather_using_speak',
  values: { voice: 'female' },
  mask: null,
  fields: [{ id: 1, name: '', type: 'string', options: '', required: true }],
  preset: null,
}

/** Fills in a draft from a preset. */
export function withPreset(draft: Draft, preset: Preset): Draft {
  const kept = Object.fromEntries(
    Object.entries(draft.values).filter(([name]) => name === 'voice' || name === 'language' || name === 'audio_url'),
  )
  return {
    ...draft,
    purpose: draft.purpose === 'gather_using_ai' ? 'gather_using_speak' : draft.purpose,
    values: { ...kept, ...preset.values, payload: preset.prompt },
    mask: preset.mask ?? null,
    preset: preset.name,
  }
}

/** Changes one value of a draft and clears its preset. */
export const withValue = (draft: Draft, name: string, value: string): Draft => ({
  ...draft,
  values: { ...draft.values, [name]: value },
  preset: null,
})

const numeric: ReadonlySet<GatherParameter['input']> = new Set(['count', 'millis'])

/** Builds the body of the command. */
export function bodyOf({ purpose, values, fields }: Draft): Record<string, unknown> {
  const body: Record<string, unknown> = {}
  if (purpose === 'gather_using_ai') body.parameters = schemaOf(fields)
  for (const parameter of parametersOf[purpose]) {
    const value = parameterValue(parameter, values[parameter.name] ?? '')
    if (value === undefined) continue
    // Short voice names are only for spoken prompts. Telnyx refuses them in AI gathers, which have a default.
    if (parameter.name === 'voice' && purpose === 'gather_using_ai' && !String(value).includes('.')) continue
    // Telnyx expects the instructions in the `assistant` object.
    if (parameter.name === 'instructions') body.assistant = { instructions: value }
    else body[parameter.name] = value
  }
  return body
}

function parameterValue({ input }: GatherParameter, text: string): unknown {
  // Telnyx reads an empty string as "no terminator", so the draft uses "none" for it.
  if (input === 'terminator') return text === '' ? undefined : text === 'none' ? '' : text
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  if (!numeric.has(input)) return trimmed
  const number = Number(trimmed)
  return Number.isFinite(number) ? number : trimmed
}

/** The parameter that a JSON Pointer refers to; `null` for the whole form. */
export function fieldOf(pointer: string | undefined): string | null {
  const name = pointer?.split('/')[1]?.replaceAll('~1', '/').replaceAll('~0', '~')
  if (name === undefined || name === '') return null
  return name === 'assistant' ? 'instructions' : name
}
