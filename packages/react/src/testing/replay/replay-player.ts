/** Plays an exported call forwards, and seeks in both directions. */
import { createReplay, type ExportedCall, type Replay } from '@callgather/protocol/scenarios'
import type { GatherClient } from '../../client/gather-client.ts'
import { type Store, WritableStore } from '../../client/store.ts'
import { createReplayClient, type MovableClient, type ReplayPlace } from './replay-client.ts'

/** The state of a replay player. */
export interface ReplayState extends ReplayPlace {
  readonly status: 'paused' | 'playing'
  /** The playback speed as a multiple of real time. */
  readonly speed: number
  /**
   * The client that shows the call at this place. A move backwards creates a new client, because components keep what
   * they announced, noticed and drafted for a client. Remount the components for it, with `client.session.id` as key.
   */
  readonly client: GatherClient
}

const TICK_INTERVAL_MS = 20

/** Plays a replay and seeks in it. Its state is a store. */
export class ReplayPlayer implements Store<ReplayState> {
  readonly replay: Replay
  readonly #state: WritableStore<ReplayState>
  #movable: MovableClient
  #interval: ReturnType<typeof setInterval> | null = null

  constructor(call: ExportedCall) {
    this.replay = createReplay(call)
    const start = { position: 0, timeMs: 0 }
    this.#movable = createReplayClient(this.replay, start)
    this.#state = new WritableStore<ReplayState>({
      ...start,
      status: 'paused',
      speed: 1,
      client: this.#movable.client,
    })
  }

  readonly getSnapshot = (): ReplayState => this.#state.getSnapshot()
  readonly subscribe = (onChange: () => void): (() => void) => this.#state.subscribe(onChange)

  /** The number of events in the call. */
  get length(): number {
    return this.replay.call.events.length
  }

  /** Whether every event of the call has arrived. */
  get isAtEnd(): boolean {
    return this.getSnapshot().position === this.length
  }

  /** Plays from the current place; from the start if the place is the end. Pauses at the end. */
  readonly play = (): void => {
    if (this.#interval) return
    if (this.isAtEnd) this.step(-this.length)
    this.#set({ status: 'playing' })
    let last = performance.now()
    this.#interval = setInterval(() => {
      const now = performance.now()
      const { timeMs, speed } = this.getSnapshot()
      this.#move(this.#placeAt(timeMs + (now - last) * speed))
      last = now
      if (this.isAtEnd) this.pause()
    }, TICK_INTERVAL_MS)
  }

  readonly pause = (): void => {
    if (this.#interval) clearInterval(this.#interval)
    this.#interval = null
    this.#set({ status: 'paused' })
  }

  /** Moves by a number of events: 1 to the next event, -1 to before the last event. Pauses. */
  readonly step = (events: number): void => {
    this.pause()
    const position = Math.min(Math.max(this.getSnapshot().position + events, 0), this.length)
    this.#move({ position, timeMs: this.replay.timeAt(position) })
  }

  /** Moves to a time in milliseconds after the first event. Keeps playing if the replay plays. */
  readonly seek = (timeMs: number): void => this.#move(this.#placeAt(timeMs))

  readonly setSpeed = (speed: number): void => this.#set({ speed })

  #placeAt(wantedMs: number): ReplayPlace {
    const timeMs = Math.min(Math.max(wantedMs, 0), this.replay.durationMs)
    return { position: this.replay.positionAt(timeMs), timeMs }
  }

  #move(place: ReplayPlace): void {
    const { position, timeMs } = this.getSnapshot()
    if (place.position < position || place.timeMs < timeMs) this.#movable = createReplayClient(this.replay, place)
    else this.#movable.moveTo(place)
    this.#set({ ...place, client: this.#movable.client })
  }

  #set(patch: Partial<ReplayState>): void {
    this.#state.set({ ...this.getSnapshot(), ...patch })
  }
}
