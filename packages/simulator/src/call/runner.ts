/**
 * Runs one machine: keeps its state, its timers and its voice, and turns its effects into deeds. The same runner drives
 * a DTMF gather, an AI gather and an assistant; it knows nothing of any of them.
 */

import type { Clock } from '../clock/clock.ts'
import { Timers } from '../clock/timers.ts'
import type { Line, Sound, SoundOwner } from '../line/line.ts'
import type { Effect, Step } from '../machine/machine.ts'
import type { ModelReply, ModelRequest, ToolResult, ToolUse } from '../machine/model.ts'

/** What comes back to a machine from the effects it asked for. */
export type EffectResult =
  | { type: 'sound-ended' }
  | { type: 'sound-failed' }
  | { type: 'timer'; name: string }
  | { type: 'model'; id: string; reply: ModelReply }
  | { type: 'tools'; id: string; answers: ToolResult[] }

/** The part of the world a machine can touch. */
export interface RunnerDeps {
  clock: Clock
  line: Line
  emit(event_type: string, payload: Record<string, unknown>): void
  hangUp(): void
  askModel(request: ModelRequest, signal: AbortSignal): Promise<ModelReply>
  /** Never rejects. Takes as long as it takes: somebody may have to pick up a telephone first. */
  useTool(use: ToolUse): Promise<ToolResult>
  /** Something that can be seen may have changed. */
  publishUpdate(): void
}

export class Runner<State, Input> implements SoundOwner {
  private readonly deps: RunnerDeps
  private readonly step: (state: State, input: Input | EffectResult, now: number) => Step<State>
  private readonly shouldEmitEvents: boolean | undefined
  private readonly timers: Timers
  private readonly abortController = new AbortController()
  private readonly queue: (Input | EffectResult)[] = []
  private readonly initialEffects: readonly Effect[]
  private isBusy = true
  private isEnded = false
  state: State

  constructor(
    world: RunnerDeps,
    first: Step<State>,
    step: (state: State, input: Input | EffectResult, now: number) => Step<State>,
    announced?: boolean,
  ) {
    this.deps = world
    this.timers = new Timers(world.clock)
    this.step = step
    this.shouldEmitEvents = announced
    this.state = first.state
    this.initialEffects = first.effects
  }

  /** Does what the machine asked for when it was started. Apart from the constructor, so that who holds the runner can be found by then. */
  begin(): void {
    this.apply(this.initialEffects)
    this.drain()
  }

  /** False once the machine has said `end`. */
  get isAlive(): boolean {
    return !this.isEnded
  }

  /** Gives the machine an input, after those that are still being worked on. */
  feed(input: Input | EffectResult): void {
    if (this.isEnded) return
    this.queue.push(input)
    if (!this.isBusy) this.drain()
  }

  onSoundEnded(): void {
    this.feed({ type: 'sound-ended' })
  }

  onSoundFailed(): void {
    this.feed({ type: 'sound-failed' })
  }

  private drain(): void {
    this.isBusy = true
    for (let input = this.queue.shift(); input !== undefined && !this.isEnded; input = this.queue.shift()) {
      const { state, effects } = this.step(this.state, input, this.deps.clock.now())
      this.state = state
      this.apply(effects)
    }
    this.isBusy = false
    this.deps.publishUpdate()
  }

  private apply(effects: readonly Effect[]): void {
    for (const effect of effects) this.perform(effect)
  }

  private perform(effect: Effect): void {
    const { deps: world } = this
    switch (effect.do) {
      case 'say':
        world.line.add(this.toSound({ kind: 'speech', text: effect.text, media: null, purpose: effect.purpose }))
        break
      case 'play': {
        const text = effect.media.audio_url ?? effect.media.media_name ?? ''
        world.line.add(this.toSound({ kind: 'media', text, media: effect.media, purpose: effect.purpose }))
        break
      }
      case 'stop-sound':
        world.line.stopSoundsOf(this, effect.status ?? 'cancelled')
        break
      case 'emit':
        world.emit(effect.event_type, effect.payload)
        break
      case 'set-timer':
        this.timers.set(effect.after, () => this.feed({ type: 'timer', name: effect.name }), effect.name)
        break
      case 'clear-timer':
        this.timers.cancel(effect.name)
        break
      case 'ask-model': {
        const asked = world.askModel(effect.request, this.abortController.signal)
        world.clock.track(asked.then((reply) => this.feed({ type: 'model', id: effect.id, reply })))
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
        this.isEnded = true
        this.timers.clear()
        this.abortController.abort()
        break
    }
  }

  private toSound(what: Pick<Sound, 'kind' | 'text' | 'media' | 'purpose'>): Sound {
    return {
      ...what,
      loop: 1,
      overlay: false,
      shouldEmitEvents: this.shouldEmitEvents ?? what.kind === 'media',
      owner: this,
    }
  }
}
