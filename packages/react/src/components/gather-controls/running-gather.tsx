import { selectCallPhase } from '@callgather/protocol'
import { useContext } from 'react'
import { ConfirmAfterContext } from '../../hooks/confirm-after.ts'
import { visibleText } from '../../hooks/party.ts'
import type { ShortcutKey } from '../../hooks/shortcut-key.ts'
import { useCall } from '../../hooks/use-call.ts'
import { type UseAnyCommandResult, useAnyCommand } from '../../hooks/use-command.ts'
import { useServerTime } from '../../hooks/use-server-time.ts'
import { useShortcut } from '../../hooks/use-shortcut.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { DigitSlots } from '../digit-slots/digit-slots.tsx'
import { CommandButton, CommandNotice, isBusy } from '../kit/command-button.tsx'
import { Confirm } from '../kit/confirm.tsx'
import { DeliveryNotice } from '../kit/delivery-notice.tsx'
import type { GatherSlice } from '../kit/gather-slice.ts'
import { Icon } from '../kit/icon.tsx'
import { LoadNotice } from '../kit/load-notice.tsx'
import { Notice } from '../kit/notice.tsx'
import { OnDemand, useOnDemand } from '../kit/on-demand.ts'
import { refusalWords } from '../kit/refusal-words.ts'
import { ShortcutHint } from '../kit/shortcut-hint.tsx'
import { useAskingButton } from '../kit/use-asking-button.ts'

interface RunningGatherProps {
  readonly callId: string
  readonly gather: GatherSlice
  /** Why commands are disabled, in words; `null` if they are allowed. */
  readonly reason: string | null
  /** Whether the confirmation to stop the gather is open. */
  readonly confirming: boolean
  readonly onConfirm: (confirming: boolean) => void
  /** The key that asks to stop the gather. */
  readonly stopKey: ShortcutKey | null
}

/** Only AI gathers have fields, and most calls have none. */
const gatherFields = new OnDemand(() => import('../gather-fields/gather-fields.tsx'))

function Fields() {
  const { module, hasFailed, retry } = useOnDemand(gatherFields, true)
  return module ? <module.FieldsBody /> : <LoadNotice hasFailed={hasFailed} onRetry={retry} />
}

/** Whether this gather is running, so that the agent can stop it. */
export const isRunning = ({ status }: Pick<GatherSlice, 'status'>): boolean =>
  status === 'collecting' || status === 'requested' || status === 'unknown'

/** The running or last gather: its request, input, outcome and actions. */
export function RunningGather({ callId, gather, reason, confirming, onConfirm, stopKey }: RunningGatherProps) {
  const language = useLanguage()
  const { t } = language
  const stopping = useAnyCommand(callId, { slot: `stop ${gather.id}` })
  const asking = useAnyCommand(callId, { slot: `again ${gather.id}` })
  const running = isRunning(gather)
  const root = useAskingButton<HTMLDivElement>(confirming)
  const stop = () => {
    onConfirm(false)
    stopping.mutate(gather.kind === 'fields' ? 'ai_assistant_stop' : 'gather_stop', {})
  }
  const canAct = useCall(callId, ({ scopes, cursor }) => cursor === null || scopes.includes('gather'))
  const { command } = gather
  // While masked input may still arrive, the log has a request without its words, so it cannot be sent again.
  const isWhole = !JSON.stringify(gather.body).includes('•••')
  const isEnded = useCall(callId, ({ state }) => selectCallPhase(state) === 'ended')
  const again = () => {
    if (command === null) return
    asking.mutate(command, gather.body as never, { mask: gather.mask, label: gather.label ?? undefined })
  }
  const againKey = useShortcut({
    id: 'again',
    key: 'r',
    label: t('gather.again'),
    enabled: !running && command !== null && isWhole && reason === null && !isBusy(asking),
    run: again,
  })
  const isOverdue = useStopOverdue(callId, gather, stopping)
  const refusal =
    gather.refusal && refusalWords({ ...gather.refusal, status: gather.refusal.httpStatus, by: 'telnyx' }, language)
  return (
    <div className="cg-running" data-status={gather.status} ref={root}>
      <Prompt gather={gather} />
      {gather.kind === 'digits' ? <DigitSlots callId={callId} gatherId={gather.id} /> : <Fields />}
      {!gather.mask && (gather.hidden || !isWhole) && <p className="cg-hint">{t('gather.alsoHidden')}</p>}
      <DeliveryNotice delivery={gather.delivery} />
      {refusal && (
        <Notice tone="negative" icon="alert" title={refusal.title}>
          {refusal.detail} {t('command.refusedDetail')}
        </Notice>
      )}
      {gather.status === 'unknown' && (
        <Notice tone="warning" icon="question" title={t('command.unknown')}>
          {t('command.unknownDetail')}
        </Notice>
      )}
      {isOverdue && (
        <Notice role="alert" tone="warning" icon="clock" title={t('gather.stopOverdue')}>
          {t('gather.stopOverdueHint')}
        </Notice>
      )}
      {!isOverdue && <CommandNotice command={stopping} />}
      <CommandNotice command={asking} />
      {!canAct ? null : confirming ? (
        <Confirm
          key="confirm"
          label={t('gather.stop')}
          question={t('gather.stopConfirm')}
          stop={t('action.stop')}
          keep={t('gather.keep')}
          onStop={stop}
          onKeep={() => onConfirm(false)}
        />
      ) : (
        <div key="actions" className="cg-controls-actions">
          {/* Keyed, because a button element reused for another action would keep the focus and get a second press. */}
          {running ? (
            <CommandButton
              key="stop"
              data-asks=""
              command={stopping}
              variant="danger"
              icon="stop"
              reason={reason}
              aria-label={t(isOverdue ? 'gather.stopAgain' : 'gather.stop')}
              aria-keyshortcuts={stopKey?.aria ?? 'Escape'}
              onClick={stop}
            >
              {t(isOverdue ? 'gather.stopAgain' : 'action.stop')}
              <ShortcutHint shortcut={stopKey} />
            </CommandButton>
          ) : (
            command !== null &&
            isWhole &&
            !isEnded && (
              <CommandButton
                key="again"
                command={asking}
                icon="refresh"
                reason={reason}
                aria-keyshortcuts={againKey?.aria}
                onClick={again}
              >
                {t('gather.again')}
                <ShortcutHint shortcut={againKey} />
              </CommandButton>
            )
          )}
        </div>
      )}
    </div>
  )
}

/** Whether Telnyx accepted a stop of the gather, from any agent, that no event has confirmed in time. */
function useStopOverdue(callId: string, { stopAcceptedAt }: GatherSlice, stopping: UseAnyCommandResult): boolean {
  const confirmAfterMs = useContext(ConfirmAfterContext)
  const now = useServerTime(callId, stopAcceptedAt === null ? null : 1000)
  if (stopAcceptedAt === null || stopping.status === 'sending') return false
  return (stopping.status === 'accepted' && stopping.isOverdue) || now - Date.parse(stopAcceptedAt) > confirmAfterMs
}

function Prompt({ gather }: { readonly gather: GatherSlice }) {
  const { t } = useLanguage()
  const { prompt, media, playing } = gather
  if (prompt === null && media === null) return null
  return (
    <div className="cg-prompt">
      {prompt !== null && <p dir="auto">“{visibleText(prompt)}”</p>}
      {media !== null && (
        <p className="cg-prompt-media">
          <Icon name="sound" />
          <bdi>{t('gather.promptMedia', { name: visibleText(media) })}</bdi>
        </p>
      )}
      {playing && (
        <span className="cg-prompt-playing">
          <span className="cg-dot" data-live="" aria-hidden="true" />
          {t('gather.promptPlaying')}
        </span>
      )}
    </div>
  )
}
