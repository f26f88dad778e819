import type { CallEvent } from '@callgather/protocol'
import { foldCall, selectCallSummary } from '@callgather/protocol'
import { hangupMidGather } from '@callgather/protocol/scenarios'
import { renderHook } from '@testing-library/react'
import { describe, expect, test } from 'vitest'
import { ar } from '../strings/ar.ts'
import { de } from '../strings/de.ts'
import { en } from '../strings/en.ts'
import { es } from '../strings/es.ts'
import { fr } from '../strings/fr.ts'
import { type Strings, StringsProvider, useLanguage } from '../strings/index.ts'
import { ja } from '../strings/ja.ts'
import { ptBR } from '../strings/pt-BR.ts'
import { zhCN } from '../strings/zh-CN.ts'
import { activityWords } from './call-list/call-words.ts'
import { gatherSliceOf } from './kit/gather-slice.ts'
import { gatherBadge } from './kit/gather-words.ts'
import { wordsOf } from './transcript/row-words.ts'
import { TimelineRows } from './transcript/rows.ts'

const languages: Record<string, Strings> = { en, es, fr, de, 'pt-BR': ptBR, 'zh-CN': zhCN, ja, ar }

const languageOf = (locale: string, strings: Strings) =>
  renderHook(() => useLanguage(), {
    wrapper: ({ children }) => (
      <StringsProvider locale={locale} strings={strings}>
        {children}
      </StringsProvider>
    ),
  }).result.current

/** The state of a call with this direction that `source` hangs up during a gather. */
function callEndedBy(source: string | undefined, direction: string | undefined) {
  const events = hangupMidGather.steps.map(({ event }): CallEvent => {
    const { payload } = event
    if (event.event_type === 'call.hangup') return { ...event, payload: { ...payload, hangup_source: source } }
    if (event.event_type === 'call.initiated') return { ...event, payload: { ...payload, direction } }
    return event
  })
  return foldCall(hangupMidGather.callId, events)
}

const cases = [
  ['caller', 'incoming', 'hangup.caller'],
  ['callee', 'incoming', 'hangup.us'],
  ['caller', 'outgoing', 'hangup.us'],
  ['callee', 'outgoing', 'hangup.callee'],
  ['caller', undefined, 'hangup.caller'],
  ['callee', undefined, 'hangup.callee'],
  ['unknown', 'incoming', 'gather.outcome.call_hangup'],
  [undefined, 'incoming', 'gather.outcome.call_hangup'],
] as const

describe.each(Object.entries(languages))('the wording of a hang-up in %s', (locale, strings) => {
  const language = languageOf(locale, strings)
  test.each(cases)(
    `the gather badge, call list and transcript agree on who hung up (${locale}, source %s, %s call)`,
    (source, direction, key) => {
      const state = callEndedBy(source, direction)
      const words = language.t(key)
      const slice = gatherSliceOf(state)
      expect(slice && gatherBadge(slice, language).text).toBe(words)
      const end = key === 'gather.outcome.call_hangup' ? language.t('call.phase.ended') : words
      const listed = direction === 'outgoing' ? `${language.t('calls.outgoing')} · ${end}` : end
      expect(activityWords(selectCallSummary(state), language)).toBe(listed)
      const rows = TimelineRows.none.of(state.timeline).with([])
      const [gatherEnd, hangup] = rows.slice(-2).map((row) => wordsOf(row, language))
      expect(gatherEnd).toBe(language.t('transcript.gatherEnded', { outcome: words }))
      expect(hangup).toBe(words)
    },
  )
})
