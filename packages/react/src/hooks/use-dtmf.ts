import { type CallState, type DigitGather, type KeyEntry, selectGather, selectStrayKeys } from '@callgather/protocol'
import type { CallFeed } from '../client/feed.ts'
import { useCall } from './use-call.ts'

/** The result of `useDtmf`: the keys that the caller pressed, and their gather. */
export interface UseDtmfResult {
  /** The latest gather of the call, running or ended, if it is a digit gather; otherwise `null`. */
  readonly gather: DigitGather | null
  /** The last key of the call, with or without a gather. A new object for each press, so that a UI can flash it. */
  readonly lastKey: KeyEntry | null
  /** The number of keys that the caller has pressed during the call. It changes with each press. */
  readonly keyCount: number
  /** The last 32 keys that the caller pressed while no gather ran, oldest first. */
  readonly strays: readonly KeyEntry[]
  /** The server's clock minus the browser's clock, in ms. Add it to `Date.now()` to draw `gather.runningTimeout`. */
  readonly clockOffsetMs: number
}

/** Returns the keys that the caller presses, live. */
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

/** Returns the stray keys. The list keeps its identity until the keys or gathers of the call change. */
function strayKeys(state: CallState): readonly KeyEntry[] {
  const cached = strays.get(state.keys)
  if (cached?.gathers === state.gathers) return cached.keys
  const found = selectStrayKeys(state)
  const same = cached && found.length === cached.keys.length && found.every((key, index) => key === cached.keys[index])
  const keys = same ? cached.keys : found.length === 0 ? none : found
  strays.set(state.keys, { gathers: state.gathers, keys })
  return keys
}
