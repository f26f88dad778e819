/** The summary of a call as rows of text, for the screen and for the clipboard. */
import type { CollectedValue } from '@callgather/protocol'
import { visibleText } from '../../hooks/party.ts'
import type { WrapUpSummary } from '../../hooks/wrap-up-summary.ts'
import type { Language } from '../../strings/strings-context.tsx'
import { copyLine } from '../collected/collected-words.ts'
import { outcomeWords } from '../kit/gather-words.ts'
import { clockTime, partyName, timeOfDay } from '../kit/time.ts'

/** A row of the summary: a label and its text. */
export interface SummaryRow {
  readonly key: 'time' | 'ended' | 'requests'
  readonly label: string
  readonly text: string
}

/** Returns the rows about the call itself: how long it was, who hung up, and how the requests ended. */
export function summaryRows(summary: WrapUpSummary, language: Language): SummaryRow[] {
  const { t, number } = language
  const { startedAt, endedAt, durationMs, hungUpBy, outcomes } = summary
  const rows: SummaryRow[] = []
  if (durationMs !== null) rows.push({ key: 'time', label: t('wrapUp.talkTime'), text: clockTime(durationMs) })
  else if (startedAt !== null && endedAt !== null)
    rows.push({
      key: 'time',
      label: t('wrapUp.rang'),
      text: clockTime(Date.parse(endedAt) - Date.parse(startedAt)),
    })
  if (hungUpBy) rows.push({ key: 'ended', label: t('wrapUp.ended'), text: t(`hangup.${hungUpBy}`) })
  const counts = outcomes.map(({ outcome, count }) => {
    const words = outcomeWords(outcome, hungUpBy, language)
    return count > 1 ? `${words} ×${number(count)}` : words
  })
  if (counts.length > 0) rows.push({ key: 'requests', label: t('wrapUp.requests'), text: counts.join(' · ') })
  return rows
}

/** Returns the other party of the call: its telephone number, or "Unknown caller". */
export function partyOf({ direction, from, to }: WrapUpSummary, { t }: Language): string {
  const party = direction === 'outgoing' ? to : from
  return party ? visibleText(partyName(party)) : t('call.unknownParty')
}

interface Entry {
  readonly note: string
  readonly disposition: string | null
  readonly collected: readonly CollectedValue[]
}

/** Returns the whole wrap-up as text to paste into another program. Masked values are written as hidden. */
export function wrapUpText(summary: WrapUpSummary, entry: Entry, language: Language): string {
  const { t, locale, timeZone } = language
  const { startedAt, whispers, hungUpBy, isMissed } = summary
  const day =
    startedAt === null ? '' : new Intl.DateTimeFormat(locale, dayAndTime(timeZone)).format(Date.parse(startedAt))
  const line = (label: string, text: string) => `${label}: ${text}`
  const lines = [
    [partyOf(summary, language), day, ...(isMissed ? [t('wrapUp.missed')] : [])].filter((it) => it !== '').join(' · '),
    ...summaryRows(summary, language).map(({ label, text }) => line(label, text)),
    ...entry.collected.map((value) => copyLine(value, hungUpBy, language)),
    ...whispers.map(({ at, text }) => line(`${t('assistant.whisper')} ${timeOfDay(locale, at, timeZone)}`, text)),
    ...(entry.disposition === null ? [] : [line(t('wrapUp.disposition'), entry.disposition)]),
    ...(entry.note.trim() === '' ? [] : [line(t('wrapUp.note'), entry.note.trim())]),
  ]
  return visibleText(lines.join('\n'))
}

const dayAndTime = (timeZone: string | undefined): Intl.DateTimeFormatOptions => ({
  dateStyle: 'medium',
  timeStyle: 'short',
  hourCycle: 'h23',
  ...(timeZone === undefined ? {} : { timeZone }),
})
