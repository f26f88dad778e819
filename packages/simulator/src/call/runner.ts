/**
 * Runs one state machine: keeps its state and timers, and performs its effects. The same class runs DTMF gathers,
 * AI gathers and assistants.
 */

import type { Clock } from '../clock/clock.ts'
import { Timers } from '../clock/timers.ts'
import type { Line, Sound, SoundOwner } from '../line/line.ts'
import type { Effect, Step } from '../machine/machine.ts'
import type { ModelReply, ModelRequest, ToolResult, ToolUse } from '../machine/model.ts'

/** Results of effects, which the runner feeds back to its machine as inputs. */
export type EffectResult =
  | { type: 'sound-ended' }
  | { type: 'sound-failed' }
  | { type: 'timer'; name: string }
  | { type: 'model'; id: string; reply: ModelReply }
  | { type: 'tools'; id: string; answers: ToolResult[] }

/** The services that the runner performs effects with. */
export interface RunnerDeps {
  clock: Clock
  line: Line
  emit(event_type: string, payload: Record<string, unknown>): void
  hangUp(): void
  askModel(request: ModelRequest, signal: AbortSignal): Promise<ModelReply>
  /** Executes a tool call. Never rejects, and has no timeout: a transfer waits for its target to answer. */
  useTool(use: ToolUse): Promise<ToolResult>
  /** Publishes the call's view. Called after each input, because the view may have changed. */
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
    deps: RunnerDeps,
    first: Step<State>,
    step: (state: State, input: Input | EffectResult, now: number) => Step<State>,
    announced?: boolean,
  ) {
    this.deps = deps
    this.timers = new Timers(deps.clock)
    this.step = step
    this.shouldEmitEvents = announced
    this.state = first.state
    this.initialEffects = first.effects
  }

  /** Performs the initial effects. The constructor can't, because these effects may reach code that looks up this runner. */
  begin(): void {
    this.apply(this.initialEffects)
    this.drain()
  }

  /** False after the machine returned the `end` effect. */
  get isAlive(): boolean {
    return !this.isEnded
  }

  /** Queues an input and processes the queue. */
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
    const { deps } = this
    switch (effect.do) {
      case 'say':
        deps.line.add(this.toSound({ kind: 'speech', text: effect.text, media: null, purpose: effect.purpose }))
        break
      case 'play': {
        const text = effect.media.audio_url ?? effect.media.media_name ?? ''
        deps.line.add(this.toSound({ kind: 'media', text, media: effect.media, purpose: effect.purpose }))
        break
      }
      case 'stop-sound':
        deps.line.stopSoundsOf(this, effect.status ?? 'cancelled')
        break
      case 'emit':
        deps.emit(effect.event_type, effect.payload)
        break
      case 'set-timer':
        this.timers.set(effect.after, () => this.feed({ type: 'timer', name: effect.name }), effect.name)
        break
      case 'clear-timer':
        this.timers.cancel(effect.name)
        break
      case 'ask-model': {
        const reply = deps.askModel(effect.request, this.abortController.signal)
        deps.clock.track(reply.then((reply) => this.feed({ type: 'model', id: effect.id, reply })))
        break
      }
      case 'use-tools': {
        const { id } = effect
        Promise.all(effect.uses.map((use) => deps.useTool(use))).then(
          (answers) => this.feed({ type: 'tools', id, answers }),
          () => this.feed({ type: 'tools', id, answers: [] }),
        )
        break
      }
      case 'hangup':
        deps.hangUp()
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
