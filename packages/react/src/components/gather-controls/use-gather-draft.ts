import type { CommandBodies, GatherName, Mask, TelnyxError } from '@callgather/protocol'
import type { checkCommand } from '@callgather/protocol/schema'
import { useCallback, useEffect, useMemo, useState } from 'react'
import { Remembered, useRemembered } from '../../hooks/call-memory.ts'
import { useCallId } from '../../hooks/call-scope.tsx'
import { useCall } from '../../hooks/use-call.ts'
import { type UseAnyCommandResult, useAnyCommand } from '../../hooks/use-command.ts'
import { gatherSliceOf } from '../kit/gather-slice.ts'
import { bodyOf, type Draft, emptyDraft, fieldOf, withPreset, withValue } from './draft.ts'
import { type FieldDraft, type FieldProblem, fieldProblems } from './field-drafts.ts'
import { collectsDigits, type Preset } from './parameters.ts'

/** A gather being drafted, judged as Telnyx would judge it, and sent. */
export interface UseGatherDraftResult {
  readonly draft: Draft
  /** The body of the command, as it would be sent. */
  readonly body: Readonly<Record<string, unknown>>
  /** What is wrong with it, once sending it has been tried. In Telnyx's shape and words. */
  readonly problems: readonly TelnyxError[]
  /** What is wrong with one parameter. */
  readonly problemOf: (parameter: string) => TelnyxError | null
  /** What is wrong with each field of an AI gather, once sending it has been tried. */
  readonly fieldProblems: readonly (FieldProblem | null)[]
  readonly setPurpose: (purpose: GatherName) => void
  readonly setValue: (parameter: string, value: string) => void
  readonly setMask: (mask: Mask | null) => void
  readonly setFields: (fields: readonly FieldDraft[]) => void
  readonly choose: (preset: Preset) => void
  /** Sends it, if there is nothing wrong with it. Resolves to whether it was sent. */
  readonly submit: () => Promise<boolean>
  /** A gather runs, and would be stopped first. */
  readonly replaces: boolean
  /** Where the last one that was sent stands. */
  readonly starting: UseAnyCommandResult
}

type Check = typeof checkCommand

let loaded: Check | null = null
let loading: Promise<Check> | null = null
/** The schemas are fetched when a form is shown, so that a page that shows none does not pay for them. */
const loadCheck = async (): Promise<Check> => {
  loading ??= import('./telnyx-rules.ts').then(({ checkCommand }) => checkCommand)
  try {
    loaded = await loading
    return loaded
  } catch (error) {
    loading = null
    throw error
  }
}

const nothing: readonly never[] = []

/** A call's form: what stands in it once it was changed, whether sending it was tried, what was sent last. */
interface FormState {
  readonly draft: Draft | null
  readonly tried: boolean
  readonly sent: Draft | null
}

const forms = new Remembered<FormState>({ draft: null, tried: false, sent: null })

/**
 * The state of a form that starts a gather; for a form of your own. `GatherControls` is one that is ready made. What is
 * written belongs to the call: it is there again when the form is, until Telnyx has taken it.
 */
export function useGatherDraft(callId?: string, initial?: Partial<Draft>): UseGatherDraftResult
export function useGatherDraft(initial: Partial<Draft>): UseGatherDraftResult
export function useGatherDraft(given?: string | Partial<Draft>, ofCall?: Partial<Draft>): UseGatherDraftResult {
  const callId = useCallId(typeof given === 'string' ? given : undefined)
  const initial = typeof given === 'object' ? given : ofCall
  const [{ draft: changed, tried, sent }, changeForm, memory] = useRemembered(callId, forms)
  const [first, setFirst] = useState(() => ({ callId, draft: { ...emptyDraft, ...initial } }))
  // What one call's form begins with may name its caller.
  if (first.callId !== callId) setFirst({ callId, draft: { ...emptyDraft, ...initial } })
  const untouched = first.draft
  const starting = useAnyCommand(callId, { slot: 'form.start' })
  // Also by a retry, or a replacement, while the form was closed.
  const isTaken = starting.status === 'accepted' || starting.status === 'confirmed'
  const draftIn = (form: Pick<FormState, 'draft' | 'sent'>) =>
    isTaken && form.draft === form.sent ? untouched : (form.draft ?? untouched)
  const draft = draftIn({ draft: changed, sent })
  const setDraft = (change: (draft: Draft) => Draft) =>
    changeForm((form) => ({ ...form, draft: change(draftIn(form)) }))
  const setTried = (next: boolean) => changeForm((form) => ({ ...form, tried: next }))
  const [check, setCheck] = useState<Check | null>(() => loaded)
  const running = useCall(callId, ({ state }) => gatherSliceOf(state))
  const replaces = running?.status === 'collecting'

  useEffect(() => {
    // A second look finds it in the cache; a page gone offline finds it when it tries to send.
    loadCheck().then(
      (loadedCheck) => setCheck(() => loadedCheck),
      () => undefined,
    )
  }, [])

  const body = useMemo(() => bodyOf(draft), [draft])
  const inFields = useMemo(
    () => (tried && draft.purpose === 'gather_using_ai' ? fieldProblems(draft.fields) : nothing),
    [tried, draft],
  )
  const problems = useMemo(() => {
    if (!tried || !check) return nothing
    const judged = check(draft.purpose, body)
    return judged.ok ? nothing : judged.errors
  }, [tried, check, draft.purpose, body])

  const submit = async () => {
    setTried(true)
    const isSameAgent = memory.mark()
    // Without the rules the server judges it, as it does in any case.
    const judge = check ?? (await loadCheck().catch(() => null))
    if (judge) setCheck(() => judge)
    if (!isSameAgent()) return false
    const judged = judge?.(draft.purpose, body) ?? { ok: true, body }
    const fieldsAreRight = draft.purpose !== 'gather_using_ai' || fieldProblems(draft.fields).every((it) => it === null)
    if (!judged.ok || !fieldsAreRight || (draft.purpose === 'gather_using_ai' && draft.fields.length === 0))
      return false
    changeForm((form) => ({ ...form, tried: false, sent: draft }))
    const mask = collectsDigits(draft.purpose) ? (draft.mask ?? undefined) : undefined
    const settled = await starting.mutateAsync(draft.purpose, judged.body as CommandBodies[GatherName], {
      mask,
      replace: replaces,
    })
    // What was written since then is the next draft.
    if (settled === 'accepted') changeForm((form) => (form.draft === changed ? forms.initial : form))
    return settled !== 'refused'
  }

  const refusal = starting.status === 'refused' ? starting.refusal : null
  // What the server refused is marked until it is changed.
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
