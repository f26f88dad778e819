/** The pure state machine of a sync: when a request is sent, and how each input changes the state. */

/**
 * - `detached`: there is no link.
 * - `requesting`: a request is queued or in flight.
 * - `backoff`: events are missing or the server refused for now; the next request follows after a delay.
 * - `current`: no event is known to be missing.
 * - `ended`: no request is sent any more.
 */
export type SyncState = 'detached' | 'requesting' | 'backoff' | 'current' | 'ended'

/**
 * - `opened`, `closed`: the link was opened or lost.
 * - `answered`, `rejected`: the server answered the request, or refused it for now.
 * - `complete`, `gap`, `stale`: our cursor compared with the head of the server's log. A `gap` may close by itself
 *   when events arrive out of order. `stale` state can't be patched and needs a snapshot.
 * - `resync`, `check`: the caller wants a snapshot, or wants to know whether an event was missed.
 * - `backoffOver`: the delay has passed.
 * - `stop`: the call has ended, or its last subscriber left.
 */
export type SyncInput =
  | 'opened'
  | 'closed'
  | 'answered'
  | 'rejected'
  | 'complete'
  | 'gap'
  | 'stale'
  | 'resync'
  | 'check'
  | 'backoffOver'
  | 'stop'

/** Entering `requesting` sends a request and `backoff` sets a timer, also from itself. Leaving drops them. */
export type SyncStep = SyncState | 'stay'

/** Every input in every state. */
export const syncSteps: Readonly<Record<SyncInput, Readonly<Record<SyncState, SyncStep>>>> = {
  opened: {
    detached: 'requesting',
    requesting: 'requesting',
    backoff: 'requesting',
    current: 'requesting',
    ended: 'stay',
  },
  closed: { detached: 'stay', requesting: 'detached', backoff: 'detached', current: 'detached', ended: 'stay' },
  answered: { detached: 'stay', requesting: 'current', backoff: 'stay', current: 'stay', ended: 'stay' },
  rejected: { detached: 'stay', requesting: 'backoff', backoff: 'stay', current: 'stay', ended: 'stay' },
  complete: { detached: 'stay', requesting: 'stay', backoff: 'current', current: 'stay', ended: 'stay' },
  gap: { detached: 'stay', requesting: 'stay', backoff: 'stay', current: 'backoff', ended: 'stay' },
  stale: { detached: 'stay', requesting: 'stay', backoff: 'stay', current: 'backoff', ended: 'stay' },
  resync: { detached: 'stay', requesting: 'requesting', backoff: 'requesting', current: 'requesting', ended: 'stay' },
  check: { detached: 'stay', requesting: 'stay', backoff: 'requesting', current: 'requesting', ended: 'stay' },
  backoffOver: { detached: 'stay', requesting: 'stay', backoff: 'requesting', current: 'stay', ended: 'stay' },
  stop: { detached: 'ended', requesting: 'ended', backoff: 'ended', current: 'ended', ended: 'stay' },
}
