import { isCommandName } from '@callgather/protocol'
import { memo, type ReactNode } from 'react'
import { type Language, useLanguage } from '../../strings/strings-context.tsx'
import { IconButton } from '../kit/button.tsx'
import { commandIcons, outcomeBadge } from '../kit/gather-words.ts'
import { Icon } from '../kit/icon.tsx'
import { receipts } from '../kit/receipts.ts'
import { StatusChip } from '../kit/status-chip.tsx'
import { timeOfDay } from '../kit/time.ts'
import { stateAttributes } from '../part/part.tsx'
import { useCopy } from './context.ts'
import { commandWords, keysWords, refusedWords, speakerName, systemWords, whisperWords, wordsOf } from './row-words.ts'
import type { CommandRow, KeysRow, SpeechRow, TranscriptRow, WhisperRow } from './rows.ts'

/** An utterance recognised with a lower confidence is marked as doubtful. */
const MIN_CONFIDENCE = 0.6

/** The props of a styled transcript `Row`. */
export interface RowProps {
  readonly row: TranscriptRow
  /** The search text in lower case; `''` for none. */
  readonly wanted: string
  /** `match` if the row matches the search, `current` if it is also the current match. */
  readonly match: 'match' | 'current' | null
  /** Whether the call has ended, so that a partial transcript will never become final. */
  readonly ended: boolean
}

/** A styled row of the transcript. */
export const Row = memo(function Row({ row, wanted, match, ended }: RowProps) {
  const language = useLanguage()
  const speech = row.kind === 'speech' ? row : null
  const state = {
    kind: row.kind,
    speaker: speech?.speaker,
    partial: speech?.partial,
    continued: speech?.continued,
    outcome: 'outcome' in row ? row.outcome : undefined,
    match,
  }
  return (
    <div className="cg-row" {...stateAttributes(state)}>
      <time className="cg-row-time" dateTime={row.at}>
        {timeOfDay(language.locale, row.at, language.timeZone)}
      </time>
      <div className="cg-row-body">{contentOf(row, wanted, ended, language)}</div>
      <CopyButton row={row} />
    </div>
  )
})

function contentOf(row: TranscriptRow, wanted: string, ended: boolean, language: Language): ReactNode {
  switch (row.kind) {
    case 'speech':
      return <Speech row={row} wanted={wanted} ended={ended} />
    case 'keys':
      return <Keys row={row} />
    case 'whisper':
      return <Whisper row={row} wanted={wanted} />
    case 'command':
      return <Command row={row} wanted={wanted} />
    case 'gather_end':
      return (
        <span className="cg-row-event">
          <StatusChip badge={outcomeBadge(row.status, row.hungUpBy, language)} />
          <span>{language.t('gather.status.ended')}</span>
        </span>
      )
    case 'system':
      return (
        <span className="cg-row-event">
          <Marked text={systemWords(row, language)} wanted={wanted} />
        </span>
      )
  }
}

function Speech({ row, wanted, ended }: { readonly row: SpeechRow; readonly wanted: string; readonly ended: boolean }) {
  const language = useLanguage()
  const { t } = language
  const { confidence, partial, continued, speaker, text } = row
  return (
    <>
      <span className={continued ? 'cg-visually-hidden' : 'cg-row-who'}>{speakerName(speaker, language)}</span>
      <p className="cg-row-text" dir="auto">
        {confidence === null ? (
          <Marked text={text} wanted={wanted} />
        ) : (
          <span
            {...(confidence < MIN_CONFIDENCE ? { 'data-doubtful': '' } : {})}
            title={t('transcript.confidence', { percent: `${Math.round(confidence * 100)} %` })}
          >
            <Marked text={text} wanted={wanted} />
          </span>
        )}
        {partial && !ended && (
          <span className="cg-row-growing">
            <i />
            <i />
            <i />
            <span className="cg-visually-hidden">{t('transcript.speaking')}</span>
          </span>
        )}
        {partial && ended && <span className="cg-row-mark">{t('transcript.unfinished')}</span>}
      </p>
    </>
  )
}

/** A longer run of keys shows only its first and last keys. The row says how many there are. */
const MAX_KEYS = 64
const KEYS_AT_EDGE = 16

/** Returns the keys of a row; `null` stands for the keys left out of a long run. */
function foldKeys(keys: KeysRow['keys']): readonly (KeysRow['keys'][number] | null)[] {
  return keys.length > MAX_KEYS ? [...keys.slice(0, KEYS_AT_EDGE), null, ...keys.slice(-KEYS_AT_EDGE)] : keys
}

function Keys({ row }: { readonly row: KeysRow }) {
  const language = useLanguage()
  return (
    <span className="cg-row-event">
      <Icon name="keypad" />
      <span className="cg-row-keys" aria-hidden="true">
        {foldKeys(row.keys).map((key, index) =>
          key === null ? (
            <span key="fold" className="cg-row-keys-fold">
              …
            </span>
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: new keys are only appended
            <span key={index} data-role={key.role}>
              {key.digit ?? '•'}
            </span>
          ),
        )}
      </span>
      <span className="cg-row-note">{keysWords(row, language)}</span>
      {row.stray && <span className="cg-row-note">· {language.t('transcript.stray')}</span>}
    </span>
  )
}

function Whisper({ row, wanted }: { readonly row: WhisperRow; readonly wanted: string }) {
  const language = useLanguage()
  return (
    <span className="cg-row-event">
      <Icon name="whisper" />
      <span>{whisperWords(row, language)}</span>
      {row.text !== '' && (
        <q dir="auto">
          <Marked text={row.text} wanted={wanted} />
        </q>
      )}
      <Receipt outcome={row.outcome} />
    </span>
  )
}

function Receipt({ outcome }: { readonly outcome: WhisperRow['outcome'] }) {
  const { t } = useLanguage()
  const { icon, tone } = receipts[outcome]
  const word = t(`assistant.receipt.${outcome}`)
  return (
    <span className="cg-row-receipt" data-tone={tone} title={word}>
      <Icon name={icon} />
      <span className="cg-visually-hidden">{word}</span>
    </span>
  )
}

function Command({ row, wanted }: { readonly row: CommandRow; readonly wanted: string }) {
  const language = useLanguage()
  return (
    <span className="cg-row-event">
      <Icon name={isCommandName(row.command) ? commandIcons[row.command] : 'info'} />
      <span>{commandWords(row, language)}</span>
      {row.text !== null && (
        <q className="cg-row-note" dir="auto">
          <Marked text={row.text} wanted={wanted} />
        </q>
      )}
      {row.refusal !== null && (
        <span title={language.t('refused.code', { code: row.refusal.code })}>{refusedWords(row, language)}</span>
      )}
      {(row.outcome === 'refused' || row.outcome === 'unknown') && <Receipt outcome={row.outcome} />}
    </span>
  )
}

/** Renders a text and marks the matches of the search in it. */
function Marked({ text, wanted }: { readonly text: string; readonly wanted: string }) {
  if (wanted === '') return text
  const lower = text.toLowerCase()
  const pieces: ReactNode[] = []
  let from = 0
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    pieces.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + wanted.length)}</mark>)
    from = at + wanted.length
  }
  pieces.push(text.slice(from))
  return pieces
}

function CopyButton({ row }: { readonly row: TranscriptRow }) {
  const language = useLanguage()
  const copy = useCopy()
  return (
    <IconButton
      icon="copy"
      label={language.t('transcript.copyRow')}
      className="cg-row-copy"
      // Not a tab stop, because hundreds of rows would block keyboard navigation. The export menu copies all rows.
      tabIndex={-1}
      onClick={() => copy(wordsOf(row, language))}
    />
  )
}
