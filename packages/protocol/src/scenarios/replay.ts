/**
 * Seeks in the history of a call. A keyframe is a call state after every `KEYFRAME_INTERVAL` events. Call states are
 * persistent trees that share their structure, so a keyframe takes little memory.
 */
import type { CallState } from '../call-state/call-state.ts'
import { initialCallState } from '../call-state/call-state.ts'
import { reduceCall } from '../reduce/reduce-call.ts'
import type { ExportedCall } from './exported-call.ts'

/** The number of events between two keyframes, which is the maximum number of events that a seek folds. */
const KEYFRAME_INTERVAL = 100

/**
 * The history of a call, at any position. A position is a number of events from the start of the log: at position 0
 * nothing has happened. Times are milliseconds after the first event.
 */
export interface Replay {
  readonly call: ExportedCall
  /** The time of the first event, in milliseconds since the Unix epoch. 0 without events. */
  readonly startedAtMs: number
  /** The time of the last event. */
  readonly durationMs: number
  /**
   * Returns the state of the call at a position: the fold of all events before it. A position outside of the log means
   * its start or end.
   */
  stateAt(position: number): CallState
  /**
   * Returns when the last event before a position arrived; 0 at the start. Never earlier than an earlier event of the
   * log, although webhooks arrive unordered: an event that was delivered late changes the screen late.
   */
  timeAt(position: number): number
  /** Returns the position at a time: the number of events that have arrived by then. */
  positionAt(timeMs: number): number
}

/** Creates the replay of an exported call. It folds an event when a seek first passes it. */
export function createReplay(call: ExportedCall): Replay {
  const { callId, events } = call
  const times = arrivalTimes(call)
  const startedAtMs = times[0] ?? 0
  const timeAt = (position: number) => (times[clamp(position, events.length) - 1] ?? startedAtMs) - startedAtMs
  const keyframes: CallState[] = [initialCallState(callId)]

  /** Folds the events between two positions. Adds the keyframes that are missing. */
  function fold(from: number, to: number, start: CallState): CallState {
    let state = start
    for (let position = from; position < to; position++) {
      const event = events[position]
      if (event) state = reduceCall(state, event)
      const keyframe = (position + 1) / KEYFRAME_INTERVAL
      if (keyframe === keyframes.length) keyframes.push(state)
    }
    return state
  }

  return {
    call,
    startedAtMs,
    durationMs: timeAt(events.length),
    timeAt,
    stateAt(wanted) {
      const position = clamp(wanted, events.length)
      const nearest = Math.min(Math.floor(position / KEYFRAME_INTERVAL), keyframes.length - 1)
      return fold(nearest * KEYFRAME_INTERVAL, position, keyframes[nearest] ?? initialCallState(callId))
    },
    positionAt(timeMs) {
      let [low, high] = [0, events.length]
      while (low < high) {
        const middle = (low + high) >>> 1
        if ((times[middle] ?? 0) - startedAtMs <= timeMs) low = middle + 1
        else high = middle
      }
      return low
    },
  }
}

/** Returns when each event arrived, in milliseconds since the Unix epoch. The log has no arrival times. */
export function arrivalTimes({ events }: ExportedCall): number[] {
  let latest = Number.NEGATIVE_INFINITY
  return events.map(({ occurred_at }) => {
    latest = Math.max(latest, Date.parse(occurred_at))
    return latest
  })
}

const clamp = (position: number, length: number) => Math.min(Math.max(Math.trunc(position) || 0, 0), length)
