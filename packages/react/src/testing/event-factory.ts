import type { EventOf, KnownEventType } from '@callgather/protocol'
import type { Clock } from '../client/clock.ts'

/** What an event is to say; the rest is made up. */
export type EventInit<Type extends KnownEventType> = Partial<Omit<EventOf<Type>, 'event_type'>>

/** Makes events that are complete and follow one another in time. */
export interface EventFactory {
  /** An event of a type; `id` and `occurred_at` are made unless they are given, `payload` is empty unless it is. */
  event<Type extends KnownEventType>(type: Type, init?: EventInit<Type>): EventOf<Type>
}

let factories = 0

/** Makes a factory that dates its events by a clock; without one, by a clock that ticks once an event. */
export function createEventFactory(clock?: Pick<Clock, 'now'>): EventFactory {
  const factory = ++factories
  let made = 0
  return {
    event: (type, init = {}) => {
      made++
      const time = clock ? clock.now() : firstEvent + made
      return {
        id: `made-${factory}-${made}`,
        event_type: type,
        // Events of one millisecond keep their order by the microseconds that a clock does not have.
        occurred_at: `${new Date(time).toISOString().slice(0, -1)}${String(made % 1000).padStart(3, '0')}Z`,
        payload: {},
        ...init,
      } as EventOf<typeof type>
    },
  }
}

const firstEvent = Date.parse('2026-11-22T10:41:00.000Z')
