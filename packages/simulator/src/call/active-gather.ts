/** The active DTMF gather of a leg: at most one (rules L9, G18). */

import { type GatherInput, type GatherParams, type GatherState, startGather, stepGather } from '../gather/gather.ts'
import type { GatherSettings } from '../gather/settings.ts'
import { type EffectResult, Runner, type RunnerDeps } from './runner.ts'

export class ActiveGather {
  private readonly deps: RunnerDeps
  private readonly settings: GatherSettings
  private active: { command: string; runner: Runner<GatherState, GatherInput> } | null = null

  constructor(deps: RunnerDeps, settings: GatherSettings) {
    this.deps = deps
    this.settings = settings
  }

  /** The active gather and the name of its command, or null. */
  get current(): { command: string; state: GatherState } | null {
    const { active } = this
    return active?.runner.isAlive ? { command: active.command, state: active.runner.state } : null
  }

  /** Starts a gather, after ending the active one (rule G18). */
  start(command: string, params: GatherParams): void {
    const isSecond = this.feed({ type: 'stop' })
    const shouldEmitEvents = params.prompt?.kind === 'media' || this.settings.emitSpeakEvents
    const step = (state: GatherState, input: GatherInput | EffectResult) =>
      input.type === 'model' || input.type === 'tools' ? { state, effects: [] } : stepGather(state, input)
    const first = startGather(params, this.settings)
    const runner = new Runner<GatherState, GatherInput>(this.deps, first, step, shouldEmitEvents)
    this.active = { command, runner }
    if (isSecond && this.settings.secondGather === 'cancel-both') runner.feed({ type: 'stop' })
    runner.begin()
  }

  /** Feeds an input to the active gather. Returns false if no gather is active. */
  feed(input: GatherInput): boolean {
    if (!this.active?.runner.isAlive) return false
    this.active.runner.feed(input)
    return true
  }
}
