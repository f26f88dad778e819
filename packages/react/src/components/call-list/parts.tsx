import type { CallSummary } from '@callgather/protocol'
import { type KeyboardEvent, type MouseEvent, type ReactElement, type ReactNode, useRef, useState } from 'react'
import { Virtualizer, type VirtualizerHandle } from 'virtua'
import { isAnswerable, otherParty } from '../../hooks/party.ts'
import { useEarlyEffect } from '../../hooks/use-early-effect.ts'
import { useHydrated } from '../../hooks/use-hydrated.ts'
import { useNow } from '../../hooks/use-server-time.ts'
import { useShortcut } from '../../hooks/use-shortcut.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { LiveRegion } from '../kit/live-region.tsx'
import { clockTime, durationOf } from '../kit/time.ts'
import { activeIn, useTypingGuard } from '../kit/typing-guard.ts'
import { type PartProps, renderPart } from '../part/part.tsx'
import { type Attention, attentionOf } from './attention.ts'
import { activityWords, attentionWords, callTitle } from './call-words.ts'
import {
  type AnswerCall,
  type CallListItem,
  CallProvider,
  ListProvider,
  orderOf,
  useList,
  useListOf,
  useRow,
} from './context.ts'
import { CallProgress } from './progress.tsx'

/** The state of `CallListParts.Root`, as data attributes. */
export type RootState = { readonly empty: boolean }

/** The props of `CallListParts.Root`. */
export interface RootProps extends Omit<PartProps<'nav', RootState>, 'onSelect'> {
  /** The id of the call that is open. */
  readonly selected?: string | null
  /** Called with the call's id when the agent selects a call. */
  readonly onSelect?: ((callId: string) => void) | undefined
  /** Answers a ringing call. Without it, the rows have no Answer button. CallGather itself answers no call. */
  readonly onAnswer?: AnswerCall | undefined
}

/** The navigation landmark around the list of the calls that the ticket allows. */
export function Root({ selected = null, onSelect, onAnswer, ...props }: RootProps) {
  const { t } = useLanguage()
  const guard = useTypingGuard()
  const context = useListOf({ selected, onSelect, onAnswer })
  return (
    <ListProvider value={context}>
      {renderPart('nav', props, { 'aria-label': t('calls.label'), ...guard }, { empty: context.items.length === 0 })}
    </ListProvider>
  )
}

/** The props of `CallListParts.Search`. */
export type SearchProps = PartProps<'input'>

/** A search field that filters the calls by name, number or label. The down arrow key moves to the calls. */
export function Search(props: SearchProps) {
  const { query, setQuery } = useList('Search')
  const { t } = useLanguage()
  const field = useRef<HTMLInputElement>(null)
  const label = t('calls.search')
  const shortcut = useShortcut({ id: 'findCall', key: '/', label, run: () => field.current?.focus() })
  const own = {
    ref: field,
    type: 'search',
    'aria-label': label,
    'aria-keyshortcuts': shortcut?.aria,
    placeholder: shortcut ? `${label} (${shortcut.text})` : label,
    value: query,
    onChange: (event: { currentTarget: HTMLInputElement }) => setQuery(event.currentTarget.value),
    onKeyDown: (event: KeyboardEvent<HTMLInputElement>) => {
      const row = event.currentTarget.closest('nav')?.querySelector<HTMLElement>('[data-call][tabindex="0"]')
      if (event.key !== 'ArrowDown' || !row) return
      event.preventDefault()
      row.focus()
    },
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
 * tab stop: up and down move between calls, left and right between a ringing call and its Answer button.
 */
export function View({ children, empty = null, ...props }: ViewProps) {
  const { items, live, focusable, setActive } = useList('View')
  const handle = useRef<VirtualizerHandle>(null)
  const view = useRef<HTMLDivElement>(null)
  const indexOf = (callId: string | undefined) => items.findIndex((item) => item.key === callId)
  const focusIndex = indexOf(focusable)
  /** The id of the call whose row takes the focus after this render. */
  const toFocus = useRef<string | null>(null)
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      const isOnAnswer = (event.target as Element).matches('[data-answer]')
      const other = rowOf(view.current, focusable, isOnAnswer ? 'call' : 'answer')
      if (!other) return
      event.preventDefault()
      other.focus()
      return
    }
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
    rowOf(view.current, toFocus.current, 'call')?.focus()
    toFocus.current = null
  })
  const isHydrated = useHydrated()
  const rows =
    items.length === 0 ? (
      empty
    ) : !isHydrated ? null : (
      <Virtualizer ref={handle} data={items} itemSize={50} keepMounted={focusIndex < 0 ? [] : [focusIndex]}>
        {children}
      </Virtualizer>
    )
  return renderPart('div', props, { ref: view, onKeyDown, 'aria-busy': !live, children: rows })
}

/** Returns the row of a call, or its Answer button, in a region of the list. */
const rowOf = (region: Element | null | undefined, callId: string | undefined, part: 'call' | 'answer') =>
  region?.querySelector<HTMLElement>(`[data-${part}="${CSS.escape(callId ?? '')}"]`)

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

/** The row of one call: a button that selects the call. Put its `Answer` beside it. */
export function Call({ call, ...props }: CallProps) {
  const { selected, select, focusable, unseen, onAnswer } = useList('Call')
  const { t } = useLanguage()
  const isSelected = call.callId === selected
  const own = {
    type: 'button',
    'aria-current': isSelected ? 'true' : undefined,
    'aria-description': onAnswer && isAnswerable(call) ? t('calls.answerHint') : undefined,
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

/** The name of the other party of the call, or the telephone number. It can't reorder the text around it. */
export function Party(props: PartyProps) {
  const call = useRow('Party')
  const { name, number } = otherParty(call)
  const title = name && number ? number : undefined
  return renderPart('bdi', props, { title, children: callTitle(call, useLanguage()) })
}

/** The state of `CallListParts.Activity`, as data attributes. */
export type ActivityState = {
  /** Why the call needs attention; `null` if it does not. */
  readonly attention: Attention['kind'] | null
}

/** The props of `CallListParts.Activity`. */
export type ActivityProps = PartProps<'span', ActivityState>

/** The current activity of the call in words, such as what is being collected, or why the call needs attention. */
export function Activity(props: ActivityProps) {
  const call = useRow('Activity')
  const { clockOffsetMs } = useList('Activity')
  const language = useLanguage()
  const now = useNow(call.activity?.status === 'collecting' && call.phase === 'answered' ? 1000 : null)
  const attention = attentionOf(call, now + clockOffsetMs)
  const children = attention ? attentionWords(attention, language) : activityWords(call, language)
  // A prompt may be in another direction than the page.
  return renderPart('span', props, { dir: 'auto', children }, { attention: attention?.kind ?? null })
}

/** The props of `CallListParts.Progress`. */
export type ProgressProps = PartProps<'span'>

/** The progress of the call's gather: a dot for each key, or a bar for fields. Empty while no gather collects. */
export function Progress(props: ProgressProps) {
  return renderPart('span', props, { children: <CallProgress call={useRow('Progress')} /> })
}

/** The state of `CallListParts.Answer`, as data attributes. */
export type AnswerState = { readonly answer: string; readonly status: 'idle' | 'pending' | 'failed' }

/** The props of `CallListParts.Answer`. */
export interface AnswerProps extends PartProps<'button', AnswerState> {
  readonly call: CallSummary
}

/** A button that answers a ringing call. Renders nothing for other calls, and without `onAnswer` of `Root`. */
export function Answer({ call, ...props }: AnswerProps): ReactElement | null {
  const { onAnswer, setActive } = useList('Answer')
  const language = useLanguage()
  const { t } = language
  const [status, setStatus] = useState<AnswerState['status']>('idle')
  if (!onAnswer || !isAnswerable(call)) return null
  const { callId } = call
  const name = t('calls.answerCall', { party: callTitle(call, language) })
  const answer = async (button: HTMLElement) => {
    const region = button.closest('nav')
    setStatus('pending')
    setActive(callId)
    try {
      await onAnswer(call)
      setStatus('idle')
    } catch {
      setStatus('failed')
      return
    }
    // The button disappears with the ringing, so its row takes the focus.
    const active = region && activeIn(region)
    if (active === button || active === region) rowOf(region, callId, 'call')?.focus()
  }
  const own = {
    type: 'button',
    tabIndex: -1,
    'aria-label': status === 'failed' ? `${t('action.retry')}: ${name}` : name,
    'aria-disabled': status === 'pending' || undefined,
    'aria-busy': status === 'pending' || undefined,
    onFocus: () => setActive(callId),
    onClick: (event: MouseEvent<HTMLButtonElement>) => {
      if (status !== 'pending') answer(event.currentTarget).catch(() => {})
    },
    title: status === 'failed' ? t('calls.answerFailed') : undefined,
    children: t(status === 'failed' ? 'action.retry' : 'calls.answer'),
  } as const
  return (
    <>
      {renderPart('button', props, own, { answer: callId, status })}
      {status === 'failed' && <LiveRegion assertive text={t('calls.answerFailed')} />}
    </>
  )
}

/** The props of `CallListParts.Duration`. */
export type DurationProps = PartProps<'time'>

/** The duration of a call, by the server's clock. Only this part of the list rerenders every second. */
export function Duration(props: DurationProps): ReactNode {
  const { phase, startedAt, answeredAt, endedAt } = useRow('Duration')
  const { clockOffsetMs: offset } = useList('Duration')
  const to = phase === 'answered' || phase === 'ringing' ? null : endedAt
  const from = answeredAt ?? startedAt
  const running = from !== null && to === null
  const now = useNow(running ? 1000 : null)
  if (from === null) return null
  const millis = (to === null ? now + offset : Date.parse(to)) - Date.parse(from)
  return renderPart('time', props, { dir: 'ltr', dateTime: durationOf(millis), children: clockTime(millis) })
}
