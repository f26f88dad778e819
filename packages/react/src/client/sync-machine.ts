/** The pure state machine of a sync. It decides when to send a request, and how each input changes the state. */

/**
 * - `detached`: there is no link.
 * - `requesting`: a request is queued or in flight.
 * - `backoff`: events are missing, or the server temporarily refused a request. A request follows after a delay.
 * - `current`: no event is known to be missing.
 * - `ended`: no request is sent any more.
 */
export type SyncState = 'detached' | 'requesting' | 'backoff' | 'current' | 'ended'

/**
 * - `opened`, `closed`: the link was opened or lost.
 * - `answered`, `rejected`: the server answered the request, or temporarily refused it.
 * - `complete`, `gap`, `stale`: the client's cursor compared with the end of the server's log. A `gap` may close by
 *   itself when events arrive out of order. A `stale` state needs a snapshot.
 * - `resync`, `check`: the client requests a snapshot, or requests missed events.
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

/** The next state. Entering `requesting` sends a request, and entering `backoff` sets a timer. Leaving cancels them. */
export type SyncStep = SyncState | 'stay'

/** The transition table: the next state for each input in each state. */
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
