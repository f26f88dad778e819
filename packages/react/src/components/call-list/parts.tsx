import type { CallSummary } from '@callgather/protocol'
import { useQuery } from '@tanstack/react-query'
import { type KeyboardEvent, type ReactElement, type ReactNode, useRef } from 'react'
import { Virtualizer, type VirtualizerHandle } from 'virtua'
import { useGatherClient } from '../../hooks/provider.tsx'
import { useEarlyEffect } from '../../hooks/use-early-effect.ts'
import { useNow } from '../../hooks/use-server-time.ts'
import { callsQueryOptions } from '../../query/calls-query.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { clockTime, durationOf, partyName } from '../kit/time.ts'
import { useTypingGuard } from '../kit/typing-guard.ts'
import { type PartProps, renderPart } from '../part/part.tsx'
import { activityWords } from './call-words.ts'
import { type CallListItem, CallProvider, ListProvider, orderOf, useList, useListOf, useRow } from './context.ts'

/** The state of `CallListParts.Root`, as data attributes. */
export type RootState = { readonly empty: boolean }

/** The props of `CallListParts.Root`. */
export interface RootProps extends Omit<PartProps<'nav', RootState>, 'onSelect'> {
  /** The id of the call that is open. */
  readonly selected?: string | null
  /** Called with the call's id when the agent selects a call. */
  readonly onSelect?: ((callId: string) => void) | undefined
}

/** The navigation landmark around the list of the calls that the ticket allows. */
export function Root({ selected = null, onSelect, ...props }: RootProps) {
  const { t } = useLanguage()
  const guard = useTypingGuard()
  const context = useListOf(selected, onSelect)
  return (
    <ListProvider value={context}>
      {renderPart('nav', props, { 'aria-label': t('calls.label'), ...guard }, { empty: context.items.length === 0 })}
    </ListProvider>
  )
}

/** The props of `CallListParts.Search`. */
export type SearchProps = PartProps<'input'>

/** A search field that filters the calls by telephone number or call id. */
export function Search(props: SearchProps) {
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

/** The props of `CallListParts.View`. */
export interface ViewProps extends Omit<PartProps<'div'>, 'children'> {
  /** Renders one row of the list: a call or a group heading. */
  readonly children: (item: CallListItem) => ReactElement
  /** Content shown while the list has no rows. */
  readonly empty?: ReactNode
}

/**
 * The scrolling list of calls. Only the rows in view are in the DOM. Set a height and `overflow: auto`. The list is one
 * tab stop, and the arrow keys move between calls.
 */
export function View({ children, empty = null, ...props }: ViewProps) {
  const { items, live, focusable, setActive } = useList('View')
  const handle = useRef<VirtualizerHandle>(null)
  const view = useRef<HTMLDivElement>(null)
  const indexOf = (callId: string | undefined) => items.findIndex((item) => item.key === callId)
  const focusIndex = indexOf(focusable)
  /** The id of the call whose row takes the focus after this render. */
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
  // `keepMounted` mounts the row in this render, so it has the focus before the next key event.
  useEarlyEffect(() => {
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

/** The state of `CallListParts.Call`, as data attributes. */
export type CallState = {
  readonly call: string
  readonly phase: CallSummary['phase']
  /** The kind of the call's current activity; `null` for none. */
  readonly activity: NonNullable<CallSummary['activity']>['kind'] | null
  readonly selected: boolean
  /** The number of events since the agent last had the call open; `null` for none. */
  readonly unseen: number | null
}

/** The props of `CallListParts.Call`. */
export interface CallProps extends PartProps<'button', CallState> {
  readonly call: CallSummary
}

/** The row of one call: a button that selects the call. */
export function Call({ call, ...props }: CallProps) {
  const { selected, select, focusable, unseen } = useList('Call')
  const isSelected = call.callId === selected
  const own = {
    type: 'button',
    'aria-current': isSelected ? 'true' : undefined,
    tabIndex: call.callId === focusable ? 0 : -1,
    onClick: () => select(call.callId),
  } as const
  const state: CallState = {
    call: call.callId,
    phase: call.phase,
    activity: call.activity?.kind ?? null,
    selected: isSelected,
    unseen: unseen(call.callId) || null,
  }
  return <CallProvider value={call}>{renderPart('button', props, own, state)}</CallProvider>
}

/** The props of `CallListParts.Party`. */
export type PartyProps = PartProps<'bdi'>

/** The telephone number of the other party of the call. */
export function Party(props: PartyProps) {
  const { direction, from, to } = useRow('Party')
  const { t } = useLanguage()
  const party = direction === 'outgoing' ? to : from
  return renderPart('bdi', props, { children: party ? partyName(party) : t('call.unknownParty') })
}

/** The props of `CallListParts.Activity`. */
export type ActivityProps = PartProps<'span'>

/** The current activity of the call in words, such as the gather that is running. */
export function Activity(props: ActivityProps) {
  const call = useRow('Activity')
  return renderPart('span', props, { children: activityWords(call, useLanguage()) })
}

/** The props of `CallListParts.Duration`. */
export type DurationProps = PartProps<'time'>

/** The duration of a call, by the server's clock. Only this part of the list rerenders every second. */
export function Duration(props: DurationProps): ReactNode {
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
