/** The client of a replay: its feeds come from the replay instead of a server, and it sends no commands. */
import { type Scope, selectCallSummary } from '@callgather/protocol'
import type { Replay } from '@callgather/protocol/scenarios'
import type { AgentSession } from '../../client/agent-session.ts'
import type { Clock } from '../../client/clock.ts'
import { newRequestId, notSentError } from '../../client/commands.ts'
import { type ConnectionState, initialConnectionState } from '../../client/connection.ts'
import { type CallFeed, initialCallFeed } from '../../client/feed.ts'
import type { GatherClient } from '../../client/gather-client.ts'
import { WatchError } from '../../client/watch-error.ts'

/** A place in a replay: how many events have arrived, and the time in milliseconds after the first event. */
export interface ReplayPlace {
  readonly position: number
  readonly timeMs: number
}

/** A client of a replay, and a function that moves it forwards. */
export interface MovableClient {
  readonly client: GatherClient
  /** Publishes the state of a later place. For an earlier place, create another client. */
  moveTo(place: ReplayPlace): void
}

/** A replay can be viewed only, so that no component offers what the replay can't do. */
const scopes: readonly Scope[] = ['view']

const live: ConnectionState = { ...initialConnectionState, status: 'live' }

/** Creates a client that starts at a place of a replay. */
export function createReplayClient(replay: Replay, start: ReplayPlace): MovableClient {
  const { callId } = replay.call
  const clock = new ReplayClock(replay.startedAtMs + start.timeMs)
  const listeners = new Set<() => void>()
  let { position } = start
  let feed: CallFeed = initialCallFeed(callId)

  function update() {
    const state = replay.stateAt(position)
    if (feed.cursor === null || state !== feed.state || feed.cursor.seq !== position)
      feed = { ...feed, state, cursor: { epoch: 'replay', seq: position }, sync: 'live', scopes }
  }
  update()

  /** Calls a listener now and after each move, until the signal is aborted. */
  const listen = (listener: () => void, signal: AbortSignal | undefined) =>
    new Promise<void>((resolve) => {
      if (signal?.aborted) return resolve()
      signal?.addEventListener('abort', () => {
        listeners.delete(listener)
        resolve()
      })
      listeners.add(listener)
      listener()
    })

  const client: GatherClient = {
    connection: { getSnapshot: () => live, subscribe: () => () => {}, retryNow: () => {} },
    session: createSession(),
    clock,
    watch: async (watched, { signal, onFeed }) => {
      if (watched !== callId) throw new WatchError(watched, notInReplay)
      await listen(() => onFeed(feed), signal)
    },
    watchCalls: ({ signal, onCalls }) =>
      listen(() => onCalls({ calls: [selectCallSummary(feed.state)], sync: 'live', scopes, clockOffsetMs: 0 }), signal),
    command: async () => {
      throw notSentError('This is a replay.')
    },
    wrapUp: async () => {
      throw notSentError('This is a replay.')
    },
    disconnect: () => {},
    close: () => listeners.clear(),
  }
  return {
    client,
    moveTo: (place) => {
      position = place.position
      // First the clock, so that a component that reads the time of a new event reads the time of that event.
      clock.moveTo(replay.startedAtMs + place.timeMs)
      update()
      for (const listener of [...listeners]) listener()
    },
  }
}

const notInReplay = { status: 404, code: '10005', title: 'Resource not found', detail: 'The replay has one call.' }

/** The session of a replay never pauses or ends, because no agent is signed in. */
const createSession = (): AgentSession => ({
  id: newRequestId(),
  owns: () => true,
  addCache: () => {},
  retain: () => () => {},
  pauseIfUnused: () => {},
})

interface Timer {
  readonly atMs: number
  readonly run: () => void
}

/** A clock that stands still between two moves. A move runs the due timers once, like a page that was paused. */
class ReplayClock implements Clock {
  #nowMs: number
  readonly #timers = new Set<Timer>()

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  readonly now = (): number => this.#nowMs

  readonly setTimeout = (run: () => void, delayMs: number): (() => void) => {
    const timer = { atMs: this.#nowMs + delayMs, run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  moveTo(nowMs: number): void {
    this.#nowMs = nowMs
    const due = [...this.#timers].filter(({ atMs }) => atMs <= nowMs)
    for (const timer of due) if (this.#timers.delete(timer)) timer.run()
  }
}
