import type { CallSummary } from '@callgather/protocol'
import { useMemo, useState } from 'react'
import { isAnswerable } from '../../hooks/party.ts'
import { useCalls } from '../../hooks/use-calls.ts'
import { useNow } from '../../hooks/use-server-time.ts'
import { type Attention, attentionOf } from '../call-list/attention.ts'
import { callMatcher } from '../call-list/call-search.ts'
import { useHeldOrder } from './use-held-order.ts'

/** What the host knows about a call. */
export interface CallDescription {
  /** The name of the other party, instead of the name or number from the caller ID. */
  readonly name?: string | undefined
  /** The agent who has the call. */
  readonly agent?: string | undefined
  /** The team or the queue of the call. */
  readonly team?: string | undefined
}

/** Describes a call from the host's own records. It is called often, so it must be quick. */
export type DescribeCall = (call: CallSummary) => CallDescription

/** The filters of the wall, in their order. */
export const wallFilters = ['all', 'attention', 'collecting', 'ai', 'ringing'] as const

/** A filter of the wall. */
export type WallFilter = (typeof wallFilters)[number]

/** A call on the wall. */
interface WallCall {
  readonly call: CallSummary
  readonly attention: Attention | null
}

const isCollecting = ({ phase, activity }: CallSummary) => phase === 'answered' && activity?.status === 'collecting'

const filters: Readonly<Record<WallFilter, (call: WallCall) => boolean>> = {
  all: () => true,
  attention: ({ attention }) => attention !== null,
  collecting: ({ call }) => isCollecting(call) && call.activity?.kind !== 'assistant',
  ai: ({ call }) => isCollecting(call) && call.activity?.kind !== 'digits',
  ringing: ({ call }) => isAnswerable(call),
}

const ranks: Readonly<Record<Attention['kind'], number>> = { rejected: 0, noKey: 1, noReply: 1, lastAttempt: 2 }
const rankOf = ({ call, attention }: WallCall) => (attention ? ranks[attention.kind] : isAnswerable(call) ? 3 : 4)
const startOf = ({ call }: WallCall) => call.startedAt ?? ''

/** Calls that need attention first, then ringing calls, then the calls that have lasted longest. */
const compare = (one: WallCall, other: WallCall) =>
  rankOf(one) - rankOf(other) ||
  startOf(one).localeCompare(startOf(other)) ||
  one.call.callId.localeCompare(other.call.callId)

/** Returns the calls of the wall in order, the number of calls per filter, and the state of the filters. */
export function useWall(describe: DescribeCall | undefined, isHeld: boolean) {
  const { calls, sync, scopes, error, clockOffsetMs } = useCalls()
  const [filter, setFilter] = useState<WallFilter>('all')
  const [query, setQuery] = useState('')
  const nowMs = useNow(1000) + clockOffsetMs
  const all = useMemo(
    () => new Map(calls.map((call) => [call.callId, { call, attention: attentionOf(call, nowMs) }])),
    [calls, nowMs],
  )
  const live = useMemo(() => [...all.values()].filter(({ call }) => call.phase !== 'ended').sort(compare), [all])
  const counts = useMemo(
    () =>
      Object.fromEntries(wallFilters.map((each) => [each, live.filter(filters[each]).length])) as Record<
        WallFilter,
        number
      >,
    [live],
  )
  const isFound = callMatcher(query)
  const found = live.filter((each) => {
    if (!filters[filter](each)) return false
    if (query === '') return true
    const { name, agent, team } = describe?.(each.call) ?? {}
    return isFound(each.call, name, agent, team)
  })
  const wanted = found.map(({ call }) => call.callId)
  const order = useHeldOrder(wanted, isHeld, (callId) => all.has(callId))
  return {
    ...{ filter, setFilter, query, setQuery, counts, nowMs, error, order },
    isLive: sync === 'live',
    isViewOnly: scopes.length > 0 && scopes.every((scope) => scope === 'view'),
    callOf: (callId: string) => all.get(callId),
  }
}
