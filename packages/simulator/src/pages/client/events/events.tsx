/** @jsxImportSource preact */
/** The events page: commands, webhooks and delivery attempts. */
import type { ComponentChildren } from 'preact'
import { useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks'
import { useAttempt } from '../attempt.ts'
import { telephone, timeOfDay } from '../format.ts'
import { TopBar } from '../frame.tsx'
import { type Activity, type CallView, simulator, subscribe } from '../simulator.ts'
import { Details } from './details.tsx'
import {
  type Entry,
  type EntryKind,
  emptyLog,
  eventLogReducer,
  type Filter,
  filterEntries,
  outcomeOf,
  summaryOf,
} from './event-log.ts'

const everything: Filter = {
  call: null,
  words: '',
  kinds: { command: true, webhook: true, caller: true, simulator: true },
  failures: false,
}
/** Each kind of row: its filter button, symbol and screen reader label. */
const kinds: [kind: EntryKind, button: string, sign: string, says: string][] = [
  ['command', 'Commands', '→', 'Command'],
  ['webhook', 'Webhooks', '←', 'Webhook'],
  ['caller', 'Caller', '☏', 'Caller'],
  ['simulator', 'Simulator', '!', 'Simulator'],
]

export function Events() {
  const [log, dispatch] = useReducer(eventLogReducer, emptyLog)
  const [filter, setFilter] = useState(everything)
  const [selected, setSelected] = useState<string | null>(null)
  const [trouble, attempt] = useAttempt()

  useEffect(() => {
    // Batch events: render at most once per frame.
    let waiting: Activity[] = []
    let frame = 0
    const flush = () => {
      const list = waiting
      waiting = []
      frame = 0
      dispatch({ type: 'activities', list })
    }
    return subscribe('watcher', {
      hello: (hello) => {
        waiting = []
        dispatch({ type: 'hello', hello })
        attempt(Promise.all([simulator.log(hello.logged), simulator.deliveries()]), ([list, deliveries]) =>
          dispatch({ type: 'history', list, deliveries }),
        )
      },
      activity: (activity) => {
        waiting.push(activity)
        if (frame === 0) frame = requestAnimationFrame(flush)
      },
      lost: () => dispatch({ type: 'lost' }),
    })
  }, [])

  const rows = useMemo(() => filterEntries(log.entries, filter), [log.entries, filter])
  const entry = log.entries.find(({ key }) => key === selected)

  return (
    <div class="page">
      <TopBar name="events" other="Phone">
        <span class={`service ${log.connection}`} role="status">
          {{ connecting: 'Connecting…', live: 'Live', lost: 'Reconnecting…' }[log.connection]}
        </span>
      </TopBar>
      <main data-detail={entry === undefined ? undefined : ''}>
        <Calls
          calls={log.calls}
          entries={log.entries}
          selected={filter.call}
          onSelect={(call) => setFilter({ ...filter, call })}
        />
        <section class="card stream" aria-label="Events">
          <div class="filters">
            <label class="unseen" for="words">
              Find
            </label>
            <input
              id="words"
              type="search"
              placeholder="Find in events"
              value={filter.words}
              onInput={(event) => setFilter({ ...filter, words: event.currentTarget.value })}
            />
            <fieldset aria-label="Show">
              {kinds.map(([kind, button]) => (
                <Toggle
                  key={kind}
                  on={filter.kinds[kind]}
                  onChange={(on) => setFilter({ ...filter, kinds: { ...filter.kinds, [kind]: on } })}
                >
                  {button}
                </Toggle>
              ))}
              <Toggle class="bad" on={filter.failures} onChange={(failures) => setFilter({ ...filter, failures })}>
                Only failures
              </Toggle>
            </fieldset>
            <button type="button" class="small" onClick={() => dispatch({ type: 'clear' })}>
              Clear
            </button>
          </div>
          <Rows
            rows={rows}
            calls={log.calls}
            selected={selected}
            onSelect={setSelected}
            anything={log.entries.length > 0}
          />
        </section>
        <Details
          entry={entry}
          onResend={(id) => attempt(simulator.resend(id))}
          onClose={() => setSelected(null)}
          trouble={trouble}
        />
      </main>
    </div>
  )
}

function Calls({
  calls,
  entries,
  selected,
  onSelect,
}: {
  calls: readonly CallView[]
  entries: readonly Entry[]
  selected: string | null
  onSelect(id: string | null): void
}) {
  const failures = useMemo(() => {
    const counts = new Map<string, number>()
    for (const entry of entries)
      if (entry.callId !== null && outcomeOf(entry).tone === 'bad')
        counts.set(entry.callId, (counts.get(entry.callId) ?? 0) + 1)
    return counts
  }, [entries])
  return (
    <section class="card calls" aria-labelledby="calls-title">
      <header>
        <h2 id="calls-title">Calls</h2>
        <span class="pill">{calls.length}</span>
      </header>
      <ul>
        <li>
          <button type="button" class="call" aria-pressed={selected === null} onClick={() => onSelect(null)}>
            <span class="dot none" aria-hidden="true" />
            <b>All calls</b>
          </button>
        </li>
        {calls.map((call) => (
          <li key={call.id}>
            <button
              type="button"
              class="call"
              aria-pressed={selected === call.id}
              onClick={() => onSelect(selected === call.id ? null : call.id)}
              title={call.id}
            >
              <span class={`dot ${call.state}`} aria-hidden="true" />
              <span>
                <b>{telephone(call.from)}</b>
                <span class="to">
                  {call.state} · to {telephone(call.to)}
                </span>
              </span>
              {failures.get(call.id) !== undefined && (
                <span class="pill red">
                  {failures.get(call.id)}
                  <span class="unseen"> failures</span>
                </span>
              )}
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Toggle({
  on,
  onChange,
  class: tone = '',
  children,
}: {
  on: boolean
  onChange(on: boolean): void
  class?: string
  children: ComponentChildren
}) {
  return (
    <button type="button" class={`toggle ${tone}`} aria-pressed={on} onClick={() => onChange(!on)}>
      {children}
    </button>
  )
}

function Rows({
  rows,
  calls,
  selected,
  onSelect,
  anything,
}: {
  rows: readonly Entry[]
  calls: readonly CallView[]
  selected: string | null
  onSelect(key: string): void
  anything: boolean
}) {
  const list = useRef<HTMLOListElement>(null)
  const pinned = useRef(true)
  useEffect(() => {
    const element = list.current
    if (element !== null && pinned.current) element.scrollTop = element.scrollHeight
  }, [rows])
  const numbers = useMemo(() => new Map(calls.map(({ id, from }) => [id, from])), [calls])
  if (rows.length === 0) {
    return (
      <p class="empty">
        {anything
          ? 'Nothing matches. Clear the search or show more kinds.'
          : 'Nothing has happened yet. Make a call from the phone, or dial with POST /v2/calls.'}
      </p>
    )
  }
  /** Moves the focus between rows with the arrow keys. */
  const walk = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step === undefined || !(event.target instanceof HTMLElement)) return
    const buttons = [...(list.current?.querySelectorAll<HTMLElement>('button') ?? [])]
    const next = buttons[buttons.indexOf(event.target) + step]
    if (next === undefined) return
    event.preventDefault()
    next.focus()
    next.click()
  }
  return (
    <ol
      ref={list}
      class="rows"
      onKeyDown={walk}
      onScroll={(event) => {
        const { scrollHeight, scrollTop, clientHeight } = event.currentTarget
        pinned.current = scrollHeight - scrollTop - clientHeight < 24
      }}
    >
      {rows.map((entry) => {
        const verdict = outcomeOf(entry)
        const [, , sign, says] = kinds.find(([kind]) => kind === entry.kind) ?? []
        return (
          <li key={entry.key}>
            <button
              type="button"
              class={`row ${entry.kind}`}
              aria-current={entry.key === selected}
              onClick={() => onSelect(entry.key)}
            >
              <time>{timeOfDay(entry.at)}</time>
              <span class="sign" aria-hidden="true">
                {sign}
              </span>
              <span class="unseen">{says}</span>
              <span class="name">{entry.name}</span>
              <span class="gist">{summaryOf(entry)}</span>
              <span class="whose">{telephone(entry.callId === null ? '' : (numbers.get(entry.callId) ?? ''))}</span>
              <span class={`verdict ${verdict.tone}`}>{verdict.words}</span>
            </button>
          </li>
        )
      })}
    </ol>
  )
}
