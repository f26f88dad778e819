/** The state of the phone page: a pure reducer of simulator events and user actions. */
import { type Activity, type CallView, type Delivery, type Hello, type Message, withCall } from '../simulator.ts'
import { mergeMessages, withMessage } from './inbox-state.ts'

/** Answers in the latest results of an AI gather, by field name. */
export type HeardFields = Record<string, unknown>

export interface PhoneState {
  connection: 'connecting' | 'live' | 'lost'
  /** The simulator's time minus the browser's time, in milliseconds. */
  clockOffset: number
  /** All calls of the simulator, newest first. */
  calls: readonly CallView[]
  /** Id of the call on the screen; null shows the dialler. */
  selected: string | null
  /** Ids of ended calls that the user dismissed. */
  dismissed: readonly string[]
  /** The text messages of all numbers, newest last. */
  messages: readonly Message[]
  /** The latest AI gather results, by call id. */
  heard: Readonly<Record<string, HeardFields>>
  /** Id of the selected call if it has just ended. Only this call plays the hang-up tone. */
  justEnded: string | null
}

export type PhoneEvent =
  | { type: 'hello'; hello: Hello; here: number }
  | { type: 'activity'; activity: Activity; here: number }
  /** The stored messages, requested after the `hello` with the time `since`. */
  | { type: 'messages'; messages: readonly Message[]; since: string }
  | { type: 'lost' }
  | { type: 'select'; id: string | null }
  | { type: 'dialled'; call: CallView }
  | { type: 'dismiss'; id: string }

export const initialPhone: PhoneState = {
  connection: 'connecting',
  clockOffset: 0,
  calls: [],
  selected: null,
  dismissed: [],
  messages: [],
  heard: {},
  justEnded: null,
}

/** Limits the list of calls when scripts run thousands of calls. */
const MAX_CALLS = 50

export function phoneReducer(state: PhoneState, event: PhoneEvent): PhoneState {
  switch (event.type) {
    case 'hello': {
      const calls = event.hello.calls.slice(0, MAX_CALLS)
      const known = calls.some(({ id }) => id === state.selected)
      const live = calls.find((call) => call.state !== 'ended')
      return {
        ...state,
        connection: 'live',
        clockOffset: Date.parse(event.hello.now) - event.here,
        calls,
        selected: known ? state.selected : (live?.id ?? null),
      }
    }
    case 'messages':
      return { ...state, messages: mergeMessages(state.messages, event.messages, event.since) }
    case 'lost':
      return { ...state, connection: state.connection === 'connecting' ? 'connecting' : 'lost' }
    case 'select':
      return { ...state, selected: event.id, justEnded: null }
    case 'dialled':
      // The stream may have been faster than the response, and then knows more.
      return {
        ...state,
        calls: state.calls.some(({ id }) => id === event.call.id)
          ? state.calls
          : withCall(state.calls, event.call, MAX_CALLS),
        selected: event.call.id,
        justEnded: null,
      }
    case 'dismiss':
      return {
        ...state,
        dismissed: [...state.dismissed, event.id],
        selected: state.selected === event.id ? null : state.selected,
        justEnded: null,
      }
    case 'activity':
      return activity({ ...state, clockOffset: Date.parse(event.activity.at) - event.here }, event.activity)
  }
}

function activity(state: PhoneState, event: Activity): PhoneState {
  if (event.type === 'webhook') return event.call_id === null ? state : withHeard(state, event.call_id, event.event)
  if (event.type === 'message.created' || event.type === 'message.updated')
    return { ...state, messages: withMessage(state.messages, event.message) }
  if (event.type !== 'call.created' && event.type !== 'call.updated') return state
  const before = state.calls.find(({ id }) => id === event.call.id)
  const ended = event.call.state === 'ended' && before !== undefined && before.state !== 'ended'
  // A ringing call is selected only when no active call is selected.
  const busy = state.calls.some(({ id, state: phase }) => id === state.selected && phase !== 'ended')
  const rings = before === undefined && event.call.direction === 'outgoing' && event.call.state === 'ringing'
  return {
    ...state,
    calls: withCall(state.calls, event.call, MAX_CALLS),
    selected: rings && !busy ? event.call.id : state.selected,
    justEnded: ended && event.call.id === state.selected ? event.call.id : state.justEnded,
  }
}

function withHeard(state: PhoneState, callId: string, { event_type, payload }: Delivery['event']): PhoneState {
  const isPartial = event_type === 'call.ai_gather.partial_results'
  const fields = isPartial ? payload.partial_results : event_type === 'call.ai_gather.ended' ? payload.result : null
  if (typeof fields !== 'object' || fields === null) return state
  return { ...state, heard: { ...state.heard, [callId]: { ...fields } } }
}

/** Returns the calls on the phone: live calls, and ended calls that the user has not dismissed. */
export function linesOf({ calls, dismissed, selected }: PhoneState): CallView[] {
  const live = calls.filter(({ state }) => state !== 'ended')
  const ended = calls
    .filter(({ id, state }) => state === 'ended' && (id === selected || !dismissed.includes(id)))
    .slice(0, 6)
  return [...live, ...ended]
}

/** Returns the sound to play: ring-back for a dialled call, or a ring for a received call. */
export function ringOf(state: PhoneState): 'ringback' | 'ringing' | null {
  const shown = state.calls.find(({ id }) => id === state.selected)
  if (shown?.state === 'answered') return null
  if (shown?.state === 'ringing') return shown.direction === 'incoming' ? 'ringback' : 'ringing'
  return state.calls.some(({ state: phase, direction }) => phase === 'ringing' && direction === 'outgoing')
    ? 'ringing'
    : null
}
