/**
 * A scenario is the history of a call as data: its events and their times. Tests fold a scenario; stories play it
 * through the real client. Users can do both in their own tests.
 */

import type { Mask } from '../base/mask.ts'
import type { EventOf, HistoryMessage, KnownEventType } from '../events/event.ts'

/** An event of a scenario. `at` is its time in milliseconds after the start of the call. */
export interface ScenarioStep {
  readonly at: number
  readonly event: EventOf<KnownEventType>
}

/** The history of one call as data. */
export interface Scenario {
  /** The name of the scenario in lists. */
  readonly title: string
  readonly callId: string
  readonly from: string
  readonly to: string
  readonly steps: readonly ScenarioStep[]
}

/** The start time of all scenarios. It is fixed so that stories look the same each day. */
export const SCENARIO_START = '2026-11-22T10:41:00.000000Z'

/** Returns the ISO time, with microseconds, of a moment in a scenario. `at` is in milliseconds after its start. */
export function scenarioTime(at: number): string {
  return `${new Date(Date.parse(SCENARIO_START) + at).toISOString().slice(0, -1)}000Z`
}

/** The fields of a scenario event that `ScenarioWriter.event` accepts. */
export type StepInput<Type extends KnownEventType> = {
  payload?: EventOf<Type>['payload']
  command_id?: string
}

/** Builds a scenario: each method adds an event, and `wait` advances the time. Ids and times are deterministic. */
export class ScenarioWriter {
  readonly #title: string
  readonly #callId: string
  readonly #parties: { from: string; to: string }
  readonly #steps: ScenarioStep[] = []
  readonly #messages = new Map<string, number>()
  #now = 0

  constructor(title: string, options: { callId?: string; from?: string; to?: string } = {}) {
    this.#title = title
    this.#callId = options.callId ?? `v3:${title.replaceAll(/[^A-Za-z0-9]+/g, '-')}`
    this.#parties = { from: options.from ?? '+15550001111', to: options.to ?? '+15550002222' }
  }

  /** Advances the time of the scenario by `millis` milliseconds. */
  wait(millis: number): this {
    this.#now += millis
    return this
  }

  /** Adds an event of any known type at the current time of the scenario. */
  event<Type extends KnownEventType>(type: Type, { payload, command_id }: StepInput<Type> = {}): this {
    const event = {
      id: `${this.#callId}-${String(this.#steps.length + 1).padStart(4, '0')}`,
      event_type: type,
      occurred_at: scenarioTime(this.#now),
      ...(command_id === undefined ? {} : { command_id }),
      payload: payload ?? {},
    } as EventOf<KnownEventType>
    this.#steps.push({ at: this.#now, event })
    return this
  }

  /** An incoming call rings, and is answered. */
  answered(options: { callerName?: string; ringMs?: number } = {}): this {
    const { callerName, ringMs = 2000 } = options
    const name = callerName === undefined ? {} : { caller_id_name: callerName }
    this.event('call.initiated', { payload: { ...this.#parties, direction: 'incoming', ...name } })
    return this.wait(ringMs).event('call.answered', { payload: this.#parties }).wait(500)
  }

  /** A command is given; Telnyx accepts it 120 ms later. */
  command(
    id: string,
    command: string,
    body: Record<string, unknown>,
    options: { mask?: Mask; label?: string; subject?: string } = {},
  ): this {
    const { mask, label, subject = 'agent-7' } = options
    const payload = {
      command,
      body,
      subject,
      ...(mask === undefined ? {} : { mask }),
      ...(label === undefined ? {} : { label }),
    }
    this.event('command.requested', { command_id: id, payload })
    return this.wait(120).event('command.accepted', { command_id: id, payload: {} })
  }

  /** Adds the keys that the caller presses, `intervalMs` apart (default: 450). `•` stands for a masked key. */
  press(keys: string, options: { gather?: string; intervalMs?: number } = {}): this {
    const { gather, intervalMs: rhythm = 450 } = options
    for (const key of keys) {
      this.wait(rhythm).event('call.dtmf.received', {
        payload: { digit: key === '•' ? null : key },
        ...(gather === undefined ? {} : { command_id: gather }),
      })
    }
    return this
  }

  /** Adds a message to the conversation that the command with this id started. */
  say(conversation: string, role: 'assistant' | 'user' | 'system', content: string): this {
    const from = this.#messages.get(conversation) ?? 0
    const messages: HistoryMessage[] = [{ role, content }]
    this.#messages.set(conversation, from + 1)
    return this.event('call.ai_gather.message_history_updated', {
      command_id: conversation,
      payload: { message_history: { from, messages } },
    })
  }

  /** The call ends. */
  hangup(source: 'caller' | 'callee' = 'caller'): this {
    const payload = { ...this.#parties, hangup_cause: 'normal_clearing', hangup_source: source }
    return this.event('call.hangup', { payload })
  }

  /** The scenario as written so far. */
  end(): Scenario {
    return { title: this.#title, callId: this.#callId, ...this.#parties, steps: [...this.#steps] }
  }
}
