import type { EventOf, KnownEventType } from '@callgather/protocol'
import type { Clock } from '../client/clock.ts'

/** The fields of a created event. Fields that are left out get defaults. */
export type EventInit<Type extends KnownEventType> = Partial<Omit<EventOf<Type>, 'event_type'>>

/** Creates complete events in chronological order. */
export interface EventFactory {
  /** Creates an event. By default, `id` and `occurred_at` are generated and `payload` is empty. */
  event<Type extends KnownEventType>(type: Type, init?: EventInit<Type>): EventOf<Type>
}

let factoryCount = 0

/** Creates a factory that dates events by `clock`. By default, each event is a millisecond later than the last. */
export function createEventFactory(clock?: Pick<Clock, 'now'>): EventFactory {
  const factory = ++factoryCount
  let eventCount = 0
  return {
    event: (type, init = {}) => {
      eventCount++
      const time = clock ? clock.now() : DEFAULT_START_MS + eventCount
      return {
        id: `made-${factory}-${eventCount}`,
        event_type: type,
        // Generated microseconds keep the order of events within a millisecond.
        occurred_at: `${new Date(time).toISOString().slice(0, -1)}${String(eventCount % 1000).padStart(3, '0')}Z`,
        payload: {},
        ...init,
      } as EventOf<typeof type>
    },
  }
}

const DEFAULT_START_MS = Date.parse('2026-11-22T10:41:00.000Z')
