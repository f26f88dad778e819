import { type KeyboardEvent, type ReactElement, type ReactNode, useId, useState } from 'react'
import { perCall } from '../../hooks/call-scope.tsx'
import { useCall } from '../../hooks/use-call.ts'
import { useShortcut } from '../../hooks/use-shortcut.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Chip } from '../kit/chip.tsx'
import { type GatherSlice, gatherSliceOf } from '../kit/gather-slice.ts'
import { gatherBadge, gatherTitle } from '../kit/gather-words.ts'
import { LiveRegion } from '../kit/live-region.tsx'
import { Empty } from '../kit/notice.tsx'
import { StatusChip } from '../kit/status-chip.tsx'
import { useBlocked } from '../kit/use-blocked.ts'
import { useKeptFocus } from '../kit/use-kept-focus.ts'
import { isRunning, RunningGather } from './running-gather.tsx'

/** The props of `CurrentGather`. */
export interface CurrentGatherProps {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
  /** Content under a gather of digits. `GatherPanel` renders a `DtmfPad` here. */
  readonly beside?: ReactNode
}

/**
 * What the caller is being asked for now: the prompt, the input so far, the remaining time and a button to stop. After
 * the end it shows the outcome and the value. Escape asks to stop, and a second Escape keeps the gather running.
 */
export const CurrentGather: (props: CurrentGatherProps) => ReactElement = perCall(function Card({
  callId,
  beside,
}: Pick<CurrentGatherProps, 'beside'> & { readonly callId: string }) {
  const gather = useCall(callId, ({ state }) => gatherSliceOf(state))
  const reason = useBlocked(callId, 'gather')
  const known = useCall(callId, ({ cursor }) => cursor !== null)
  const { t } = useLanguage()
  const id = useId()
  const kept = useKeptFocus()
  // The confirmation to stop belongs to one gather and closes when that gather ends.
  const [confirming, setConfirming] = useState<string | null>(null)
  const canStop = gather !== null && isRunning(gather) && reason === null
  const isConfirming = canStop && confirming === gather.id
  const confirm = (asked: boolean) => setConfirming(asked && gather ? gather.id : null)
  const stopKey = useShortcut({
    id: 'stop',
    key: 'Escape',
    label: t('gather.stop'),
    enabled: canStop,
    run: () => confirm(!isConfirming),
  })
  // Also works outside a `Shortcuts`, while the focus is in this card.
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || event.defaultPrevented || !canStop) return
    event.preventDefault()
    confirm(!isConfirming)
  }
  return (
    <section className="cg cg-card cg-now" aria-labelledby={id} {...kept} onKeyDown={onKeyDown}>
      <GatherHeader gather={gather} id={id} />
      <Outcome key={known ? 'known' : 'unknown'} gather={gather} />
      {gather ? (
        <>
          <RunningGather
            key={gather.id}
            callId={callId}
            gather={gather}
            reason={reason}
            confirming={isConfirming}
            onConfirm={confirm}
            stopKey={stopKey}
          />
          {gather.kind === 'digits' && beside && <div className="cg-host">{beside}</div>}
        </>
      ) : (
        <Empty icon="keypad" title={t('now.empty')}>
          {t('now.emptyHint')}
        </Empty>
      )}
    </section>
  )
})

function GatherHeader({ gather, id }: { readonly gather: GatherSlice | null; readonly id: string }) {
  const language = useLanguage()
  const { t } = language
  return (
    <header className="cg-card-header">
      <h3 className="cg-card-title" id={id}>
        {gather ? gatherTitle(gather, language) : t('now.label')}
      </h3>
      {gather && <StatusChip badge={gatherBadge(gather, language)} />}
      {gather && (
        <div className="cg-card-aside">
          {gather.kind === 'digits' &&
            gather.attempt !== null &&
            gather.attempt > 1 &&
            gather.stopAcceptedAt === null && (
              <span>{t('slots.attempt', { attempt: gather.attempt, tries: gather.tries })}</span>
            )}
          {gather.hidden && (
            <Chip icon="lock">{t(gather.hidden === 'allButLast4' ? 'slots.allButLast4' : 'slots.hidden')}</Chip>
          )}
        </div>
      )}
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
