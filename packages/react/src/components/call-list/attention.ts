/** Why a call needs the attention of an agent or a supervisor. */
import type { CallSummary } from '@callgather/protocol'

/** The reasons, the most urgent first. */
export type Attention =
  | { readonly kind: 'rejected' }
  | { readonly kind: 'noKey' | 'noReply'; readonly sinceMs: number }
  | { readonly kind: 'lastAttempt' }

/** A caller who presses no key for this long is probably stuck. */
const MAX_KEY_PAUSE_MS = 10_000
/** Without a report of the end of the prompt, the caller may still be listening to it. */
const MAX_FIRST_KEY_PAUSE_MS = 30_000
/** A conversation has longer pauses than keys. */
const MAX_REPLY_PAUSE_MS = 30_000

/** Returns why a call needs attention at a time of the server's clock, in milliseconds; `null` if it does not. */
export function attentionOf({ phase, activity, rejected }: CallSummary, nowMs: number): Attention | null {
  if (phase === 'ended') return null
  if (rejected) return { kind: 'rejected' }
  if (activity?.status !== 'collecting' || activity.kind === 'assistant') return null
  if (activity.kind === 'fields') return pause('noReply', activity.at, nowMs, MAX_REPLY_PAUSE_MS)
  const { timeout, at, count, max, attempt } = activity
  const limit = timeout ? MAX_KEY_PAUSE_MS : MAX_FIRST_KEY_PAUSE_MS
  const stuck = count < max ? pause('noKey', timeout?.since ?? at, nowMs, limit) : null
  if (stuck) return stuck
  return attempt && attempt.number >= attempt.of ? { kind: 'lastAttempt' } : null
}

function pause(kind: 'noKey' | 'noReply', at: string | undefined, nowMs: number, limitMs: number): Attention | null {
  const sinceMs = at === undefined ? 0 : nowMs - Date.parse(at)
  return sinceMs >= limitMs ? { kind, sinceMs } : null
}
