import type { CallSummary } from '@callgather/protocol'
import { useMemo, useState } from 'react'
import { isAnswerable } from '../../hooks/party.ts'
import { useCalls } from '../../hooks/use-calls.ts'
import { useShortcut } from '../../hooks/use-shortcut.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { createPartContext } from '../part/part-context.ts'
import { callMatcher } from './call-search.ts'
import { progressOf } from './call-words.ts'

/** A row of the call list: a call, or the heading of a group of calls. */
export type CallListItem =
  | { readonly kind: 'heading'; readonly key: CallListGroup; readonly text: string; readonly count: number }
  | { readonly kind: 'call'; readonly key: string; readonly call: CallSummary }

/** The groups of the call list, in their order. */
export type CallListGroup = 'ringing' | 'live' | 'ended'

/** Answers a call. The row shows progress until a returned promise settles, and a failure if it rejects. */
export type AnswerCall = (call: CallSummary) => unknown

/** The ids of the listed calls, from top to bottom. */
export const orderOf = (items: readonly CallListItem[]) =>
  items.flatMap((item) => (item.kind === 'call' ? [item.key] : []))

const groups: readonly CallListGroup[] = ['ringing', 'live', 'ended']

function groupOf(call: CallSummary): CallListGroup {
  if (call.phase === 'ended') return 'ended'
  return isAnswerable(call) ? 'ringing' : 'live'
}

interface ListProps {
  readonly selected: string | null
  readonly onSelect: ((callId: string) => void) | undefined
  readonly onAnswer: AnswerCall | undefined
}

/** Returns the context value that `CallListParts.Root` provides to the parts inside it. */
export function useListOf({ selected, onSelect, onAnswer }: ListProps) {
  const { calls, sync, error, clockOffsetMs } = useCalls()
  const { t } = useLanguage()
  const [query, setQuery] = useState('')
  const [active, setActive] = useState<string | null>(null)
  const unseen = useUnseen(calls, selected)
  const items = useMemo((): CallListItem[] => {
    const isFound = callMatcher(query)
    const found = calls.filter((call) => isFound(call))
    return groups.flatMap((key): CallListItem[] => {
      const members = found.filter((call) => groupOf(call) === key)
      // The call that has been ringing longest is the first to answer.
      if (key === 'ringing') members.reverse()
      if (members.length === 0) return []
      const rows = members.map((call) => ({ kind: 'call', key: call.callId, call }) as const)
      return [{ kind: 'heading', key, text: t(`calls.${key}`), count: members.length }, ...rows]
    })
  }, [calls, query, t])

  const order = orderOf(items)
  // The only row of the list that the Tab key reaches (roving tabindex).
  const focusable =
    active !== null && order.includes(active) ? active : (order.find((it) => it === selected) ?? order[0])
  const select = (callId: string) => {
    setActive(callId)
    onSelect?.(callId)
  }
  const place = selected === null ? -1 : order.indexOf(selected)
  const step = (by: number) => {
    const callId = order[place < 0 ? 0 : Math.min(Math.max(place + by, 0), order.length - 1)]
    if (callId !== undefined) select(callId)
  }
  const enabled = onSelect !== undefined && order.length > 0
  useShortcut({ id: 'next', key: 'j', label: t('shortcuts.next'), enabled, run: () => step(1) })
  useShortcut({
    id: 'previous',
    key: 'k',
    label: t('shortcuts.previous'),
    enabled,
    run: () => step(-1),
  })
  return {
    ...{ calls, items, error, live: sync === 'live', clockOffsetMs, query, setQuery, selected, focusable, setActive },
    onAnswer,
    select,
    /** The number of events of a call since the agent last had it open. */
    unseen: (callId: string) => (callId === selected ? 0 : (unseen.get(callId) ?? 0)),
  }
}

export const [ListProvider, useList] = createPartContext<ReturnType<typeof useListOf>>('CallListParts')
export const [CallProvider, useRow] = createPartContext<CallSummary>('CallListParts', 'Call')

/** The number of events of each call since the agent last had it open, not counting events before the first render. */
function useUnseen(calls: readonly CallSummary[], selected: string | null): ReadonlyMap<string, number> {
  const [seen, setSeen] = useState<ReadonlyMap<string, number>>(() => new Map())
  const next = new Map(seen)
  for (const call of calls) {
    const progress = progressOf(call)
    const known = next.get(call.callId)
    // The progress of a call falls when a new gather starts. Count from there.
    if (known === undefined || call.callId === selected || progress < known) next.set(call.callId, progress)
  }
  const changed = next.size !== seen.size || [...next].some(([callId, progress]) => seen.get(callId) !== progress)
  if (changed) setSeen(next)
  return useMemo(
    () => new Map(calls.map((call) => [call.callId, progressOf(call) - (seen.get(call.callId) ?? progressOf(call))])),
    [calls, seen],
  )
}
