/** Rate limits per subject and kind of request. Webhooks have no subject, so an agent can't exhaust their rate. */
import { RateLimit } from '../edge/rate-limit.ts'

/** A rate: the sustained requests per second, and the burst. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** The rates of one subject. */
export interface Rates {
  /** Reads of the list of calls, of a call, and of pages of events. Default 50 a second, 200 at once. */
  readonly reads: Rate
  /** Exports of calls. Default one in 2 seconds, 20 at once. */
  readonly exports: Rate
  /** Erasures of calls. Default 5 a second, 50 at once. */
  readonly erasures: Rate
  /** New socket connections. Default 10 a second, 100 at once. */
  readonly connections: Rate
  /** Watches and other requests over all sockets of the subject. Default 100 a second, 1000 at once. */
  readonly socketRequests: Rate
  /** Requests for calls that the subject may not see. Default 2 a second, 20 at once. */
  readonly denied: Rate
}

/** Limits the requests of each subject. */
export class SubjectRates {
  readonly #limits: ReadonlyMap<string, RateLimit>

  constructor(rates: Rates, now: () => number) {
    this.#limits = new Map(Object.entries(rates).map(([kind, rate]) => [kind, new RateLimit({ ...rate, now })]))
  }

  /**
   * Counts a request against the rate of its kind.
   *
   * @throws GatherError 429 when the subject exceeds that rate.
   */
  take(kind: keyof Rates, subject: string): void {
    this.#limits.get(kind)?.takeOrThrow(subject)
  }
}
