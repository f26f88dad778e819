import type { CallSummary } from '@callgather/protocol'
import { useQuery } from '@tanstack/react-query'
import {
  type KeyboardEvent,
  type ReactElement,
  type ReactNode,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import { Virtualizer, type VirtualizerHandle } from 'virtua'
import { useGatherClient } from '../../hooks/provider.tsx'
import { useCalls } from '../../hooks/use-calls.ts'
import { useNow } from '../../hooks/use-server-time.ts'
import { callsQueryOptions } from '../../query/calls-query.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { clockTime, durationOf, partyName } from '../kit/time.ts'
import { useTypingGuard } from '../kit/typing-guard.ts'
import { type PartProps, renderPart } from '../part/part.tsx'
import { createPartContext } from '../part/part-context.ts'
import { activityWords, progressOf } from './call-words.ts'

/** A row of the list: a call, or the heading of a group of them. */
export type CallListItem =
  | { readonly kind: 'heading'; readonly key: 'live' | 'ended'; readonly text: string; readonly count: number }
  | { readonly kind: 'call'; readonly key: string; readonly call: CallSummary }

function useListOf(selected: string | null, onSelect: ((callId: string) => void) | undefined) {
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
  // The call at which the Tab key stops, and to which the arrow keys lead.
  const focusable =
    active !== null && order.includes(active) ? active : (order.find((it) => it === selected) ?? order[0])
  return {
    ...{ calls, items, error, live: sync === 'live', query, setQuery, selected, focusable, setActive },
    select: (callId: string) => {
      setActive(callId)
      onSelect?.(callId)
    },
    /** How much is new on a call since it was last open. */
    unseen: (callId: string) => (callId === selected ? 0 : (unseen.get(callId) ?? 0)),
  }
}

const [ListProvider, useList] = createPartContext<ReturnType<typeof useListOf>>('CallList')
const [CallProvider, useRow] = createPartContext<CallSummary>('CallList.Call')

export { useList }

/** The calls a ticket may see. */
export function Root({
  selected = null,
  onSelect,
  ...props
}: Omit<PartProps<'nav', { readonly empty: boolean }>, 'onSelect'> & {
  /** The call that is open. */
  readonly selected?: string | null
  /** Called when the agent picks a call. */
  readonly onSelect?: ((callId: string) => void) | undefined
}) {
  const { t } = useLanguage()
  const guard = useTypingGuard()
  const context = useListOf(selected, onSelect)
  return (
    <ListProvider value={context}>
      {renderPart('nav', props, { 'aria-label': t('calls.label'), ...guard }, { empty: context.items.length === 0 })}
    </ListProvider>
  )
}

const orderOf = (items: readonly CallListItem[]) => items.flatMap((item) => (item.kind === 'call' ? [item.key] : []))

/** A field to find a call by its number. */
export function Search(props: PartProps<'input'>) {
  const { query, setQuery } = useList('Search')
  const { t } = useLanguage()
  const own = {
    type: 'search',
    'aria-label': t('calls.search'),
    placeholder: t('calls.search'),
    value: query,
    onChange: (event: { currentTarget: HTMLInputElement }) => setQuery(event.currentTarget.value),
  }
  return renderPart('input', props, own)
}

/**
 * The rows, of which only those in view exist in the page; give it a height and `overflow: auto`. One stop for the Tab
 * key; the arrows go from call to call.
 */
export function View({
  children,
  empty = null,
  ...props
}: Omit<PartProps<'div'>, 'children'> & {
  /** Renders one row. */
  readonly children: (item: CallListItem) => ReactElement
  /** What to show in place of rows when there are none. */
  readonly empty?: ReactNode
}) {
  const { items, live, focusable, setActive } = useList('View')
  const handle = useRef<VirtualizerHandle>(null)
  const view = useRef<HTMLDivElement>(null)
  const indexOf = (callId: string | undefined) => items.findIndex((item) => item.key === callId)
  const focusIndex = indexOf(focusable)
  /** The call whose row is to have the focus when this has rendered. */
  const toFocus = useRef<string | null>(null)
  const onKeyDown = (event: KeyboardEvent) => {
    const order = orderOf(items)
    const index = order.indexOf(focusable ?? '')
    const to = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: order.length - 1 }[event.key]
    const next = to === undefined ? undefined : order[to]
    if (next === undefined) return
    event.preventDefault()
    if (next === focusable) return
    toFocus.current = next
    setActive(next)
    handle.current?.scrollToIndex(indexOf(next), { align: 'nearest' })
  }
  // The row is mounted by `keepMounted` with this render, and has the focus before another key can come.
  useLayoutEffect(() => {
    if (toFocus.current === null) return
    view.current?.querySelector<HTMLElement>(`[data-call="${CSS.escape(toFocus.current)}"]`)?.focus()
    toFocus.current = null
  })
  const rows =
    items.length === 0 ? (
      empty
    ) : (
      <Virtualizer ref={handle} data={items} itemSize={50} keepMounted={focusIndex < 0 ? [] : [focusIndex]}>
        {children}
      </Virtualizer>
    )
  return renderPart('div', props, { ref: view, onKeyDown, 'aria-busy': !live, children: rows })
}

/** The state of `CallList.Call`, as data attributes. */
export type CallListCallState = {
  readonly call: string
  readonly phase: CallSummary['phase']
  /** What it is busy with. */
  readonly activity: NonNullable<CallSummary['activity']>['kind'] | null
  readonly selected: boolean
  /** How much is new since it was last open. */
  readonly unseen: number | null
}

/** One call, to be picked. */
export function Call({ call, ...props }: PartProps<'button', CallListCallState> & { readonly call: CallSummary }) {
  const { selected, select, focusable, unseen } = useList('Call')
  const isSelected = call.callId === selected
  const own = {
    type: 'button',
    'aria-current': isSelected ? 'true' : undefined,
    tabIndex: call.callId === focusable ? 0 : -1,
    onClick: () => select(call.callId),
  } as const
  const state: CallListCallState = {
    call: call.callId,
    phase: call.phase,
    activity: call.activity?.kind ?? null,
    selected: isSelected,
    unseen: unseen(call.callId) || null,
  }
  return <CallProvider value={call}>{renderPart('button', props, own, state)}</CallProvider>
}

/** Who the call is with. */
export function Party(props: PartProps<'bdi'>) {
  const { direction, from, to } = useRow('Party')
  const { t } = useLanguage()
  const party = direction === 'outgoing' ? to : from
  return renderPart('bdi', props, { children: party ? partyName(party) : t('call.unknownParty') })
}

/** What the call is busy with, in words. */
export function Activity(props: PartProps<'span'>) {
  const call = useRow('Activity')
  return renderPart('span', props, { children: activityWords(call, useLanguage()) })
}

/** A call's length, by the server's clock; the only thing in the list that renders each second. */
export function Duration(props: PartProps<'time'>): ReactNode {
  const { phase, startedAt, answeredAt, endedAt } = useRow('Duration')
  const client = useGatherClient()
  const { data: offset = 0 } = useQuery({ ...callsQueryOptions(client), select: (feed) => feed.clockOffsetMs })
  const to = phase === 'answered' || phase === 'ringing' ? null : endedAt
  const from = answeredAt ?? startedAt
  const running = from !== null && to === null
  const now = useNow(running ? 1000 : null)
  if (from === null) return null
  const millis = (to === null ? now + offset : Date.parse(to)) - Date.parse(from)
  return renderPart('time', props, { dateTime: durationOf(millis), children: clockTime(millis) })
}

/** How much has happened on each call since it was last open. What is there at first counts as seen. */
function useUnseen(calls: readonly CallSummary[], selected: string | null): ReadonlyMap<string, number> {
  const [seen, setSeen] = useState<ReadonlyMap<string, number>>(() => new Map())
  const next = new Map(seen)
  for (const call of calls) {
    const progress = progressOf(call)
    const known = next.get(call.callId)
    // A new gather begins its count anew.
    if (known === undefined || call.callId === selected || progress < known) next.set(call.callId, progress)
  }
  const changed = next.size !== seen.size || [...next].some(([callId, progress]) => seen.get(callId) !== progress)
  if (changed) setSeen(next)
  return useMemo(
    () => new Map(calls.map((call) => [call.callId, progressOf(call) - (seen.get(call.callId) ?? progressOf(call))])),
    [calls, seen],
  )
}
