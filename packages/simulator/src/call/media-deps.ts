/** The services of a call that its recordings, transcription and streams share. */
import type { Chance } from '../clock/chance.ts'
import type { Clock } from '../clock/clock.ts'
import type { CallIdentity, UndatedActivity } from './activity.ts'
import type { RecordingStore } from './recording-store.ts'

export interface MediaDeps {
  clock: Clock
  chance: Chance
  identity: CallIdentity
  store: RecordingStore
  /** Returns an ISO 8601 timestamp in microseconds. */
  timestamp(): string
  emit(event_type: string, payload: Record<string, unknown>): void
  publish(happening: UndatedActivity): void
  /** Plays a beep to the person on the phone. */
  beep(): void
}

/** Who speaks: `inbound` is the person on the phone of this leg, `outbound` the platform or the bridged leg. */
export type Track = 'inbound' | 'outbound'
