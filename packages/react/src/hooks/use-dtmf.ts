import { type CallState, type DigitGather, type KeyEntry, selectGather, selectStrayKeys } from '@callgather/protocol'
import type { CallFeed } from '../client/feed.ts'
import { useCall } from './use-call.ts'

/** The keys of a call. */
export interface UseDtmfResult {
  /** The gather of digits that began last, running or over; `null` if there was none, or another kind came since. */
  readonly gather: DigitGather | null
  /** The last key of the call, of any gather or none. A new object for each press, so that it can flash. */
  readonly lastKey: KeyEntry | null
  /** The number of keys pressed on the call. It changes with each press, unlike `lastKey` on the first render. */
  readonly keyCount: number
  /** Keys pressed while no gather was listening, newest last; at most 32. */
  readonly strays: readonly KeyEntry[]
  /** The server's clock less ours, in milliseconds: add it to the time here to draw `gather.runningTimeout`. */
  readonly clockOffsetMs: number
}

/** The keys that the caller presses, live. */
export function useDtmf(callId?: string): UseDtmfResult {
  return useCall(callId, dtmfSlice)
}

function dtmfSlice({ state, clockOffsetMs }: CallFeed): UseDtmfResult {
  const gather = selectGather(state)
  return {
    gather: gather?.kind === 'digits' ? gather : null,
    lastKey: state.keys.at(-1) ?? null,
    keyCount: state.keys.size,
    strays: strayKeys(state),
    clockOffsetMs,
  }
}

const strays = new WeakMap<CallState['keys'], { gathers: CallState['gathers']; keys: readonly KeyEntry[] }>()
const none: readonly KeyEntry[] = []

/** Which keys are stray depends on the keys and the gathers alone; the list keeps its identity until they change. */
function strayKeys(state: CallState): readonly KeyEntry[] {
  const cached = strays.get(state.keys)
  if (cached?.gathers === state.gathers) return cached.keys
  const found = selectStrayKeys(state)
  const same = cached && found.length === cached.keys.length && found.every((key, index) => key === cached.keys[index])
  const keys = same ? cached.keys : found.length === 0 ? none : found
  strays.set(state.keys, { gathers: state.gathers, keys })
  return keys
}
