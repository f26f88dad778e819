/** The keys that belong to no gather, and the keys that a gather reported although it had not started yet. */
import type { CallState, GatherState, KeyEntry } from '../call-state/call-state.ts'
import { type GatherName, isDigitGather } from '../commands/command-name.ts'
import { type DigitRules, readDigitRules, readKeys } from './digits.ts'

/** Returns the keys that the caller pressed while no gather ran: the newest `limit` keys, oldest first. */
export function selectStrayKeys(state: CallState, limit = 32): KeyEntry[] {
  const strays: KeyEntry[] = []
  for (const key of state.keys.reversed()) {
    if (strays.length >= limit) break
    if (isStrayKey(state, key)) strays.push(key)
  }
  return strays.reverse()
}

/** Whether the caller pressed this key while no gather ran. A key in the digits that a gather reported is not stray. */
export const isStrayKey = (state: CallState, key: KeyEntry): boolean =>
  hasNoGather(state, key) && !claimsIn(state).has(key.id)

function hasNoGather(state: CallState, key: KeyEntry): boolean {
  if (key.gatherId === null) return true
  const gather = state.gathers.get(key.gatherId)
  if (!gather) return true
  if (gather.command?.request && !isDigitGather(gather.command.request.command)) return true
  return gather.ended !== null && key.stamp > gather.ended.stamp
}

/** Returns the rules of a gather; `null` if it was not started through CallGather. */
export function rulesOf({ command }: GatherState): DigitRules | null {
  return command?.request ? readDigitRules(command.request.command as GatherName, command.request.body) : null
}

/** Returns the keys that Telnyx reported with a gather, up to its end. */
export function keysBeforeEnd({ keys, ended }: GatherState): KeyEntry[] {
  return ended ? [...keys].filter((key) => key.stamp < ended.stamp) : [...keys]
}

/** A key may arrive this long before the request that collects it, because two clocks stamp them. */
const EARLY_KEY_MS = 2_000

/**
 * Returns the keys at the end of `strays` that the digits of a gather contain, oldest first. `own` are the digits of
 * the gather's own keys, and `since` is the time of its request; both are empty for a gather of another client.
 */
export function claimFrom(strays: readonly KeyEntry[], reported: string, own: string, since: string): KeyEntry[] {
  if (reported.length <= own.length || !reported.endsWith(own)) return []
  const missing = reported.slice(0, reported.length - own.length)
  const from = since === '' ? 0 : Date.parse(since) - EARLY_KEY_MS
  // The keys of another client's gather may include its terminating key, which Telnyx does not report.
  for (const extra of own === '' && since === '' ? [0, 1] : [0]) {
    const keys = strays.slice(-missing.length - extra)
    const digits = keys.map((key) => key.digit ?? '').join('')
    if (extra === 1 && !/[*#]$/.test(digits)) continue
    if (digits.slice(0, digits.length - extra) !== missing || keys.length !== missing.length + extra) continue
    if (keys.every((key) => Date.parse(key.at) >= from)) return keys
  }
  return []
}

/** Returns the keys without a gather that belong to this gather, because its reported digits contain them. */
export function claimedKeys(state: CallState, gather: GatherState): KeyEntry[] {
  const { ended, command } = gather
  if (!ended?.digits || (command?.request && !isDigitGather(command.request.command))) return []
  const rules = rulesOf(gather)
  const read = rules && readKeys(keysBeforeEnd(gather), rules)
  const first = read?.keys[0]
  const own = read?.digits ?? ''
  if (ended.digits.length <= own.length) return []
  const until = (first && [...gather.keys].find((key) => key.id === first.id)?.stamp) ?? ended.stamp
  const after = endBefore(state, ended.stamp)
  const strays: KeyEntry[] = []
  for (let place = state.keys.rank(until) - 1; place >= 0 && strays.length <= ended.digits.length; place--) {
    const key = state.keys.at(place)
    if (!key || key.stamp <= after || !hasNoGather(state, key)) break
    strays.unshift(key)
  }
  return claimFrom(strays, ended.digits, own, command?.request?.at ?? '')
}

/** Returns the stamp of the last end of a gather before `stamp`; `''` if there is none. */
function endBefore(state: CallState, stamp: string): string {
  let latest = ''
  for (const { ended } of state.gathers) {
    if (ended && ended.stamp < stamp && ended.stamp > latest) latest = ended.stamp
  }
  return latest
}

const claims = new WeakMap<CallState['keys'], { gathers: CallState['gathers']; ids: ReadonlySet<string> }>()

/** Returns the ids of all keys that gathers claim. Computed once for each version of the keys and gathers. */
function claimsIn(state: CallState): ReadonlySet<string> {
  const cached = claims.get(state.keys)
  if (cached?.gathers === state.gathers) return cached.ids
  const ids = new Set([...state.gathers].flatMap((gather) => claimedKeys(state, gather).map((key) => key.id)))
  claims.set(state.keys, { gathers: state.gathers, ids })
  return ids
}
