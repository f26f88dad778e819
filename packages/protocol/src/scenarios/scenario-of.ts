import type { EventOf, KnownEventType } from '../events/event.ts'
import { foldCall } from '../reduce/reduce-call.ts'
import type { ExportedCall } from './exported-call.ts'
import { createReplay } from './replay.ts'
import { type Scenario, scenarioTime } from './scenario.ts'

/**
 * Converts an exported call to a scenario with the same events. The times are moved, because all scenarios start at
 * `SCENARIO_START`; the times between the events stay the same.
 */
export function scenarioOf(call: ExportedCall, title: string): Scenario {
  const { callId, events } = call
  const { startedAtMs, timeAt } = createReplay(call)
  const { parties } = foldCall(callId, events)
  return {
    title,
    callId,
    from: parties?.from ?? '',
    to: parties?.to ?? '',
    steps: events.map((event, index) => {
      const { occurred_at } = event
      // A date has milliseconds. The microseconds after them order events.
      const micros = /\.\d{3}(\d{3})Z$/.exec(occurred_at)?.[1] ?? '000'
      const moved = scenarioTime(Date.parse(occurred_at) - startedAtMs).replace(/000Z$/, `${micros}Z`)
      // A scenario replays events of unknown types too; only its type lists the types that a writer may use.
      return { at: timeAt(index + 1), event: { ...event, occurred_at: moved } as EventOf<KnownEventType> }
    }),
  }
}
