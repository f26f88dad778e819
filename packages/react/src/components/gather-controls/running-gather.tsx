import { type KeyboardEvent, useState } from 'react'
import { useAnyCommand } from '../../hooks/use-command.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { DigitSlots } from '../digit-slots/digit-slots.tsx'
import { FieldsBody } from '../gather-fields/gather-fields.tsx'
import { CommandButton, CommandNotice } from '../kit/command-button.tsx'
import { Icon } from '../kit/icon.tsx'
import { Notice } from '../kit/notice.tsx'
import type { GatherSlice } from './gather-slice.ts'

interface RunningGatherProps {
  readonly callId: string
  readonly gather: GatherSlice
  /** Why nothing can be done now. */
  readonly reason: string | null
  /** Opens the form. */
  readonly onNew: () => void
}

/** The gather that runs, or ran last: what was asked, what came, and what can be done about it. */
export function RunningGather({ callId, gather, reason, onNew }: RunningGatherProps) {
  const { t } = useLanguage()
  const stopping = useAnyCommand(callId, { slot: `stop ${gather.id}` })
  const asking = useAnyCommand(callId, { slot: `again ${gather.id}` })
  const [confirming, setConfirming] = useState(false)
  const running = gather.status === 'collecting' || gather.status === 'requested' || gather.status === 'unknown'
  const stop = () => {
    setConfirming(false)
    void stopping.run(gather.kind === 'fields' ? 'ai_assistant_stop' : 'gather_stop', {})
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || event.defaultPrevented || !running || reason !== null) return
    event.preventDefault()
    setConfirming(!confirming)
  }
  const { command } = gather
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape is a shortcut for the Stop button inside
    <div className="cg-running" data-status={gather.status} onKeyDown={onKeyDown}>
      <Prompt gather={gather} />
      {gather.kind === 'digits' ? <DigitSlots callId={callId} gatherId={gather.id} /> : <FieldsBody />}
      {gather.status === 'refused' && (
        <Notice
          tone="negative"
          icon="alert"
          title={t('command.refused', { title: gather.refusalTitle ?? '', code: gather.refusalCode ?? '' })}
        >
          {[gather.refusalDetail, t('command.refusedDetail')].filter(Boolean).join(' ')}
        </Notice>
      )}
      {gather.status === 'unknown' && (
        <Notice tone="warning" icon="question" title={t('command.unknown')}>
          {t('command.unknownDetail')}
        </Notice>
      )}
      <CommandNotice command={stopping} />
      <CommandNotice command={asking} />
      {confirming ? (
        <div className="cg-confirm" role="alertdialog" aria-label={t('gather.stop')}>
          <p>{t('gather.stopConfirm')}</p>
          {/* biome-ignore lint/a11y/noAutofocus: the question was asked by a key, and is answered by one */}
          <button type="button" className="cg-button" data-variant="danger" autoFocus onClick={stop}>
            {t('gather.stopShort')}
          </button>
          <button type="button" className="cg-button" onClick={() => setConfirming(false)}>
            {t('gather.keep')}
          </button>
        </div>
      ) : (
        <div className="cg-controls-actions">
          {running ? (
            <CommandButton
              command={stopping}
              variant="danger"
              icon="stop"
              reason={reason}
              aria-label={t('gather.stop')}
              aria-keyshortcuts="Escape"
              onClick={stop}
            >
              {t('gather.stopShort')}
            </CommandButton>
          ) : (
            command !== null && (
              <CommandButton
                command={asking}
                icon="refresh"
                reason={reason}
                onClick={() => void asking.run(command, gather.body as never, { mask: gather.hidden })}
              >
                {t('gather.again')}
              </CommandButton>
            )
          )}
          <button type="button" className="cg-button" data-variant={running ? 'quiet' : undefined} onClick={onNew}>
            {t('gather.new')}
          </button>
        </div>
      )}
    </div>
  )
}

function Prompt({ gather }: { readonly gather: GatherSlice }) {
  const { t } = useLanguage()
  const { prompt, media, playing } = gather
  if (prompt === null && media === null) return null
  return (
    <div className="cg-prompt">
      {prompt !== null && <p dir="auto">“{prompt}”</p>}
      {media !== null && (
        <p className="cg-prompt-media">
          <Icon name="sound" />
          <bdi>{t('gather.promptMedia', { name: media })}</bdi>
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
