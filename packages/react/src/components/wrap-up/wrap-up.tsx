import { useId } from 'react'
import { writeClipboard } from '../../hooks/clipboard.ts'
import { visibleText } from '../../hooks/party.ts'
import type { UseWrapUpOptions } from '../../hooks/use-wrap-up.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { doubtWords, hiddenWords, shownText, valueLabel } from '../collected/collected-words.ts'
import { Button } from '../kit/button.tsx'
import { Chip } from '../kit/chip.tsx'
import { CopyFailure } from '../kit/copy-failure.tsx'
import { Field } from '../kit/field.tsx'
import { Icon } from '../kit/icon.tsx'
import { LiveRegion } from '../kit/live-region.tsx'
import { Notice } from '../kit/notice.tsx'
import { shortTimeOfDay } from '../kit/time.ts'
import { useCopyFeedback } from '../kit/use-copy-feedback.ts'
import { useKeptFocus } from '../kit/use-kept-focus.ts'
import { type Disposition, useWrapUpContext } from './context.ts'
import * as parts from './parts.tsx'
import { partyOf, summaryRows, wrapUpText } from './wrap-up-words.ts'

/** The props of `WrapUp`. */
export interface WrapUpProps {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
  /** The results from which the agent must choose one. Default: none, and the agent chooses no result. */
  readonly dispositions?: readonly Disposition[]
  /** Receives the finished wrap-up. Default: saves it on the server. If it throws or rejects, the agent keeps the draft and can try again. */
  readonly onWrapUp?: UseWrapUpOptions['onWrapUp']
}

/**
 * The wrap-up of a call: a summary, a note and a result. The note can be started during the call and finished after
 * it. The draft survives a reload and a closed tab, but never reaches another call or agent.
 *
 * `WrapUpParts` has the unstyled parts of this component.
 */
export function WrapUp({ callId, dispositions, onWrapUp }: WrapUpProps) {
  const { t } = useLanguage()
  const id = useId()
  const kept = useKeptFocus()
  return (
    <parts.Root
      callId={callId}
      onWrapUp={onWrapUp}
      className="cg cg-card cg-wrap-up"
      aria-labelledby={id}
      {...(dispositions ? { dispositions } : {})}
      {...kept}
    >
      <header className="cg-card-header">
        <h3 className="cg-card-title" id={id}>
          {t('wrapUp.label')}
        </h3>
        <div className="cg-card-aside">
          <Status />
        </div>
      </header>
      <div className="cg-card-body cg-wrap-up-body">
        <Summary />
        <Form />
        <Footer />
      </div>
    </parts.Root>
  )
}

function Status() {
  const { status, summary } = useWrapUpContext('Status').view
  const language = useLanguage()
  const { t } = language
  return (
    <>
      <bdi>{partyOf(summary, language)}</bdi>
      {status === 'live' && <Chip dot>{t('wrapUp.live')}</Chip>}
      {status === 'done' && (
        <Chip tone="positive" icon="check">
          {t('wrapUp.done')}
        </Chip>
      )}
      {summary.isMissed && (
        <Chip tone="warning" icon="hangup">
          {t('wrapUp.missed')}
        </Chip>
      )}
    </>
  )
}

function Summary() {
  const { summary } = useWrapUpContext('Summary').view
  const language = useLanguage()
  const { t, locale, timeZone } = language
  if (summary.endedAt === null) return null
  return (
    <dl className="cg-wrap-up-summary">
      {summaryRows(summary, language).map(({ key, label, text }) => (
        <div key={key}>
          <dt>{label}</dt>
          <dd>{text}</dd>
        </div>
      ))}
      {summary.collected.map((item) => (
        <div key={item.id}>
          <dt>
            <bdi>{visibleText(valueLabel(item, language))}</bdi>
          </dt>
          {item.mask ? (
            <dd className="cg-wrap-up-hidden">
              <Icon name="hidden" /> {hiddenWords(item, language)}
            </dd>
          ) : (
            <dd className="cg-wrap-up-value">
              <bdi>{shownText(item, language)}</bdi>
              {doubtWords(item, summary.hungUpBy, language)}
            </dd>
          )}
        </div>
      ))}
      {summary.whispers.map(({ id, at, text }) => (
        <div key={id}>
          <dt>
            {t('assistant.whisper')} <time dateTime={at}>{shortTimeOfDay(locale, at, timeZone)}</time>
          </dt>
          <dd>
            <bdi>{visibleText(text)}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  )
}

function Form() {
  const { view, dispositions, isDispositionMissing } = useWrapUpContext('Form')
  const { t } = useLanguage()
  if (view.status === 'connecting') return null
  return (
    <>
      {dispositions.length > 0 && (
        <Field
          label={t('wrapUp.disposition')}
          hint={null}
          problem={isDispositionMissing ? t('wrapUp.dispositionNeeded') : null}
        >
          {(control) => <parts.Disposition {...control} />}
        </Field>
      )}
      <Field label={t('wrapUp.note')} hint={view.status === 'done' ? null : t('wrapUp.noteHint')}>
        {(control) => <parts.Note {...control} className="cg-input cg-wrap-up-note" />}
      </Field>
    </>
  )
}

function Footer() {
  const { view, dispositions, chosen } = useWrapUpContext('Footer')
  const language = useLanguage()
  const { t } = language
  const { feedback, report, dismiss } = useCopyFeedback()
  const { status, summary, note } = view
  if (status === 'connecting') return null
  const copy = async () => {
    const collected = summary.collected.map((item) => ({ ...item, label: valueLabel(item, language) }))
    const disposition = dispositions.find(({ id }) => id === chosen)?.label ?? null
    await writeClipboard(wrapUpText(summary, { note, disposition, collected }, language))
  }
  const isCopied = feedback?.status === 'copied'
  return (
    <>
      {status === 'failed' && (
        <Notice role="alert" tone="negative" icon="alert" title={t('wrapUp.failed')}>
          {t('wrapUp.failedHint')}
        </Notice>
      )}
      {feedback?.status === 'failed' && <CopyFailure onClose={dismiss} />}
      {status === 'live' && <p className="cg-hint">{t('wrapUp.liveHint')}</p>}
      <div className="cg-wrap-up-actions">
        {status !== 'done' && <parts.Finish className="cg-button" data-variant="primary" />}
        <Button variant="quiet" icon={isCopied ? 'check' : 'copy'} onClick={() => report('all', copy())}>
          {t(isCopied ? 'collected.copied' : 'wrapUp.copy')}
        </Button>
      </div>
      <LiveRegion text={isCopied ? t('collected.copied') : status === 'done' ? t('wrapUp.done') : ''} />
    </>
  )
}
