/**
 * Runs one machine: keeps its state, its timers and its voice, and turns its effects into deeds. The same runner drives
 * a DTMF gather, an AI gather and an assistant; it knows nothing of any of them.
 */

import type { Clock } from '../clock/clock.ts'
import { Timers } from '../clock/timers.ts'
import type { Line, Sound, SoundOwner } from '../line/line.ts'
import type { Effect, Step } from '../machine/machine.ts'
import type { ModelReply, ModelRequest, ToolAnswer, ToolUse } from '../machine/model.ts'

/** What comes back to a machine from the effects it asked for. */
export type Echo =
  | { type: 'spoken' }
  | { type: 'failed' }
  | { type: 'woke'; name: string }
  | { type: 'model'; id: string; reply: ModelReply }
  | { type: 'tools'; id: string; answers: ToolAnswer[] }

/** The part of the world a machine can touch. */
export interface RunnerWorld {
  clock: Clock
  line: Line
  emit(event_type: string, payload: Record<string, unknown>): void
  hangUp(): void
  askModel(request: ModelRequest, signal: AbortSignal): Promise<ModelReply>
  /** Never rejects. Takes as long as it takes: somebody may have to pick up a telephone first. */
  useTool(use: ToolUse): Promise<ToolAnswer>
  /** Something that can be seen may have changed. */
  changed(): void
}

export class Runner<State, Input> implements SoundOwner {
  private readonly world: RunnerWorld
  private readonly step: (state: State, input: Input | Echo, now: number) => Step<State>
  private readonly announced: boolean | undefined
  private readonly timers: Timers
  private readonly leaving = new AbortController()
  private readonly inbox: (Input | Echo)[] = []
  private readonly first: readonly Effect[]
  private busy = true
  private ended = false
  state: State

  constructor(
    world: RunnerWorld,
    first: Step<State>,
    step: (state: State, input: Input | Echo, now: number) => Step<State>,
    announced?: boolean,
  ) {
    this.world = world
    this.timers = new Timers(world.clock)
    this.step = step
    this.announced = announced
    this.state = first.state
    this.first = first.effects
  }

  /** Does what the machine asked for when it was started. Apart from the constructor, so that who holds the runner can be found by then. */
  begin(): void {
    this.apply(this.first)
    this.drain()
  }

  /** False once the machine has said `end`. */
  get alive(): boolean {
    return !this.ended
  }

  /** Gives the machine an input, after those that are still being worked on. */
  feed(input: Input | Echo): void {
    if (this.ended) return
    this.inbox.push(input)
    if (!this.busy) this.drain()
  }

  heard(): void {
    this.feed({ type: 'spoken' })
  }

  failed(): void {
    this.feed({ type: 'failed' })
  }

  private drain(): void {
    this.busy = true
    for (let input = this.inbox.shift(); input !== undefined && !this.ended; input = this.inbox.shift()) {
      const { state, effects } = this.step(this.state, input, this.world.clock.now())
      this.state = state
      this.apply(effects)
    }
    this.busy = false
    this.world.changed()
  }

  private apply(effects: readonly Effect[]): void {
    for (const effect of effects) this.perform(effect)
  }

  private perform(effect: Effect): void {
    const { world } = this
    switch (effect.do) {
      case 'say':
        world.line.add(this.voice({ kind: 'speech', text: effect.text, media: null, purpose: effect.purpose }))
        break
      case 'play': {
        const text = effect.media.audio_url ?? effect.media.media_name ?? ''
        world.line.add(this.voice({ kind: 'media', text, media: effect.media, purpose: effect.purpose }))
        break
      }
      case 'silence':
        world.line.silence(this, effect.status ?? 'cancelled')
        break
      case 'emit':
        world.emit(effect.event_type, effect.payload)
        break
      case 'wake':
        this.timers.set(effect.after, () => this.feed({ type: 'woke', name: effect.name }), effect.name)
        break
      case 'unwake':
        this.timers.cancel(effect.name)
        break
      case 'ask-model': {
        const asked = world.askModel(effect.request, this.leaving.signal)
        world.clock.hold(asked.then((reply) => this.feed({ type: 'model', id: effect.id, reply })))
        break
      }
      case 'use-tools': {
        const { id } = effect
        Promise.all(effect.uses.map((use) => world.useTool(use))).then(
          (answers) => this.feed({ type: 'tools', id, answers }),
          () => this.feed({ type: 'tools', id, answers: [] }),
        )
        break
      }
      case 'hangup':
        world.hangUp()
        break
      case 'end':
        this.ended = true
        this.timers.clear()
        this.leaving.abort()
        break
    }
  }

  private voice(what: Pick<Sound, 'kind' | 'text' | 'media' | 'purpose'>): Sound {
    return { ...what, loop: 1, overlay: false, announced: this.announced ?? what.kind === 'media', owner: this }
  }
}
