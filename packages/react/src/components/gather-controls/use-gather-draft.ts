import type { CommandBodies, GatherName, Mask, TelnyxError } from '@callgather/protocol'
import { useCallback, useMemo, useState } from 'react'
import { useRemembered } from '../../hooks/call-memory.ts'
import { useCallId } from '../../hooks/call-scope.tsx'
import { useCall } from '../../hooks/use-call.ts'
import { type UseAnyCommandResult, useAnyCommand } from '../../hooks/use-command.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { gatherSliceOf } from '../kit/gather-slice.ts'
import { OnDemand, useOnDemand } from '../kit/on-demand.ts'
import { bodyOf, type Draft, emptyDraft, fieldOf, withPreset, withValue } from './draft.ts'
import { type FieldDraft, type FieldProblem, fieldProblems } from './field-drafts.ts'
import { type FormState, forms } from './form-state.ts'
import { collectsDigits, type Preset } from './parameters.ts'

/** The state and actions of a gather form. The form validates its draft by Telnyx's rules before sending. */
export interface UseGatherDraftResult {
  /** The values of the form. */
  readonly draft: Draft
  /** The body of the gather command. */
  readonly body: Readonly<Record<string, unknown>>
  /** The validation errors of the draft in Telnyx's format. Empty before the first attempt to submit. */
  readonly problems: readonly TelnyxError[]
  /** Returns the problem of one parameter, found by validation or by the server; `null` if it has none. */
  readonly problemOf: (parameter: string) => TelnyxError | null
  /** The problem of each field of an AI gather; `null` for a valid field. Empty before the first attempt to submit. */
  readonly fieldProblems: readonly (FieldProblem | null)[]
  /** Chooses the command that the form sends. */
  readonly setPurpose: (purpose: GatherName) => void
  /** Sets a parameter of the command by its name in Telnyx's API, such as `maximum_digits`. An empty text unsets it. */
  readonly setValue: (parameter: string, value: string) => void
  /** Sets the mask of the caller's input; `null` for the server's own. */
  readonly setMask: (mask: Mask | null) => void
  /** Sets the fields of an AI gather. */
  readonly setFields: (fields: readonly FieldDraft[]) => void
  /** Fills the form with a preset. */
  readonly choose: (preset: Preset) => void
  /** Sends the gather command if the draft is valid. Resolves to `false` if the draft is invalid or refused. */
  readonly submit: () => Promise<boolean>
  /** Whether a gather is running, which `submit` would replace. */
  readonly replaces: boolean
  /** The status of the last gather command that this form sent. */
  readonly starting: UseAnyCommandResult
}

/** The validation schemas, which are loaded with the first form, so that pages without a form do not download them. */
const telnyxRules = new OnDemand(() => import('./telnyx-rules.ts'))

const nothing: readonly never[] = []

/**
 * Returns the state of a custom form that starts a gather. `GatherControls` is the ready-made form. The draft belongs
 * to the call and survives unmounting until Telnyx accepts the command.
 */
export function useGatherDraft(callId?: string, initial?: Partial<Draft>): UseGatherDraftResult
export function useGatherDraft(initial: Partial<Draft>): UseGatherDraftResult
export function useGatherDraft(given?: string | Partial<Draft>, ofCall?: Partial<Draft>): UseGatherDraftResult {
  const { tryT } = useLanguage()
  const callId = useCallId(typeof given === 'string' ? given : undefined)
  const initial = typeof given === 'object' ? given : ofCall
  const [{ draft: changed, tried, sent }, changeForm, memory] = useRemembered(callId, forms)
  const [first, setFirst] = useState(() => ({ callId, draft: { ...emptyDraft, ...initial } }))
  // Reset the initial draft when the call changes, because each call may have another `initial`.
  if (first.callId !== callId) setFirst({ callId, draft: { ...emptyDraft, ...initial } })
  const untouched = first.draft
  const starting = useAnyCommand(callId, { slot: 'form.start' })
  // Telnyx may accept a retried or replacing command while the form is closed.
  const isTaken = starting.status === 'accepted' || starting.status === 'confirmed'
  const draftIn = (form: Pick<FormState, 'draft' | 'sent'>) =>
    isTaken && form.draft === form.sent ? untouched : (form.draft ?? untouched)
  const draft = draftIn({ draft: changed, sent })
  const setDraft = (change: (draft: Draft) => Draft) =>
    changeForm((form) => ({ ...form, draft: change(draftIn(form)) }))
  const setTried = (next: boolean) => changeForm((form) => ({ ...form, tried: next }))
  // If loading fails, for example offline, `submit` tries again.
  const check = useOnDemand(telnyxRules, true).module?.checkCommand ?? null
  const running = useCall(callId, ({ state }) => gatherSliceOf(state))
  const replaces = running?.status === 'collecting'

  const body = useMemo(() => bodyOf(draft), [draft])
  const inFields = useMemo(
    () => (tried && draft.purpose === 'gather_using_ai' ? fieldProblems(draft.fields) : nothing),
    [tried, draft],
  )
  const problems = useMemo(() => {
    if (!tried || !check) return nothing
    const validation = check(draft.purpose, body)
    return validation.ok ? nothing : validation.errors
  }, [tried, check, draft.purpose, body])

  const submit = async () => {
    setTried(true)
    const isSameAgent = memory.mark()
    // If the validation rules fail to load, only the server validates the command.
    const validate = check ?? (await telnyxRules.load().catch(() => null))?.checkCommand
    if (!isSameAgent()) return false
    const validation = validate?.(draft.purpose, body) ?? { ok: true, body }
    const fieldsAreRight = draft.purpose !== 'gather_using_ai' || fieldProblems(draft.fields).every((it) => it === null)
    if (!validation.ok || !fieldsAreRight || (draft.purpose === 'gather_using_ai' && draft.fields.length === 0))
      return false
    changeForm((form) => ({ ...form, tried: false, sent: draft }))
    const mask = collectsDigits(draft.purpose) ? (draft.mask ?? undefined) : undefined
    const settled = await starting.mutateAsync(draft.purpose, validation.body as CommandBodies[GatherName], {
      mask,
      label: draft.label === null ? undefined : tryT(draft.label, draft.label),
      replace: replaces,
    })
    // A draft that the agent changed after submitting is kept as the next draft.
    if (settled === 'accepted') changeForm((form) => (form.draft === changed ? forms.initial : form))
    return settled !== 'refused'
  }

  const refusal = starting.status === 'refused' ? starting.refusal : null
  // A value that the server refused stays marked until the agent changes it.
  const problemOf = useCallback(
    (parameter: string) => {
      const isIt = (problem: TelnyxError) => fieldOf(problem.source?.pointer) === parameter
      const own = problems.find(isIt)
      const isUnchanged = sent?.purpose === draft.purpose && sent.values[parameter] === draft.values[parameter]
      return own ?? (isUnchanged ? refusal?.errors.find(isIt) : undefined) ?? null
    },
    [problems, refusal, sent, draft],
  )

  return {
    draft,
    body,
    problems,
    problemOf,
    fieldProblems: inFields,
    setPurpose: (purpose) => setDraft((it) => ({ ...it, purpose })),
    setValue: (parameter, value) => setDraft((it) => withValue(it, parameter, value)),
    setMask: (mask) => setDraft((it) => ({ ...it, mask })),
    setFields: (fields) => setDraft((it) => ({ ...it, fields })),
    choose: (preset) => setDraft((it) => withPreset(it, preset)),
    submit,
    replaces,
    starting,
  }
}
