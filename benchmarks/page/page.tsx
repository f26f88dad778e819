/** The page of the screen benchmark: components and hooks on the real client with an in-memory transport. */
import type { CallEvent } from '@callgather/protocol'
import { GatherPanel, GatherProvider, Transcript } from '@callgather/react'
import { createScenarioClient, type ScenarioClient } from '@callgather/react/testing'
import { CallWall } from '@callgather/react/wall'
import '@callgather/react/styles.css'
import '@callgather/react/wall.css'
import { createRoot, type Root } from 'react-dom/client'

export type View = keyof typeof views

const callIdOf = (nth: number) => `v3:benchmark-${nth}`
const CALL = callIdOf(0)
const CALLS_ON_WALL = 200
/** The keys per frame of 200 calls with 5 events a second each, at 60 frames a second. */
const KEYS_PER_FRAME = 17

let client: ScenarioClient | null = null
let root: Root | null = null
let events = 0

function append(kind: 'message' | 'key', call = CALL): void {
  const index = events++
  const occurred_at = `${new Date(1_763_808_060_000 + index * 900).toISOString().slice(0, -1)}000Z`
  const common = { id: `e${index}`, occurred_at, command_id: kind }
  const messages = [{ role: index % 2 ? 'user' : 'assistant', content: `${index}: `.padEnd(100, 'what is said ') }]
  const event: CallEvent =
    kind === 'key'
      ? { ...common, event_type: 'call.dtmf.received', payload: { digit: String(index % 10) } }
      : {
          ...common,
          event_type: 'call.ai_gather.message_history_updated',
          payload: { message_history: { from: index, length: index + 1, messages } },
        }
  client?.append(call, event)
}

/** Begins a gather of digits that never ends. */
function collect(call: string): void {
  const occurred_at = '2025-11-22T10:40:00.000000Z'
  const began = [
    ['call.initiated', { from: '+15550001111', to: '+15550002222', direction: 'incoming' }],
    ['call.answered', {}],
    ['command.requested', { command: 'gather', body: { maximum_digits: 128 } }],
    ['command.accepted', {}],
  ] as const
  for (const [event_type, payload] of began) {
    client?.append(call, { id: event_type, occurred_at, event_type, command_id: 'key', payload })
  }
}

const views = {
  transcript: () => (
    <div style={{ height: 560, display: 'grid' }}>
      <Transcript callId={CALL} />
    </div>
  ),
  panel: () => <GatherPanel callId={CALL} />,
  wall: () => (
    <div style={{ height: 900, display: 'grid' }}>
      <CallWall />
    </div>
  ),
}

const frame = () => new Promise<void>((resolve) => requestAnimationFrame(() => setTimeout(resolve)))

const bench = {
  /** Mounts a view on calls with `count` events each. */
  async mount(view: View, count: number): Promise<void> {
    root?.unmount()
    client?.close()
    const isWall = view === 'wall'
    const calls = Array.from({ length: isWall ? CALLS_ON_WALL : 1 }, (_, nth) => callIdOf(nth))
    client = createScenarioClient(
      calls.map((callId) => ({ title: callId, callId, from: '+15550001111', to: '+15550002222', steps: [] })),
    )
    events = 0
    if (isWall) for (const call of calls) collect(call)
    for (let nth = 0; nth < count; nth++) for (const call of calls) append(isWall ? 'key' : 'message', call)
    root = createRoot(document.getElementById('root') as HTMLElement)
    root.render(<GatherProvider client={client}>{views[view]()}</GatherProvider>)
    for (let waited = 0; waited < 400 && !document.querySelector('#root li, #root p'); waited++) await frame()
    for (let settle = 0; settle < 10; settle++) await frame()
  },
  /** Repeats an action `count` times, each in its own frame. */
  async happen(kind: 'message' | 'frame of the wall' | 'nothing', count: number): Promise<void> {
    for (let nth = 0; nth < count; nth++) {
      if (kind === 'frame of the wall') {
        for (let key = 0; key < KEYS_PER_FRAME; key++) {
          append('key', callIdOf((nth * KEYS_PER_FRAME + key) % CALLS_ON_WALL))
        }
      } else if (kind !== 'nothing') append(kind)
      await frame()
      await frame()
    }
  },
  /** Drops the connection, misses events, and reconnects. Returns the longest task of the catch-up, in ms. */
  async comeBack(missed: number): Promise<number> {
    client?.faults.dropConnection()
    for (let nth = 0; nth < missed; nth++) append('message')
    // Observe only after creating the events, so that only the page's own work counts.
    await frame()
    let longest = 0
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longest = Math.max(longest, duration)
    })
    observer.observe({ type: 'longtask' })
    await client?.player.advance(5_000)
    for (let settle = 0; settle < 60; settle++) await frame()
    observer.disconnect()
    const shown = document.querySelector('#root')?.textContent ?? ''
    if (!shown.includes(`${events - 1}: `))
      throw new Error(`The page does not show message ${events - 1}: ${shown.slice(-300)}`)
    return longest
  },
  elements: () => document.querySelectorAll('#root ol, #root ol *').length,
}
Object.assign(window, { bench })
export type Bench = typeof bench
