/** Runs an AI machine in tests as the simulator does, on a virtual clock. */

import type { Effect, Step } from '../machine/machine.ts'
import type { AiContext, AiInput } from './input.ts'
import { type AiSettings, aiSettings } from './settings.ts'

interface Machine<State> {
  start(params: Record<string, unknown>, ctx: AiContext, now: number): Step<State>
  step(state: State, input: AiInput, now: number): Step<State>
}

/** Sunday, 22 November 2026, 10:00 UTC. */
const START_TIME = Date.UTC(2026, 10, 22, 10)

/** A simulated caller who talks to an AI machine. */
export class Caller<State> {
  private readonly machine: Machine<State>
  private readonly timers = new Map<string, number>()
  private isSpeaking = false
  now = START_TIME
  state: State
  readonly effects: Effect[] = []
  readonly events: { event_type: string; payload: Record<string, unknown> }[] = []
  readonly heard: string[] = []
  isOver = false

  constructor(machine: Machine<State>, params: Record<string, unknown>, settings: Partial<AiSettings> = {}) {
    this.machine = machine
    let uuids = 0
    const ctx: AiContext = {
      conversation_id: '0424805b-adc1-4ff8-9f95-e1de6883ecbe',
      from: '+15550001111',
      to: '+15550002222',
      settings: aiSettings.parse(settings),
      uuid: () => {
        uuids += 1
        return `00000000-0000-4000-8000-${String(uuids).padStart(12, '0')}`
      },
    }
    const { state, effects } = machine.start(params, ctx, this.now)
    this.state = state
    this.perform(effects)
  }

  /** Says each text after the AI has finished speaking. */
  say(...texts: string[]): this {
    for (const text of texts) this.listen().feed({ type: 'said', text })
    return this
  }

  /** Speaks without waiting for the AI to finish its speech. */
  interrupt(text: string): this {
    return this.feed({ type: 'said', text })
  }

  listen(): this {
    while (this.isSpeaking) {
      this.isSpeaking = false
      this.feed({ type: 'sound-ended' })
    }
    return this
  }

  /** Stays silent until the next timer of the machine fires. */
  wait(): this {
    this.listen()
    const next = [...this.timers].sort(([, a], [, b]) => a - b)[0]
    if (next === undefined) throw new Error('The machine has no timer to wait for. Check that it waits for the caller.')
    this.timers.delete(next[0])
    this.now = next[1]
    return this.feed({ type: 'timer', name: next[0] })
  }

  feed(input: AiInput): this {
    const { state, effects } = this.machine.step(this.state, input, this.now)
    this.state = state
    this.perform(effects)
    return this
  }

  /** The last speech of the AI. */
  get lastSpeech(): string {
    return this.heard.at(-1) ?? ''
  }

  get eventTypes(): string[] {
    return this.events.map(({ event_type }) => event_type)
  }

  payload(event_type: string): Record<string, unknown> {
    return this.events.findLast((event) => event.event_type === event_type)?.payload ?? {}
  }

  private perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      this.effects.push(effect)
      if (effect.do === 'say') {
        if (this.isSpeaking)
          throw new Error(`The assistant said "${effect.text}" while "${this.lastSpeech}" was still playing.`)
        this.isSpeaking = true
        this.heard.push(effect.text)
      }
      if (effect.do === 'stop-sound') this.isSpeaking = false
      if (effect.do === 'emit') this.events.push(effect)
      if (effect.do === 'set-timer') this.timers.set(effect.name, this.now + effect.after)
      if (effect.do === 'clear-timer') this.timers.delete(effect.name)
      if (effect.do === 'end') {
        this.isOver = true
        this.timers.clear()
      }
    }
  }
}
