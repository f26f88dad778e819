/** Plays scenarios: advances the clock and appends each event to its call's log when it is due. */
import type { Scenario, ScenarioStep } from '@callgather/protocol/scenarios'
import { SCENARIO_START } from '@callgather/protocol/scenarios'
import { type Store, WritableStore } from '../client/store.ts'
import type { ScenarioServer } from './scenario-server.ts'
import { flushPromises, type VirtualClock } from './virtual-clock.ts'

/** The state of a scenario player. */
export interface PlayerState {
  readonly status: 'paused' | 'playing' | 'ended'
  /** The current position, in milliseconds since the scenario's start. */
  readonly positionMs: number
  /** When the last event occurs, in milliseconds since the scenario's start. */
  readonly durationMs: number
  /** The playback speed as a multiple of real time. */
  readonly speed: number
}

interface Cue extends ScenarioStep {
  readonly callId: string
}

/** The start time of all scenarios, in milliseconds since the Unix epoch. */
export const SCENARIO_START_MS = Date.parse(SCENARIO_START)

const TICK_INTERVAL_MS = 20

export class Player implements Store<PlayerState> {
  readonly #clock: VirtualClock
  readonly #server: ScenarioServer
  readonly #cues: readonly Cue[]
  readonly #state: WritableStore<PlayerState>
  #next = 0
  #interval: ReturnType<typeof setInterval> | null = null
  /** Settles after all pending moves, which run one after another. */
  #pendingMove: Promise<void> = Promise.resolve()

  /** @internal Players are made by `createScenarioClient`. */
  constructor(scenarios: readonly Scenario[], deps: { clock: VirtualClock; server: ScenarioServer; speed: number }) {
    this.#clock = deps.clock
    this.#server = deps.server
    this.#cues = scenarios
      .flatMap(({ callId, steps }) => steps.map((step) => ({ ...step, callId })))
      .sort((a, b) => a.at - b.at)
    const durationMs = this.#cues.at(-1)?.at ?? 0
    this.#state = new WritableStore<PlayerState>({ status: 'paused', positionMs: 0, durationMs, speed: deps.speed })
  }

  readonly getSnapshot = (): PlayerState => this.#state.getSnapshot()
  readonly subscribe = (onChange: () => void): (() => void) => this.#state.subscribe(onChange)

  /** Plays in real time from the current position. The clock keeps running after the last event. */
  readonly play = (): void => {
    if (this.#interval) return
    this.#set({ status: 'playing' })
    let last = performance.now()
    this.#interval = setInterval(() => {
      const now = performance.now()
      const elapsedMs = (now - last) * this.getSnapshot().speed
      last = now
      this.#move(this.getSnapshot().positionMs + elapsedMs).catch(reportError)
    }, TICK_INTERVAL_MS)
  }

  /** Pauses playback and stops the clock. */
  readonly pause = (): void => {
    if (this.#interval) clearInterval(this.#interval)
    this.#interval = null
    if (this.getSnapshot().status === 'playing') this.#set({ status: 'paused' })
  }

  /** Moves to the time of the next event, and appends all events of that time. */
  readonly step = (): Promise<void> => {
    const next = this.#cues[this.#next]
    return next ? this.#move(next.at) : this.#pendingMove
  }

  /** Moves forwards to a position in milliseconds. Events can't be undone: to go back, create a new client. */
  readonly seek = (positionMs: number): Promise<void> => {
    if (positionMs < this.getSnapshot().positionMs) {
      throw new Error('A scenario plays only forwards. Create a new client to restart the scenario.')
    }
    return this.#move(positionMs)
  }

  /** Moves to the last event. */
  readonly playAll = (): Promise<void> =>
    this.#move(Math.max(this.getSnapshot().durationMs, this.getSnapshot().positionMs))

  /** Moves forwards by a duration. The client's due timers run, such as the timer of a reconnection. */
  readonly advance = (durationMs: number): Promise<void> => this.#move(this.getSnapshot().positionMs + durationMs)

  readonly setSpeed = (speed: number): void => this.#set({ speed })

  #move(positionMs: number): Promise<void> {
    this.#pendingMove = this.#pendingMove.then(() => this.#moveNow(positionMs))
    return this.#pendingMove
  }

  async #moveNow(positionMs: number): Promise<void> {
    for (let cue = this.#cues[this.#next]; cue && cue.at <= positionMs; cue = this.#cues[this.#next]) {
      this.#next++
      await this.#clock.advanceTo(SCENARIO_START_MS + cue.at)
      this.#server.append(cue.callId, cue.event)
    }
    await this.#clock.advanceTo(SCENARIO_START_MS + positionMs)
    await flushPromises()
    const hasEnded = this.#next === this.#cues.length
    this.#set({
      positionMs: Math.max(positionMs, this.getSnapshot().positionMs),
      ...(hasEnded && !this.#interval ? { status: 'ended' as const } : {}),
    })
  }

  #set(patch: Partial<PlayerState>): void {
    this.#state.set({ ...this.getSnapshot(), ...patch })
  }
}
