import { useEffect, useRef, useState } from 'react'
import { useGatherClient } from '../../hooks/provider.tsx'
import { useLanguage } from '../../strings/strings-context.tsx'
import { LiveRegion } from '../kit/live-region.tsx'
import { useTranscriptContext } from './context.ts'
import { wordsOf } from './row-words.ts'
import type { TranscriptRow } from './rows.ts'

/** What is read out: everything that is said, only what the caller says, or nothing. */
export type Announce = 'all' | 'caller' | 'off'

/** A burst is read out as one, after this long. */
const BATCH_MILLIS = 1000
/** More than this many at once, and their number says more than their words. */
const MOST_ROWS = 4
/** How far from the end something said may be, and still be news. */
const RECENT_ROWS = 64

/** The props of `Announcer`. */
export interface AnnouncerProps {
  readonly announce: Announce
}

/** Reads each utterance out once, when it is final. What was there from the start is not read out. */
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
    // What is new stands at the end, or close to it; looking through a long call would cost more than showing it.
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
      const many = rows.length > MOST_ROWS
      const words = rows.map((row) => wordsOf(row, language)).join('. ')
      setText(many ? language.t('transcript.announceMany', { count: rows.length }) : words)
    }, BATCH_MILLIS)
  }, [all, sync, announce, language, clock])

  return (
    <>
      <LiveRegion text={announce === 'off' ? '' : text} />
      {announce !== 'off' && <EndAnnouncer />}
    </>
  )
}

/** Says at once that the call is over, if it ended while one was listening: it is news that changes what one may do. */
function EndAnnouncer() {
  const { ended, sync } = useTranscriptContext('EndAnnouncer')
  const { t } = useLanguage()
  const [wasGoingOn, setWasGoingOn] = useState(false)
  if (!wasGoingOn && !ended && sync === 'live') setWasGoingOn(true)
  return wasGoingOn && ended ? <LiveRegion assertive text={t('transcript.call.hangup')} /> : null
}

const isWanted = (row: TranscriptRow, announce: Announce) =>
  announce === 'all' || (announce === 'caller' && row.kind === 'speech' && row.speaker === 'caller')
