import type { GatherName, TelnyxError } from '@callgather/protocol'
import { KEYS, limits } from '@callgather/protocol'
import { type FormEvent, type ReactNode, useId } from 'react'
import { type OfCall, perCall } from '../../hooks/call-scope.tsx'
import { type Language, useLanguage } from '../../strings/strings-context.tsx'
import { useTypingGuard } from '../kit/typing-guard.ts'
import { type PartProps, renderPart } from '../part/part.tsx'
import { createPartContext } from '../part/part-context.ts'
import type { Draft } from './draft.ts'
import type { Parameter as ParameterSpec, Preset as PresetSpec } from './parameters.ts'
import { type UseGatherDraftResult, useGatherDraft } from './use-gather-draft.ts'

interface FormContext extends UseGatherDraftResult {
  /** Makes ids that belong to this form. */
  readonly idOf: (name: string) => string
}

const [FormProvider, useForm] = createPartContext<FormContext>('GatherControls')

export { useForm as useGatherForm }

/** The props of `GatherControls.Root`, less the call. */
export interface GatherControlsRootProps extends Omit<PartProps<'form', { purpose: GatherName }>, 'onSubmit'> {
  /** What stands in the form at first. */
  readonly initial?: Partial<Draft> | undefined
  /** Called once Telnyx has been asked. */
  readonly onSent?: () => void
}

function CallRoot({ callId, initial, onSent, ...props }: GatherControlsRootProps & { readonly callId: string }) {
  const draft = useGatherDraft(callId, initial)
  const id = useId()
  const { t } = useLanguage()
  const guard = useTypingGuard()
  const idOf = (name: string) => `${id}${name}`
  const onSubmit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    if (await draft.submit()) onSent?.()
    // What is wrong is where the agent should be next.
    else requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
  }
  return (
    <FormProvider value={{ ...draft, idOf }}>
      {renderPart(
        'form',
        props as PartProps<'form', { purpose: GatherName }>,
        { noValidate: true, 'aria-label': t('controls.start'), onSubmit: (event) => void onSubmit(event), ...guard },
        { purpose: draft.draft.purpose },
      )}
    </FormProvider>
  )
}

/** The form that starts a gather. */
export const Root: OfCall<GatherControlsRootProps> = perCall(CallRoot)

/** One kind of gather, as a radio button; put it in a `label`. */
export function Purpose({
  purpose,
  ...props
}: PartProps<'input', { checked: boolean }> & { readonly purpose: GatherName }) {
  const { draft, setPurpose, idOf } = useForm('Purpose')
  const checked = draft.purpose === purpose
  return renderPart(
    'input',
    props,
    { type: 'radio', name: idOf('purpose'), value: purpose, checked, onChange: () => setPurpose(purpose) },
    { checked },
  )
}

/** Fills the form in with a question that is asked often. */
export function Preset({
  preset,
  ...props
}: PartProps<'button', { chosen: boolean }> & { readonly preset: PresetSpec }) {
  const { draft, choose } = useForm('Preset')
  const { t } = useLanguage()
  const chosen = draft.preset === preset.name
  return renderPart(
    'button',
    props,
    { type: 'button', 'aria-pressed': chosen, onClick: () => choose(preset), children: t(preset.label) },
    { chosen },
  )
}

/** What a parameter's control needs: its value, what is wrong with it, and the ids that tie them together. */
export interface ParameterState {
  readonly id: string
  readonly label: string
  readonly hint: string | null
  readonly problem: string | null
  readonly value: string
  readonly placeholder: string
  readonly set: (value: string) => void
}

/** The props of `GatherControls.Parameter`. */
export interface ParameterProps {
  readonly parameter: ParameterSpec
  readonly children: (state: ParameterState) => ReactNode
}

/** One parameter of the gather. Draws nothing of its own. */
export function Parameter({ parameter, children }: ParameterProps) {
  const { draft, setValue, problemOf, idOf } = useForm('Parameter')
  const language = useLanguage()
  const { name, label, hint } = parameter
  const problem = problemOf(name)
  return children({
    id: idOf(name),
    label: language.t(label),
    hint: hint ? language.t(hint) : null,
    problem: problem && problemText(problem, name, language),
    value: draft.values[name] ?? '',
    placeholder: placeholderOf(name),
    set: (value) => setValue(name, value),
  })
}

/** What Telnyx assumes when a field is left empty. */
function placeholderOf(name: string): string {
  if (Object.hasOwn(limits, name)) return String(limits[name as keyof typeof limits].default)
  return name === 'valid_digits' ? KEYS : ''
}

/** A problem in the agent's language where we know the rule; in Telnyx's words where we do not. */
export function problemText({ code, detail, title }: TelnyxError, name: string, { t }: Language): string {
  if (code === '10004') return t('problem.required')
  if (code === '10026') return t('problem.type')
  if (Object.hasOwn(limits, name)) {
    const { min, max, code: own } = limits[name as keyof typeof limits]
    if (code === own) return t('problem.range', { min, max })
  }
  if (code === '10027' && name === 'minimum_digits') return t('problem.minMax')
  if (code === '90008') return t('problem.keys')
  // What the server's own rules do not allow.
  if (code === '10015') return t('refused.policy')
  return detail?.replaceAll('`', '') ?? title
}

/** Hides the digits of the gather from everyone, as a checkbox; put it in a `label`. */
export function Masked(props: PartProps<'input', { checked: boolean }>) {
  const { draft, setMask } = useForm('Masked')
  const masked = draft.mask !== null
  return renderPart(
    'input',
    props,
    {
      type: 'checkbox',
      checked: masked,
      onChange: (event) => setMask(event.currentTarget.checked ? 'digits' : null),
    },
    { checked: masked },
  )
}

/** The request as it would be sent: the path, and the body. */
export function Json(props: PartProps<'pre'>) {
  const { draft, body } = useForm('Json')
  const { t } = useLanguage()
  const children = `POST /v2/calls/{call_control_id}/actions/${draft.purpose}\n\n${JSON.stringify(body, null, 2)}`
  return renderPart('pre', props, { tabIndex: 0, 'aria-label': t('controls.jsonLabel'), children })
}
