/** Plays scenarios: moves the clock, and adds each event to its call's log when its time has come. */
import type { Scenario, ScenarioStep } from '@callgather/protocol/scenarios'
import { SCENARIO_START } from '@callgather/protocol/scenarios'
import { type Store, WritableStore } from '../client/store.ts'
import type { ScenarioServer } from './scenario-server.ts'
import { flushPromises, type VirtualClock } from './virtual-clock.ts'

/** Where a player stands. */
export interface PlayerState {
  readonly status: 'paused' | 'playing' | 'ended'
  /** Milliseconds since the scenario began. */
  readonly positionMs: number
  /** When its last event happens, in milliseconds since it began. */
  readonly durationMs: number
  readonly speed: number
}

interface Cue extends ScenarioStep {
  readonly callId: string
}

/** The moment at which scenarios begin. */
export const SCENARIO_START_MS = Date.parse(SCENARIO_START)

/** How often a playing clock is moved. */
const TICK_MS = 20

export class Player implements Store<PlayerState> {
  readonly #clock: VirtualClock
  readonly #server: ScenarioServer
  readonly #cues: readonly Cue[]
  readonly #cell: WritableStore<PlayerState>
  #next = 0
  #ticking: ReturnType<typeof setInterval> | null = null
  /** Moves are done one after the other. */
  #moving: Promise<void> = Promise.resolve()

  constructor(scenarios: readonly Scenario[], ports: { clock: VirtualClock; server: ScenarioServer; speed: number }) {
    this.#clock = ports.clock
    this.#server = ports.server
    this.#cues = scenarios
      .flatMap(({ callId, steps }) => steps.map((step) => ({ ...step, callId })))
      .sort((one, other) => one.at - other.at)
    const durationMs = this.#cues.at(-1)?.at ?? 0
    this.#cell = new WritableStore<PlayerState>({ status: 'paused', positionMs: 0, durationMs, speed: ports.speed })
  }

  readonly getSnapshot = (): PlayerState => this.#cell.getSnapshot()
  readonly subscribe = (onChange: () => void): (() => void) => this.#cell.subscribe(onChange)

  /** Plays on from here, in time. Time goes on after the last event, as it does on a call. */
  readonly play = (): void => {
    if (this.#ticking) return
    this.#set({ status: 'playing' })
    let last = performance.now()
    this.#ticking = setInterval(() => {
      const now = performance.now()
      const passed = (now - last) * this.getSnapshot().speed
      last = now
      this.#move(this.getSnapshot().positionMs + passed).catch(reportError)
    }, TICK_MS)
  }

  /** Stops the clock. */
  readonly pause = (): void => {
    if (this.#ticking) clearInterval(this.#ticking)
    this.#ticking = null
    if (this.getSnapshot().status === 'playing') this.#set({ status: 'paused' })
  }

  /** On to the next event, or to the next moment that has events. */
  readonly step = (): Promise<void> => {
    const next = this.#cues[this.#next]
    return next ? this.#move(next.at) : this.#moving
  }

  /** On to a moment. Back is not possible: events cannot be taken back; make a new client to begin anew. */
  readonly seek = (position: number): Promise<void> => {
    if (position < this.getSnapshot().positionMs) {
      throw new Error('A scenario plays forwards only. Make a new client to begin it anew.')
    }
    return this.#move(position)
  }

  /** On to the last event. */
  readonly playAll = (): Promise<void> =>
    this.#move(Math.max(this.getSnapshot().durationMs, this.getSnapshot().positionMs))

  /** On by so many milliseconds: what the client does by the clock, such as reconnecting, it does. */
  readonly advance = (millis: number): Promise<void> => this.#move(this.getSnapshot().positionMs + millis)

  readonly setSpeed = (speed: number): void => this.#set({ speed })

  #move(position: number): Promise<void> {
    this.#moving = this.#moving.then(() => this.#moveNow(position))
    return this.#moving
  }

  async #moveNow(position: number): Promise<void> {
    for (let cue = this.#cues[this.#next]; cue && cue.at <= position; cue = this.#cues[this.#next]) {
      this.#next++
      await this.#clock.advanceTo(SCENARIO_START_MS + cue.at)
      this.#server.append(cue.callId, cue.event)
    }
    await this.#clock.advanceTo(SCENARIO_START_MS + position)
    await flushPromises()
    const over = this.#next === this.#cues.length
    this.#set({
      positionMs: Math.max(position, this.getSnapshot().positionMs),
      ...(over && !this.#ticking ? { status: 'ended' as const } : {}),
    })
  }

  #set(patch: Partial<PlayerState>): void {
    this.#cell.set({ ...this.getSnapshot(), ...patch })
  }
}
