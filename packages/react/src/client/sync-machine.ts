/** How a screen keeps up with the server: which question is open, and what each input leads to. Pure. */

/**
 * - `detached`: there is no link to ask on.
 * - `asking`: a question is queued or in flight.
 * - `pausing`: something is missing or was refused for now; the next question comes after a pause.
 * - `current`: nothing is known to be missing.
 * - `ended`: nothing is asked any more.
 */
export type SyncState = 'detached' | 'asking' | 'pausing' | 'current' | 'ended'

/**
 * - `opened`, `closed`: the link came or went.
 * - `answered`, `refused`: the open question was answered, or refused for now.
 * - `complete`, `gap`, `stale`: what is known compared with how far the server's log reaches. A `gap` may only be an
 *   event that others have overtaken. What is `stale` cannot be patched: all of it is to be fetched.
 * - `resync`, `check`: somebody wants all of it fetched, or wants to know whether something was missed.
 * - `pauseOver`: the pause has passed.
 * - `over`: nothing more is expected or wanted.
 */
export type SyncInput =
  | 'opened'
  | 'closed'
  | 'answered'
  | 'refused'
  | 'complete'
  | 'gap'
  | 'stale'
  | 'resync'
  | 'check'
  | 'pauseOver'
  | 'over'

/** Entering `asking` asks a new question and `pausing` sets a timer, also from itself; leaving drops them. */
export type SyncStep = SyncState | 'stay'

/** Every input in every state. */
export const syncSteps: Readonly<Record<SyncInput, Readonly<Record<SyncState, SyncStep>>>> = {
  opened: { detached: 'asking', asking: 'asking', pausing: 'asking', current: 'asking', ended: 'stay' },
  closed: { detached: 'stay', asking: 'detached', pausing: 'detached', current: 'detached', ended: 'stay' },
  answered: { detached: 'stay', asking: 'current', pausing: 'stay', current: 'stay', ended: 'stay' },
  refused: { detached: 'stay', asking: 'pausing', pausing: 'stay', current: 'stay', ended: 'stay' },
  complete: { detached: 'stay', asking: 'stay', pausing: 'current', current: 'stay', ended: 'stay' },
  gap: { detached: 'stay', asking: 'stay', pausing: 'stay', current: 'pausing', ended: 'stay' },
  stale: { detached: 'stay', asking: 'stay', pausing: 'stay', current: 'pausing', ended: 'stay' },
  resync: { detached: 'stay', asking: 'asking', pausing: 'asking', current: 'asking', ended: 'stay' },
  check: { detached: 'stay', asking: 'stay', pausing: 'asking', current: 'asking', ended: 'stay' },
  pauseOver: { detached: 'stay', asking: 'stay', pausing: 'asking', current: 'stay', ended: 'stay' },
  over: { detached: 'ended', asking: 'ended', pausing: 'ended', current: 'ended', ended: 'stay' },
}
