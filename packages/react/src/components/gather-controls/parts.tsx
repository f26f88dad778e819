import { DTMF_KEYS, type GatherName, limits } from '@callgather/protocol'
import { type FormEvent, type ReactElement, type ReactNode, useId } from 'react'
import { perCall } from '../../hooks/call-scope.tsx'
import { visibleText } from '../../hooks/party.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { useTypingGuard } from '../kit/typing-guard.ts'
import { type PartProps, renderPart } from '../part/part.tsx'
import { FormProvider, useGatherForm } from './context.ts'
import type { Draft } from './draft.ts'
import { type GatherParameter, type Preset as GatherPreset, isDuration } from './parameters.ts'
import { problemText } from './problem-text.ts'
import { useGatherDraft } from './use-gather-draft.ts'

/** The state of `GatherControlsParts.Root`, as data attributes. */
export type RootState = { readonly purpose: GatherName }

/** The props of `GatherControlsParts.Root`. */
export interface RootProps extends Omit<PartProps<'form', RootState>, 'onSubmit'> {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
  /** Initial values of the gather form. */
  readonly initial?: Partial<Draft> | undefined
  /** Called after the gather command was sent and not refused. */
  readonly onSent?: () => void
}

function CallRoot({ callId, initial, onSent, ...props }: RootProps & { readonly callId: string }) {
  const draft = useGatherDraft(callId, initial)
  const id = useId()
  const { t } = useLanguage()
  const guard = useTypingGuard()
  const idOf = (name: string) => `${id}${name}`
  const onSubmit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    if (await draft.submit()) onSent?.()
    // Wait for the next frame, when the invalid fields are marked.
    else requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
  }
  return (
    <FormProvider value={{ ...draft, idOf }}>
      {renderPart(
        'form',
        props as PartProps<'form', RootState>,
        { noValidate: true, 'aria-label': t('controls.start'), onSubmit: (event) => void onSubmit(event), ...guard },
        { purpose: draft.draft.purpose },
      )}
    </FormProvider>
  )
}

/** The form that starts a gather. */
export const Root: (props: RootProps) => ReactElement = perCall(CallRoot)

/** The state of `GatherControlsParts.Purpose`, as data attributes. */
export type PurposeState = { readonly checked: boolean }

/** The props of `GatherControlsParts.Purpose`. */
export interface PurposeProps extends PartProps<'input', PurposeState> {
  readonly purpose: GatherName
}

/** A radio button for one kind of gather. Put it in a `label`. */
export function Purpose({ purpose, ...props }: PurposeProps) {
  const { draft, setPurpose, idOf } = useGatherForm('Purpose')
  const checked = draft.purpose === purpose
  return renderPart(
    'input',
    props,
    { type: 'radio', name: idOf('purpose'), value: purpose, checked, onChange: () => setPurpose(purpose) },
    { checked },
  )
}

/** The state of `GatherControlsParts.Preset`, as data attributes. */
export type PresetState = { readonly chosen: boolean }

/** The props of `GatherControlsParts.Preset`. */
export interface PresetProps extends PartProps<'button', PresetState> {
  readonly preset: GatherPreset
}

/** A button that fills in the gather form from a preset. */
export function Preset({ preset, ...props }: PresetProps) {
  const { draft, choose } = useGatherForm('Preset')
  const { tryT } = useLanguage()
  const chosen = draft.preset === preset.name
  return renderPart(
    'button',
    props,
    {
      type: 'button',
      'aria-pressed': chosen,
      onClick: () => choose(preset),
      children: visibleText(tryT(preset.label, preset.label)),
    },
    { chosen },
  )
}

/** The value, problem and element ids for the control of a parameter. */
export interface ParameterState {
  readonly id: string
  readonly label: string
  readonly hint: string | null
  readonly problem: string | null
  readonly value: string
  readonly placeholder: string
  readonly set: (value: string) => void
}

/** The props of `GatherControlsParts.Parameter`. */
export interface ParameterProps {
  readonly parameter: GatherParameter
  readonly children: (state: ParameterState) => ReactNode
}

/** Provides one parameter of the gather form to a function. Renders only the result of that function. */
export function Parameter({ parameter, children }: ParameterProps) {
  const { draft, setValue, problemOf, idOf } = useGatherForm('Parameter')
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

/** The value that Telnyx uses if the parameter's field is empty; `''` if there is no default. */
function placeholderOf(name: string): string {
  if (Object.hasOwn(limits, name)) {
    const value = limits[name as keyof typeof limits].default
    return String(isDuration(name) ? value / 1000 : value)
  }
  return name === 'valid_digits' ? DTMF_KEYS : ''
}

/** The state of `GatherControlsParts.Masked`, as data attributes. */
export type MaskedState = { readonly checked: boolean }

/** The props of `GatherControlsParts.Masked`. */
export type MaskedProps = PartProps<'input', MaskedState>

/** A checkbox that masks the digits of the gather. Put it in a `label`. */
export function Masked(props: MaskedProps) {
  const { draft, setMask } = useGatherForm('Masked')
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

/** The props of `GatherControlsParts.Json`. */
export type JsonProps = PartProps<'pre'>

/** A preview of the request that starts the gather: its path and JSON body. */
export function Json(props: JsonProps) {
  const { draft, body } = useGatherForm('Json')
  const { t } = useLanguage()
  const children = `POST /v2/calls/{call_control_id}/actions/${draft.purpose}\n\n${JSON.stringify(body, null, 2)}`
  return renderPart('pre', props, { tabIndex: 0, 'aria-label': t('controls.jsonLabel'), children })
}
