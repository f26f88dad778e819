import { type ReactElement, useRef } from 'react'
import { perCall } from '../../hooks/call-scope.tsx'
import { type UseWrapUpOptions, type UseWrapUpResult, useWrapUp } from '../../hooks/use-wrap-up.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { useTypingGuard } from '../kit/typing-guard.ts'
import { type PartProps, renderPart } from '../part/part.tsx'
import { type Disposition as DispositionOption, useWrapUpContext, useWrapUpOf, WrapUpProvider } from './context.ts'

/** The state of `WrapUpParts.Root`, as data attributes. */
export type RootState = {
  readonly status: UseWrapUpResult['status']
  /** Whether an incoming call ended without an answer. */
  readonly missed: boolean
}

/** The props of `WrapUpParts.Root`. */
export interface RootProps extends PartProps<'section', RootState>, UseWrapUpOptions {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
  /** The results from which the agent must choose one. Default: none, and the agent chooses no result. */
  readonly dispositions?: readonly DispositionOption[]
}

const noDispositions: readonly DispositionOption[] = []

function CallRoot({
  callId,
  dispositions = noDispositions,
  onWrapUp,
  ...props
}: RootProps & { readonly callId: string }) {
  const { t } = useLanguage()
  const guard = useTypingGuard()
  const view = useWrapUp(callId, { onWrapUp })
  const context = useWrapUpOf(view, dispositions)
  const state = { status: view.status, missed: view.summary.isMissed }
  return (
    <WrapUpProvider value={context}>
      {renderPart('section', props, { 'aria-label': t('wrapUp.label'), ...guard }, state)}
    </WrapUpProvider>
  )
}

/** The region around the wrap-up of a call. */
export const Root: (props: RootProps) => ReactElement = perCall(CallRoot)

/** The props of `WrapUpParts.Note`. */
export type NoteProps = PartProps<'textarea'>

/** The text field for the agent's note. */
export function Note(props: NoteProps) {
  const { note, setNote, status } = useWrapUpContext('Note').view
  const { t } = useLanguage()
  return renderPart('textarea', props, {
    'aria-label': t('wrapUp.note'),
    value: note,
    dir: 'auto',
    disabled: status === 'saving' || status === 'done',
    onChange: (event) => setNote(event.currentTarget.value),
  })
}

/** The props of `WrapUpParts.Disposition`. */
export type DispositionProps = PartProps<'select'>

/** The choice of a result for the call. */
export function Disposition(props: DispositionProps) {
  const { view, dispositions, chosen, choose, isDispositionMissing } = useWrapUpContext('Disposition')
  const { t } = useLanguage()
  return renderPart('select', props, {
    'aria-label': t('wrapUp.disposition'),
    'aria-invalid': isDispositionMissing || undefined,
    value: chosen ?? '',
    disabled: view.status === 'saving' || view.status === 'done',
    onChange: (event) => choose(event.currentTarget.value),
    children: (
      <>
        <option value="">{t('wrapUp.choose')}</option>
        {dispositions.map(({ id, label }) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </>
    ),
  })
}

/** The props of `WrapUpParts.Finish`. */
export type FinishProps = PartProps<'button'>

/** The button that completes the wrap-up. Without a disposition, it moves the focus to the choice. */
export function Finish(props: FinishProps) {
  const { view, canFinish, finish } = useWrapUpContext('Finish')
  const { t } = useLanguage()
  const button = useRef<HTMLButtonElement>(null)
  const onClick = () => {
    if (!canFinish || finish()) return
    button.current?.closest('section')?.querySelector('select')?.focus()
  }
  const isSaving = view.status === 'saving'
  return renderPart('button', props, {
    ref: button,
    type: 'button',
    'aria-disabled': !canFinish || undefined,
    'aria-busy': isSaving || undefined,
    title: view.status === 'live' ? t('wrapUp.liveHint') : undefined,
    onClick,
    children: t(isSaving ? 'wrapUp.saving' : 'wrapUp.finish'),
  })
}
