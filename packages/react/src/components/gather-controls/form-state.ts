/** The form of each call, which `AskCaller` changes without loading the form itself. */
import { Remembered, useRemembered } from '../../hooks/call-memory.ts'
import { type Draft, emptyDraft, withPreset } from './draft.ts'
import type { Preset } from './parameters.ts'

/** The form of one call: the changed draft, whether the agent tried to submit, and the last draft sent. */
export interface FormState {
  readonly draft: Draft | null
  readonly tried: boolean
  readonly sent: Draft | null
}

export const forms = new Remembered<FormState>({ draft: null, tried: false, sent: null })

/** Returns functions that change the form of a call while it is closed. */
export function useForm(callId: string, initial?: Partial<Draft>) {
  const [, changeForm] = useRemembered(callId, forms)
  return {
    /** Fills in the form from a preset. */
    fill: (preset: Preset) =>
      changeForm((form) => ({
        ...forms.initial,
        draft: withPreset(form.draft ?? { ...emptyDraft, ...initial }, preset),
      })),
    /** Empties the form, unless the agent changed its draft after it was sent. */
    discardSent: () => changeForm((form) => (form.draft === form.sent ? forms.initial : form)),
  }
}
