import { type KeyboardEvent, type ReactElement, type ReactNode, useId, useState } from 'react'
import { Remembered, useRemembered } from '../../hooks/call-memory.ts'
import { perCall } from '../../hooks/call-scope.tsx'
import { useCall } from '../../hooks/use-call.ts'
import { useAnyCommand } from '../../hooks/use-command.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Chip } from '../kit/chip.tsx'
import { CommandNotice } from '../kit/command-button.tsx'
import { Elapsed } from '../kit/elapsed.tsx'
import { type GatherSlice, gatherSliceOf } from '../kit/gather-slice.ts'
import { gatherBadge, gatherTitle } from '../kit/gather-words.ts'
import { LiveRegion } from '../kit/live-region.tsx'
import { StatusChip } from '../kit/status-chip.tsx'
import { useBlocked } from '../kit/use-blocked.ts'
import { useKeptFocus } from '../kit/use-kept-focus.ts'
import type { Draft } from './draft.ts'
import { GatherForm } from './gather-form.tsx'
import { defaultPresets, type Preset } from './parameters.ts'
import { isRunning, RunningGather } from './running-gather.tsx'

/** The props of `GatherControls`. */
export interface GatherControlsProps {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
  /** The presets offered as buttons. Pass the same array on every render. Default: `defaultPresets`. */
  readonly presets?: readonly Preset[]
  /** Initial values of the gather form. */
  readonly initial?: Partial<Draft>
  /** Content beside a gather of digits. `GatherPanel` renders a `DtmfPad` here. */
  readonly beside?: ReactNode
}

/** The id of the gather on screen when the agent opened the form of a call. A new gather closes that form. */
const openForms = new Remembered<string | null>(null)

/**
 * A form to start a gather: digits with or without a prompt, or fields collected by an AI conversation. While a gather
 * is running, the component shows that gather and a button to stop it.
 *
 * `GatherControlsParts` has the unstyled parts of this component.
 */
export const GatherControls: (props: GatherControlsProps) => ReactElement = perCall(function Card({
  callId,
  presets = defaultPresets,
  initial,
  beside,
}: Omit<GatherControlsProps, 'callId'> & { readonly callId: string }) {
  const gather = useCall(callId, ({ state }) => gatherSliceOf(state))
  const reason = useBlocked(callId, 'gather')
  const known = useCall(callId, ({ cursor }) => cursor !== null)
  const [openOver, setOpenOver] = useRemembered(callId, openForms)
  const showForm = gather === null || openOver === gather.id
  const id = useId()
  const kept = useKeptFocus()
  const starting = useAnyCommand(callId, { slot: 'form.start' })
  // The call's log has a gather that Telnyx refused, but none that the server refused. Show the server's refusal here.
  const isRefusedHere = starting.status === 'refused' && starting.refusal.by === 'server'
  // The confirmation to stop belongs to one gather and closes when that gather ends.
  const [confirming, setConfirming] = useState<string | null>(null)
  const canStop = gather !== null && !showForm && isRunning(gather) && reason === null
  const isConfirming = canStop && confirming === gather.id
  const confirm = (asked: boolean) => setConfirming(asked && gather ? gather.id : null)
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || event.defaultPrevented || !canStop) return
    event.preventDefault()
    confirm(!isConfirming)
  }
  return (
    <section className="cg cg-card cg-controls" aria-labelledby={id} {...kept} onKeyDown={onKeyDown}>
      {gather && !showForm ? (
        <GatherHeader callId={callId} gather={gather} id={id} />
      ) : (
        <header className="cg-card-header">
          <FormTitle id={id} />
        </header>
      )}
      <Outcome key={known ? 'known' : 'unknown'} gather={gather} />
      {!showForm && isRefusedHere && (
        <div className="cg-controls-form">
          <CommandNotice command={starting} />
        </div>
      )}
      {showForm ? (
        <GatherForm
          callId={callId}
          presets={presets}
          reason={reason}
          initial={initial}
          onSent={() => setOpenOver(() => null)}
          onCancel={gather ? () => setOpenOver(() => null) : undefined}
        />
      ) : (
        <div className="cg-panel-gather">
          <RunningGather
            key={gather.id}
            callId={callId}
            gather={gather}
            reason={reason}
            confirming={isConfirming}
            onConfirm={confirm}
            onNew={() => setOpenOver(() => gather.id)}
          />
          {gather.kind === 'digits' && beside}
        </div>
      )}
    </section>
  )
})

function FormTitle({ id }: { readonly id: string }) {
  const { t } = useLanguage()
  return (
    <h3 className="cg-card-title" id={id}>
      {t('controls.start')}
    </h3>
  )
}

function GatherHeader({ callId, gather, id }: { callId: string; gather: GatherSlice; id: string }) {
  const language = useLanguage()
  const { t } = language
  const { hidden, tries, attempt, requestedAt, stopAcceptedAt, status, endedAt } = gather
  const running = status === 'collecting' || status === 'requested'
  return (
    <header className="cg-card-header">
      <h3 className="cg-card-title" id={id}>
        {gatherTitle(gather, language)}
      </h3>
      <StatusChip badge={gatherBadge(gather, language)} />
      <div className="cg-card-aside">
        {gather.kind === 'digits' && tries > 1 && stopAcceptedAt === null && (
          <span>{t('slots.attempt', { attempt, tries })}</span>
        )}
        {hidden && <Chip icon="lock">{t(hidden === 'allButLast4' ? 'slots.allButLast4' : 'slots.hidden')}</Chip>}
        {requestedAt && (running || endedAt) && (
          <Elapsed callId={callId} from={requestedAt} to={running ? null : endedAt} />
        )}
      </div>
    </header>
  )
}

/** Announces how a gather ended. Remounts when the snapshot arrives, so that the end of an old gather is silent. */
function Outcome({ gather }: { readonly gather: GatherSlice | null }) {
  const language = useLanguage()
  const [seenEnded] = useState(() => (gather?.endedAt ? gather.id : null))
  const news =
    gather !== null && gather.status !== 'collecting' && gather.status !== 'requested' && gather.id !== seenEnded
  const text = news ? language.t('transcript.gatherEnded', { outcome: gatherBadge(gather, language).text }) : ''
  return <LiveRegion text={text} />
}
