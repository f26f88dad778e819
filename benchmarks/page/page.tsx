/**
 * The page of the React benchmark: our components and hooks on the real client, whose line to the server is played
 * here, beside what a user would write without them.
 */
import { type CallEvent, type CallRecord, initialCallState, reduceCall } from '@callgather/protocol'
import {
  callQueryOptions,
  GatherProvider,
  Transcript,
  useAssistant,
  useCall,
  useConnection,
  useDtmf,
  useGatherClient,
  usePlayback,
} from '@callgather/react'
import '@callgather/react/styles.css'
import { notifyManager, useQuery } from '@tanstack/react-query'
import { createElement, type ReactElement, useSyncExternalStore } from 'react'
import { flushSync } from 'react-dom'
import { createRoot, type Root } from 'react-dom/client'
import { systemClock } from '../../packages/react/src/client/clock.ts'
import { createClientOn } from '../../packages/react/src/client/gather-client.ts'
import type { LinkEvents } from '../../packages/react/src/client/transport.ts'

const CALL = 'v3:benchmark'
let events: LinkEvents | null = null
let log: CallRecord[] = []
let root: Root | null = null
const renders = new Map<string, number>()
const rendered = (name: string) => renders.set(name, (renders.get(name) ?? 0) + 1)

const time = (index: number) => `${new Date(1_763_808_060_000 + index * 900).toISOString().slice(0, -1)}000Z`

function messageEvent(index: number): CallEvent {
  const role = index % 2 ? 'user' : 'assistant'
  const content = `${index}: what is said at this point of a long conversation, in some hundred characters, more or less.`
  const message_history = { from: index, length: index + 1, messages: [{ role, content }] }
  const event_type = 'call.ai_gather.message_history_updated'
  return { id: `m${index}`, event_type, occurred_at: time(index), command_id: 'talk', payload: { message_history } }
}

function keyEvent(index: number): CallEvent {
  const payload = { digit: String(index % 10) }
  return { id: `k${index}`, event_type: 'call.dtmf.received', occurred_at: time(index), command_id: 'pin', payload }
}

function append(event: CallEvent): void {
  const record = { seq: log.length + 1, event }
  log.push(record)
  events?.callEvent({ call_id: CALL, epoch: 'e', records: [record] })
}

function client() {
  return createClientOn({
    base: '',
    clock: systemClock,
    fetch: () => Promise.reject(new Error('nothing is fetched here')),
    getTicket: async () => 'a.b.c',
    onReturn: () => () => {},
    transport: {
      open: (_, listener) => {
        events = listener
        queueMicrotask(() => listener.open())
        return {
          watchCall: async () => {
            const cursor = { epoch: 'e', seq: log.length }
            return {
              ok: true,
              kind: 'snapshot',
              cursor,
              records: [...log],
              now: new Date().toISOString(),
              scopes: ['view'],
            }
          },
          unwatchCall: () => {},
          watchCalls: async () => ({ ok: true, now: new Date().toISOString(), calls: [] }),
          unwatchCalls: () => {},
          refreshTicket: async () => ({ ok: true, expires_at: new Date(Date.now() + 1e6).toISOString() }),
          close: () => {},
        }
      },
    },
  })
}

/** What a user would write first: every row, every time. */
function NaiveTranscript(): ReactElement {
  const timeline = useCall(CALL, ({ state }) => state.timeline)
  return (
    <div style={{ height: 400, overflow: 'auto' }}>
      <ol>
        {[...timeline].map((row) => (
          <li key={row.id}>
            <time>{row.at}</time> <b>{row.kind === 'message' ? row.role : row.kind}</b>{' '}
            <span>{row.kind === 'message' ? row.content : ''}</span>
          </li>
        ))}
      </ol>
    </div>
  )
}

function ShowsDigits(): ReactElement {
  const { keyCount, lastKey } = useDtmf(CALL)
  rendered('digits')
  return <p>{`${keyCount} ${lastKey?.digit}`}</p>
}

/** The other questions that a console asks of a call. */
const others = [
  () => shows(useAssistant(CALL).conversation?.status),
  () => shows(usePlayback(CALL).playing),
  () => shows(useConnection().status),
  () => shows(useCall(CALL, ({ state }) => state.answered?.at ?? null)),
] as const

function shows(answer: unknown): ReactElement {
  rendered('other')
  return <p>{String(answer)}</p>
}

/** Keeps the call watched, and shows nothing of it: what an event costs before anything is rendered. */
function Watches(): ReactElement {
  useCall(CALL, () => null)
  return <p />
}

/** The peer: every component asks the cache for the call, and takes what it needs from it. */
function ReadsAll({ digits }: { digits: boolean }): ReactElement {
  const { data } = useQuery(callQueryOptions(useGatherClient(), CALL))
  rendered(digits ? 'digits' : 'other')
  const state = data?.state
  return <p>{digits ? `${state?.keys.size} ${state?.keys.at(-1)?.digit}` : String(state?.answered?.at ?? null)}</p>
}

/** The limit: a bare store with a selector, and nothing around it. */
let bareState = initialCallState(CALL)
const bareListeners = new Set<() => void>()
const subscribeBare = (listener: () => void) => {
  bareListeners.add(listener)
  return () => bareListeners.delete(listener)
}
function BareSelector({ digits }: { digits: boolean }): ReactElement {
  const value = useSyncExternalStore(subscribeBare, () =>
    digits ? `${bareState.keys.size} ${bareState.keys.at(-1)?.digit}` : (bareState.answered?.at ?? null),
  )
  rendered(digits ? 'digits' : 'other')
  return <p>{String(value)}</p>
}

function change(event: CallEvent): void {
  append(event)
  if (bareListeners.size === 0) return
  bareState = reduceCall(bareState, event)
  for (const listener of bareListeners) listener()
}

const views: Record<string, () => ReactElement> = {
  transcript: () => (
    <div style={{ height: 560, display: 'grid' }}>
      <Transcript callId={CALL} />
    </div>
  ),
  naive: () => <NaiveTranscript />,
  none: () => <Watches />,
  hooks: () => (
    <>
      {each((nth) =>
        nth < 5 ? <ShowsDigits key={nth} /> : createElement(others[nth % others.length] ?? ShowsDigits, { key: nth }),
      )}
    </>
  ),
  all: () => (
    <>
      {each((nth) => (
        <ReadsAll key={nth} digits={nth < 5} />
      ))}
    </>
  ),
  bare: () => (
    <>
      {each((nth) => (
        <BareSelector key={nth} digits={nth < 5} />
      ))}
    </>
  ),
}
const each = (make: (nth: number) => ReactElement) => Array.from({ length: 50 }, (_, nth) => make(nth))

// TanStack hands changes on in a task of their own; a commit can be timed only if it follows its event at once.
notifyManager.setScheduler((flush) => flush())

const task = (run: () => void) =>
  new Promise<void>((resolve) =>
    setTimeout(() => {
      run()
      resolve()
    }),
  )
const frame = () => new Promise<void>((resolve) => requestAnimationFrame(() => setTimeout(resolve)))

const bench = {
  /** Mounts a view on a call of so many messages. */
  async mount(view: string, messages: number): Promise<void> {
    root?.unmount()
    events = null
    log = []
    bareState = initialCallState(CALL)
    for (let index = 0; index < messages; index++) log.push({ seq: index + 1, event: messageEvent(index) })
    root = createRoot(document.getElementById('root') as HTMLElement)
    const make = views[view] as () => ReactElement
    root.render(<GatherProvider client={client()}>{make()}</GatherProvider>)
    for (let waited = 0; waited < 400 && !document.querySelector('#root li, #root p'); waited++) await frame()
    for (let settle = 0; settle < 10; settle++) await frame()
    renders.clear()
  },
  /**
   * Lets so many things happen, each in a frame of its own. Gives how long their commits took altogether, in ms: from
   * an event's arrival to the page that shows it, without layout.
   */
  async happen(kind: 'message' | 'key' | 'nothing', count: number): Promise<number> {
    let millis = 0
    for (let nth = 0; nth < count; nth++) {
      // In a task of its own, as it is when a socket brings it: the browser does not count what runs between tasks.
      await task(() => {
        const began = performance.now()
        if (kind !== 'nothing')
          flushSync(() => change(kind === 'message' ? messageEvent(log.length) : keyEvent(log.length)))
        millis += performance.now() - began
      })
      await frame()
      await frame()
    }
    return millis
  },
  renders: () => Object.fromEntries(renders),
  elements: () => document.querySelectorAll('#root ol, #root ol *').length,
}
Object.assign(window, { bench })
export type Bench = typeof bench
