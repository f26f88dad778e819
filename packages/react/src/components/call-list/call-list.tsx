import type { CallSummary } from '@callgather/protocol'
import { useQuery } from '@tanstack/react-query'
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react'
import { Virtualizer, type VirtualizerHandle } from 'virtua'
import { useGatherClient } from '../../hooks/provider.tsx'
import { useCalls } from '../../hooks/use-calls.ts'
import { callsQueryOptions } from '../../query/calls-query.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Empty, Notice } from '../kit/notice.tsx'
import { clockTime, durationOf, partyName } from '../kit/time.ts'
import { activityWords, progressOf } from './call-words.ts'

/** The props of `CallList`. */
export interface CallListProps {
  /** The call that is open. */
  readonly selected?: string | null
  /** Called when the agent picks a call. */
  readonly onSelect?: (callId: string) => void
}

/** With more calls than this, there is a field to find one. */
const SEARCHABLE = 12

type Item =
  | { readonly kind: 'heading'; readonly key: string; readonly text: string; readonly count: number }
  | { readonly kind: 'call'; readonly key: string; readonly call: CallSummary }

function StyledCallList({ selected = null, onSelect }: CallListProps) {
  const { calls, sync, error } = useCalls()
  const language = useLanguage()
  const { t, number } = language
  const id = useId()
  const [query, setQuery] = useState('')
  const [active, setActive] = useState<string | null>(null)
  const handle = useRef<VirtualizerHandle>(null)
  const view = useRef<HTMLDivElement>(null)
  const unseen = useUnseen(calls, selected)

  const items = useMemo((): Item[] => {
    const wanted = query.replaceAll(/[^\p{L}\p{N}+]/gu, '').toLowerCase()
    const found = wanted
      ? calls.filter((call) => `${call.from ?? ''} ${call.to ?? ''} ${call.callId}`.toLowerCase().includes(wanted))
      : calls
    const group = (key: string, text: string, members: readonly CallSummary[]): Item[] =>
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

  // One stop for the Tab key; the arrows go from call to call.
  const order = items.flatMap((item) => (item.kind === 'call' ? [item.key] : []))
  const focusable =
    active !== null && order.includes(active) ? active : (order.find((it) => it === selected) ?? order[0])
  const focusIndex = items.findIndex((item) => item.key === focusable)
  const onKeyDown = (event: KeyboardEvent) => {
    const index = order.indexOf(focusable ?? '')
    const to = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: order.length - 1 }[event.key]
    const next = to === undefined ? undefined : order[to]
    if (next === undefined) return
    event.preventDefault()
    setActive(next)
    handle.current?.scrollToIndex(
      items.findIndex((item) => item.key === next),
      { align: 'nearest' },
    )
    // The row is mounted by `keepMounted` once this has rendered.
    requestAnimationFrame(() => view.current?.querySelector<HTMLElement>(`[data-call="${CSS.escape(next)}"]`)?.focus())
  }

  return (
    <nav className="cg cg-calls" aria-label={t('calls.label')}>
      {calls.length > SEARCHABLE && (
        <div className="cg-calls-search">
          <input
            id={id}
            type="search"
            className="cg-input"
            aria-label={t('calls.search')}
            placeholder={t('calls.search')}
            value={query}
            onChange={(event) => setQuery(event.currentTarget.value)}
          />
        </div>
      )}
      {error && (
        <Notice role="alert" tone="negative" icon="alert" title={error.title}>
          {error.detail}
        </Notice>
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys go from one of its buttons to the next */}
      <div className="cg-calls-view" ref={view} onKeyDown={onKeyDown} aria-busy={sync !== 'live'}>
        {items.length === 0 ? (
          <Empty icon="phone" title={t(query === '' ? 'calls.empty' : 'calls.noMatch')}>
            {query === '' ? t('calls.emptyHint') : null}
          </Empty>
        ) : (
          <Virtualizer ref={handle} data={items} itemSize={50} keepMounted={focusIndex < 0 ? [] : [focusIndex]}>
            {(item: Item) =>
              item.kind === 'heading' ? (
                <h3 key={item.key} className="cg-calls-heading">
                  <span>{item.text}</span>
                  <span>{number(item.count)}</span>
                </h3>
              ) : (
                <CallRow
                  key={item.key}
                  call={item.call}
                  selected={item.key === selected}
                  focusable={item.key === focusable}
                  unseen={item.key === selected ? 0 : (unseen.get(item.key) ?? 0)}
                  onSelect={() => {
                    setActive(item.key)
                    onSelect?.(item.key)
                  }}
                />
              )
            }
          </Virtualizer>
        )}
      </div>
    </nav>
  )
}

interface CallRowProps {
  readonly call: CallSummary
  readonly selected: boolean
  readonly focusable: boolean
  readonly unseen: number
  readonly onSelect: () => void
}

function CallRow({ call, selected, focusable, unseen, onSelect }: CallRowProps) {
  const language = useLanguage()
  const { t, number } = language
  const party = call.direction === 'outgoing' ? call.to : call.from
  const live = call.phase === 'answered' || call.phase === 'ringing'
  return (
    <button
      type="button"
      className="cg-call"
      data-call={call.callId}
      data-phase={call.phase}
      data-activity={call.activity?.kind}
      aria-current={selected ? 'true' : undefined}
      tabIndex={focusable ? 0 : -1}
      onClick={onSelect}
    >
      <span className="cg-dot" aria-hidden="true" {...(call.phase === 'ringing' ? { 'data-live': '' } : {})} />
      <bdi className="cg-call-party">{party ? partyName(party) : t('call.unknownParty')}</bdi>
      <span className="cg-call-time">
        {call.startedAt && <Duration from={call.answeredAt ?? call.startedAt} to={live ? null : call.endedAt} />}
      </span>
      <span className="cg-call-activity">{activityWords(call, language)}</span>
      {unseen > 0 && (
        <span className="cg-call-badge">
          <span aria-hidden="true">{number(unseen)}</span>
          <span className="cg-visually-hidden">{t('calls.new', { count: unseen })}</span>
        </span>
      )}
    </button>
  )
}

/** A call's length, by the server's clock; the only thing in the list that renders each second. */
function Duration({ from, to }: { readonly from: string; readonly to: string | null }) {
  const client = useGatherClient()
  const { clock } = client
  const { data: offset = 0 } = useQuery({ ...callsQueryOptions(client), select: (feed) => feed.clockOffset })
  const [now, setNow] = useState(() => clock.now())
  const running = to === null
  useEffect(() => {
    if (!running) return
    let cancel = () => {}
    const tick = () => {
      setNow(clock.now())
      cancel = clock.setTimeout(tick, 1000)
    }
    tick()
    return () => cancel()
  }, [clock, running])
  const millis = (to === null ? now + offset : Date.parse(to)) - Date.parse(from)
  return <time dateTime={durationOf(millis)}>{clockTime(millis)}</time>
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

/**
 * The calls a ticket may see: those on the line first, each with what it is busy with, how long it has lasted and how
 * much is new. Only the rows in view exist in the page.
 */
export const CallList = StyledCallList
