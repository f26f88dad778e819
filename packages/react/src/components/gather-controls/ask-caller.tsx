import { selectCallPhase, selectGather } from '@callgather/protocol'
import { type ReactElement, useId, useMemo, useState } from 'react'
import { Remembered, useRemembered } from '../../hooks/call-memory.ts'
import { perCall } from '../../hooks/call-scope.tsx'
import type { CommandProgress } from '../../hooks/command-progress.ts'
import { visibleText } from '../../hooks/party.ts'
import { useCall } from '../../hooks/use-call.ts'
import { useAnyCommand } from '../../hooks/use-command.ts'
import { useShortcut } from '../../hooks/use-shortcut.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Button } from '../kit/button.tsx'
import { CommandButton, CommandNotice, isBusy } from '../kit/command-button.tsx'
import { Icon } from '../kit/icon.tsx'
import { LoadNotice } from '../kit/load-notice.tsx'
import { OnDemand, useOnDemand } from '../kit/on-demand.ts'
import { ShortcutHint } from '../kit/shortcut-hint.tsx'
import { useBlocked } from '../kit/use-blocked.ts'
import { useKeptFocus } from '../kit/use-kept-focus.ts'
import { bodyOf, type Draft, draftOf } from './draft.ts'
import { useForm } from './form-state.ts'
import { collectsDigits, defaultPresets, type Preset, presetsOf } from './parameters.ts'
import { isRunning } from './running-gather.tsx'

/** The props of `AskCaller`. */
export interface AskCallerProps {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
  /**
   * The presets offered as buttons. Pass the same array on every render. Default: the templates that the server offers,
   * or `defaultPresets` without any.
   */
  readonly presets?: readonly Preset[] | undefined
  /** Initial values of the form, and of the presets that are asked with one press. */
  readonly initial?: Partial<Draft> | undefined
  /** Whether the form shows the request as JSON and Telnyx's names. Default: `false`. */
  readonly developer?: boolean | undefined
}

/** Whether the form of a call is open instead of the presets. */
const openForms = new Remembered(false)

/** The form is loaded when an agent is about to open it, because most requests are presets. */
const gatherForm = new OnDemand(() => import('./gather-form.tsx'))
const preload = () => void gatherForm.load().catch(() => {})

const notSent: CommandProgress = { status: 'idle', name: null, requestId: null, refusal: null }

/**
 * Buttons that ask the caller for a common value with one press. With Shift, or while another request is running, the
 * press opens the form filled in for a review. "Write your own" opens the empty form. Renders nothing once the call has
 * ended.
 */
export const AskCaller: (props: AskCallerProps) => ReactElement | null = perCall(function OfCall(
  props: Omit<AskCallerProps, 'callId'> & { readonly callId: string },
) {
  const isEnded = useCall(props.callId, ({ state }) => selectCallPhase(state) === 'ended')
  return isEnded ? null : <Card {...props} />
})

function Card({
  callId,
  presets: own,
  initial,
  developer = false,
}: Omit<AskCallerProps, 'callId'> & { readonly callId: string }) {
  const { t, tryT } = useLanguage()
  const reason = useBlocked(callId, 'gather')
  const templates = useCall(callId, ({ templates }) => templates)
  const presets = useMemo(() => own ?? (templates.length > 0 ? presetsOf(templates) : defaultPresets), [own, templates])
  const running = useCall(callId, ({ state }) => {
    const gather = selectGather(state)
    return gather !== null && isRunning(gather)
  })
  const [isFormOpen, setFormOpen] = useRemembered(callId, openForms)
  const form = useForm(callId, initial)
  const [pressed, setPressed] = useState<string | null>(null)
  const [isReview, setReview] = useState(false)
  const asking = useAnyCommand(callId, { slot: 'preset' })
  const starting = useAnyCommand(callId, { slot: 'form.start' })
  const id = useId()
  const kept = useKeptFocus()
  // Telnyx may accept the request of a refused or unknown attempt later, by Retry or Replace.
  const isTaken = starting.status === 'accepted' || starting.status === 'confirmed'
  const setOpen = (isOpen: boolean, isReview = false) => {
    setReview(isReview)
    if (isOpen && isTaken) {
      form.discardSent()
      starting.reset()
    }
    setFormOpen(() => isOpen)
  }
  const isOpen = (isFormOpen && !isTaken) || presets.length === 0
  const { module, hasFailed, retry } = useOnDemand(gatherForm, isOpen)
  const cancel = presets.length > 0 ? () => setOpen(false) : undefined
  // `CurrentGather` shows a request that Telnyx refused, because the call's log has it, unless another one runs.
  const isShownHere = (command: CommandProgress) =>
    running || command.status !== 'refused' || command.refusal.by === 'server'
  const ask = (preset: Preset, isWanted: boolean) => {
    if (isBusy(asking)) return
    if ((isWanted || running) && !preset.template) {
      setOpen(true, true)
      form.fill(preset)
      return
    }
    setPressed(preset.name)
    const label = tryT(preset.label, preset.label)
    if (preset.template) {
      const { name, command } = preset.template
      asking.mutate(command, { template: name } as never, { label })
      return
    }
    const draft = draftOf(preset, initial)
    const mask = collectsDigits(draft.purpose) ? (draft.mask ?? undefined) : undefined
    asking.mutate(draft.purpose, bodyOf(draft) as never, { mask, label })
  }
  return (
    <section
      className="cg cg-card cg-ask"
      aria-labelledby={id}
      {...kept}
      onPointerEnter={preload}
      onFocus={(event) => {
        preload()
        kept.onFocus(event)
      }}
    >
      <header className="cg-card-header">
        <h3 className="cg-card-title" id={id}>
          {t('controls.start')}
        </h3>
      </header>
      {isOpen && !module ? (
        <div className="cg-ask-body">
          <LoadNotice hasFailed={hasFailed} onRetry={retry} onCancel={cancel} />
        </div>
      ) : isOpen && module ? (
        <module.GatherForm
          callId={callId}
          presets={presets.filter(({ template }) => !template)}
          reason={reason}
          initial={initial}
          developer={developer}
          isReview={isReview}
          onSent={() => setOpen(false)}
          onCancel={cancel}
        />
      ) : (
        <div className="cg-ask-body">
          {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be a grid in every browser */}
          <div className="cg-ask-presets" role="group" aria-label={t('controls.presets')}>
            {presets.map((preset, index) => (
              <PresetButton
                key={preset.name}
                preset={preset}
                place={index + 1}
                command={pressed === preset.name ? asking : notSent}
                reason={reason}
                onAsk={(isReview) => ask(preset, isReview)}
              />
            ))}
          </div>
          {isShownHere(asking) && <CommandNotice command={asking} />}
          {isShownHere(starting) && <CommandNotice command={starting} />}
          {reason !== null && !isBusy(asking) && <p className="cg-hint">{reason}</p>}
          <p className="cg-hint cg-ask-hint">
            {t(running ? 'controls.replaceHint' : 'ask.hint')}
            <Button variant="quiet" size="small" onClick={() => setOpen(true)}>
              {t('ask.own')}
            </Button>
          </p>
        </div>
      )}
    </section>
  )
}

interface PresetButtonProps {
  readonly preset: Preset
  /** The position of the preset, from 1. The first nine presets have the keys 1 to 9. */
  readonly place: number
  readonly command: CommandProgress
  readonly reason: string | null
  readonly onAsk: (isReview: boolean) => void
}

function PresetButton({ preset, place, command, reason, onAsk }: PresetButtonProps) {
  const { t, tryT } = useLanguage()
  const what = visibleText(tryT(preset.label, preset.label))
  const shortcut = useShortcut(
    place > 9
      ? null
      : {
          id: `ask${place}`,
          key: String(place),
          label: t('shortcuts.ask', { what }),
          enabled: reason === null,
          run: () => onAsk(false),
        },
  )
  return (
    <CommandButton
      command={command}
      reason={reason}
      aria-keyshortcuts={shortcut?.aria}
      onClick={(event) => onAsk(event.shiftKey)}
    >
      <bdi>{what}</bdi>
      {(preset.icon ?? preset.mask) && <Icon name={preset.icon ?? 'lock'} />}
      <ShortcutHint shortcut={shortcut} />
    </CommandButton>
  )
}
