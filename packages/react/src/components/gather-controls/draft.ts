/**
 * A gather being drafted: what stands in the form, as text, and the command it amounts to. A field left empty is left
 * out, so that Telnyx's own default applies; one that is not a number stays text, so that the check can say so.
 */
import type { GatherName, Mask } from '@callgather/protocol'
import { type FieldDraft, schemaOf } from './field-drafts.ts'
import { type GatherParameter, type Preset, parametersOf } from './parameters.ts'

/** What stands in the form. Each gather keeps its own answers, so that changing one's mind loses nothing. */
export interface Draft {
  readonly purpose: GatherName
  /** By parameter name; shared between gathers, as what a caller is asked stays the same. */
  readonly values: Readonly<Record<string, string>>
  /** How much of the digits may be shown; `null` for all, as far as the server's policy allows. */
  readonly mask: Mask | null
  readonly fields: readonly FieldDraft[]
  /** The preset last chosen, while nothing of it has been changed. */
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

/** The form with a preset's answers in it. */
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

/** The form with one answer changed. */
export const withValue = (draft: Draft, name: string, value: string): Draft => ({
  ...draft,
  values: { ...draft.values, [name]: value },
  preset: null,
})

const numeric: ReadonlySet<GatherParameter['input']> = new Set(['count', 'millis'])

/** The body of the command, as it would be sent. */
export function bodyOf({ purpose, values, fields }: Draft): Record<string, unknown> {
  const body: Record<string, unknown> = {}
  if (purpose === 'gather_using_ai') body.parameters = schemaOf(fields)
  for (const parameter of parametersOf[purpose]) {
    const value = parameterValue(parameter, values[parameter.name] ?? '')
    if (value === undefined) continue
    // A voice by its short name is for spoken prompts; an AI gather refuses it, and has a good default.
    if (parameter.name === 'voice' && purpose === 'gather_using_ai' && !String(value).includes('.')) continue
    // Telnyx keeps the instructions with the language model that follows them.
    if (parameter.name === 'instructions') body.assistant = { instructions: value }
    else body[parameter.name] = value
  }
  return body
}

function parameterValue({ input }: GatherParameter, text: string): unknown {
  // "None" is itself an answer: Telnyx takes an empty string for "no key ends it".
  if (input === 'terminator') return text === '' ? undefined : text === 'none' ? '' : text
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  if (!numeric.has(input)) return trimmed
  const number = Number(trimmed)
  return Number.isFinite(number) ? number : trimmed
}

/** Where a problem belongs in the form, from its JSON Pointer: the name of a parameter, or `null` for the whole. */
export function fieldOf(pointer: string | undefined): string | null {
  const name = pointer?.split('/')[1]?.replaceAll('~1', '/').replaceAll('~0', '~')
  if (name === undefined || name === '') return null
  return name === 'assistant' ? 'instructions' : name
}
