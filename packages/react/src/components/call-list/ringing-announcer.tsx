import { useEffect, useRef, useState } from 'react'
import { isAnswerable } from '../../hooks/party.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { LiveRegion } from '../kit/live-region.tsx'
import { callTitle } from './call-words.ts'
import { useList } from './context.ts'

/** Announces each call that starts to ring: at once while another call is open, otherwise politely. */
export function RingingAnnouncer() {
  const { calls, live, selected } = useList('RingingAnnouncer')
  const language = useLanguage()
  const known = useRef<ReadonlySet<string> | null>(null)
  const [said, setSaid] = useState({ text: '', isUrgent: false })
  useEffect(() => {
    if (!live) return
    const ringing = calls.filter(isAnswerable)
    const before = known.current
    known.current = new Set(ringing.map(({ callId }) => callId))
    const started = before === null ? [] : ringing.filter(({ callId }) => !before.has(callId))
    const [first] = started
    if (!first) {
      if (ringing.length === 0) setSaid((last) => (last.text === '' ? last : { text: '', isUrgent: false }))
      return
    }
    const { t } = language
    const one = t('calls.ringingNow', { party: callTitle(first, language) })
    const text = started.length === 1 ? one : t('calls.ringingCount', { count: started.length })
    setSaid({ text, isUrgent: selected !== null && selected !== first.callId })
  }, [calls, live, language, selected])
  return (
    <>
      {said.isUrgent && <LiveRegion assertive text={said.text} />}
      <LiveRegion text={said.isUrgent ? '' : said.text} />
    </>
  )
}
