import type { CallSummary } from '@callgather/protocol'
import { useMemo, useState } from 'react'
import { useCalls } from '../../hooks/use-calls.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { createPartContext } from '../part/part-context.ts'
import { progressOf } from './call-words.ts'

/** A row of the call list: a call, or the heading of a group of calls. */
export type CallListItem =
  | { readonly kind: 'heading'; readonly key: 'live' | 'ended'; readonly text: string; readonly count: number }
  | { readonly kind: 'call'; readonly key: string; readonly call: CallSummary }

/** The ids of the listed calls, from top to bottom. */
export const orderOf = (items: readonly CallListItem[]) =>
  items.flatMap((item) => (item.kind === 'call' ? [item.key] : []))

/** Returns the context value that `CallListParts.Root` provides to the parts inside it. */
export function useListOf(selected: string | null, onSelect: ((callId: string) => void) | undefined) {
  const { calls, sync, error } = useCalls()
  const { t } = useLanguage()
  const [query, setQuery] = useState('')
  const [active, setActive] = useState<string | null>(null)
  const unseen = useUnseen(calls, selected)
  const items = useMemo((): CallListItem[] => {
    const wanted = query.replaceAll(/[^\p{L}\p{N}+]/gu, '').toLowerCase()
    const found = wanted
      ? calls.filter((call) => `${call.from ?? ''} ${call.to ?? ''} ${call.callId}`.toLowerCase().includes(wanted))
      : calls
    const group = (key: 'live' | 'ended', text: string, members: readonly CallSummary[]): CallListItem[] =>
      members.length === 0
        ? []
        : [
            { kind: 'heading', key, text, count: members.length },
            ...members.map((call) => ({ kind: 'call', key: call.callId, call }) as const),
          ]
    const live = found.filter((call) => call.phase !== 'ended')
    const ended = found.filter((call) => call.phase === 'ended')
    return [...group('live', t('calls.live'), live), ...group('ended', t('calls.ended'), ended)]
  }, [calls, query, t])

  const order = orderOf(items)
  // The only row of the list that the Tab key reaches (roving tabindex).
  const focusable =
    active !== null && order.includes(active) ? active : (order.find((it) => it === selected) ?? order[0])
  return {
    ...{ calls, items, error, live: sync === 'live', query, setQuery, selected, focusable, setActive },
    select: (callId: string) => {
      setActive(callId)
      onSelect?.(callId)
    },
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
