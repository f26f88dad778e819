import { useEffect, useRef, useState } from 'react'
import { useGatherClient } from '../../hooks/provider.tsx'
import { useLanguage } from '../../strings/strings-context.tsx'
import { LiveRegion } from '../kit/live-region.tsx'
import { useTranscriptContext } from './context.ts'
import { wordsOf } from './row-words.ts'
import type { TranscriptRow } from './rows.ts'

/** The speech that is announced to screen readers: all speech, only the caller's, or none. */
export type Announce = 'all' | 'caller' | 'off'

/** Utterances that become final within this time are announced together. */
const BATCH_MS = 1000
/** For a larger batch, only the number of rows is announced. */
const MAX_ROWS_READ = 4
/** How many of the last transcript rows are searched for new utterances. */
const RECENT_ROWS = 64

/** The props of `Announcer`. */
export interface AnnouncerProps {
  readonly announce: Announce
}

/** Announces each utterance once, when it is final. Utterances before the first render are not announced. */
export function Announcer({ announce }: AnnouncerProps) {
  const { all, sync } = useTranscriptContext('Announcer')
  const language = useLanguage()
  const { clock } = useGatherClient()
  const [text, setText] = useState('')
  const said = useRef<Set<string> | null>(null)
  const waiting = useRef<TranscriptRow[]>([])

  useEffect(() => {
    if (sync === 'connecting') return
    const known = said.current
    // New rows are at or near the end. Searching all rows of a long call would cost more than rendering.
    const finals = (known ? all.slice(-RECENT_ROWS) : all).filter((row) => row.kind === 'speech' && !row.partial)
    if (!known) {
      said.current = new Set(finals.map((row) => row.key))
      return
    }
    const news = finals.filter((row) => !known.has(row.key) && isWanted(row, announce))
    for (const { key } of finals) known.add(key)
    if (news.length === 0) return
    const first = waiting.current.length === 0
    waiting.current.push(...news)
    if (!first) return
    clock.setTimeout(() => {
      const rows = waiting.current
      waiting.current = []
      const many = rows.length > MAX_ROWS_READ
      const words = rows.map((row) => wordsOf(row, language)).join('. ')
      setText(many ? language.t('transcript.announceMany', { count: rows.length }) : words)
    }, BATCH_MS)
  }, [all, sync, announce, language, clock])

  return (
    <>
      <LiveRegion text={announce === 'off' ? '' : text} />
      {announce !== 'off' && <EndAnnouncer />}
    </>
  )
}

/** Announces the end of the call at once, if the call ends while the transcript is open. */
function EndAnnouncer() {
  const { ended, sync } = useTranscriptContext('EndAnnouncer')
  const { t } = useLanguage()
  const [wasGoingOn, setWasGoingOn] = useState(false)
  if (!wasGoingOn && !ended && sync === 'live') setWasGoingOn(true)
  return wasGoingOn && ended ? <LiveRegion assertive text={t('transcript.call.hangup')} /> : null
}

const isWanted = (row: TranscriptRow, announce: Announce) =>
  announce === 'all' || (announce === 'caller' && row.kind === 'speech' && row.speaker === 'caller')
