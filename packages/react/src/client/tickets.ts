/**
 * Tickets as the host application issues them, kept while they are good.
 *
 * A ticket is the server's own business, but where it is a JWT (RFC 7519) its `exp` and `sub` are read: `exp` saves a
 * round trip and a disconnection, `sub` says whose it is. Times are counted from when the ticket was received, over its
 * own lifetime, so that a wrong clock on this machine does no harm.
 */
import { GatherClientError } from './client-error.ts'
import type { Clock } from './clock.ts'

/** Asks the host application for a ticket; called again whenever a fresh one is needed. */
export type GetTicket = () => string | Promise<string>

/** A ticket, and whose it is, where it says so. */
export interface TicketInUse {
  readonly ticket: string
  readonly subject: string | null
}

interface CachedTicket {
  readonly ticket: string
  readonly claims: Claims | null
  readonly receivedAt: number
  /** When to stop using it, by our clock; `null` if it does not say. */
  readonly renewAt: number | null
}

interface Claims {
  readonly exp?: unknown
  readonly iat?: unknown
  readonly sub?: unknown
}

/** A ticket is replaced this long before it expires; a short-lived one at nine tenths of its life. */
const RENEWAL_MARGIN_MS = 30_000
/** How long `getTicket` may take. */
const TICKET_TIMEOUT_MS = 10_000
/** How long a ticket that has not reached the server is tried again before another is requested. */
const MAX_UNUSED_MS = 60_000
const MAX_TICKET_LENGTH = 16_384

export class Tickets {
  readonly #getTicket: GetTicket
  readonly #clock: Clock
  readonly #onSubjectChange: () => void
  #held: CachedTicket | null = null
  #isUnused = false
  #asked: Promise<CachedTicket> | null = null
  #turn = 0
  #agents = 0

  constructor(getTicket: GetTicket, clock: Clock, onSubjectChange: () => void = () => {}) {
    this.#getTicket = getTicket
    this.#clock = clock
    this.#onSubjectChange = onSubjectChange
  }

  /** A ticket that is still good. Rejects with `GatherClientError`. */
  async getCurrent(): Promise<string> {
    const held = this.#held
    return held && !this.#isStale(held) ? held.ticket : this.getFresh()
  }

  /** A new ticket. Rejects with `GatherClientError`. */
  async getFresh(): Promise<string> {
    if (!this.#asked) {
      const asked = this.#ask()
      this.#asked = asked
      const settled = () => {
        if (this.#asked === asked) this.#asked = null
      }
      asked.then(settled, settled)
    }
    return (await this.#asked).ticket
  }

  /** A ticket for a new connection: a new one, unless the last has not reached the server yet. */
  async getForConnection(): Promise<string> {
    const held = this.#held
    const isUnused = held && this.#isUnused && this.#clock.now() - held.receivedAt < MAX_UNUSED_MS
    return isUnused && !this.#isStale(held) ? held.ticket : this.getFresh()
  }

  /** The server has seen the ticket in use. */
  markUsed(): void {
    this.#isUnused = false
  }

  /** Stops waiting for an answer of `getTicket`, so that the next request calls it again. */
  abandonRequest(): void {
    this.#asked = null
  }

  /** In how many milliseconds the ticket in use should be replaced; `null` if it does not say. */
  get renewInMs(): number | null {
    const renewAt = this.#held?.renewAt ?? null
    return renewAt === null ? null : Math.max(0, renewAt - this.#clock.now())
  }

  /** The ticket in use, and whose it is, where it says so. */
  get inUse(): TicketInUse | null {
    return this.#held && { ticket: this.#held.ticket, subject: subjectOf(this.#held) }
  }

  /** Counts the agents whose tickets were seen: a command of one must not be sent for another. */
  get agentGeneration(): number {
    return this.#agents
  }

  /** The agent has signed out, and may have another successor: no command that waits may be sent any more. */
  endAgent(): void {
    this.#agents++
  }

  /** Whether a refusal of the ticket in use means something: only a ticket that says so is known to be a current one. */
  get validity(): 'current' | 'expired' | 'opaque' {
    const exp = this.#held?.claims?.exp
    if (typeof exp !== 'number') return 'opaque'
    return exp * 1000 > this.#clock.now() ? 'current' : 'expired'
  }

  #isStale({ renewAt }: CachedTicket): boolean {
    return renewAt !== null && renewAt <= this.#clock.now()
  }

  async #ask(): Promise<CachedTicket> {
    const turn = ++this.#turn
    const ticket = parseTicket(await this.#call())
    const receivedAt = this.#clock.now()
    const claims = parseClaims(ticket)
    const lifetime = lifetimeMs(claims, receivedAt)
    const renewAt = lifetime === null ? null : receivedAt + Math.max(lifetime - RENEWAL_MARGIN_MS, lifetime * 0.9)
    const held = { ticket, claims, receivedAt, renewAt }
    // An answer that came after it was given up must not replace a newer one.
    if (turn !== this.#turn) return held
    const before = this.#held && subjectOf(this.#held)
    this.#held = held
    this.#isUnused = true
    if (typeof before === 'string' && before !== subjectOf(held)) {
      this.#agents++
      this.#onSubjectChange()
    }
    return held
  }

  #call(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.setTimeout(() => {
        const seconds = TICKET_TIMEOUT_MS / 1000
        reject(new GatherClientError('ticketTimeout', `getTicket did not answer within ${seconds} s. ${checkRequest}`))
      }, TICKET_TIMEOUT_MS)
      Promise.resolve()
        .then(this.#getTicket)
        .then(resolve, (cause: unknown) => {
          const why = cause instanceof Error && cause.message !== '' ? ` (${cause.message})` : ''
          reject(new GatherClientError('ticketFailed', `getTicket failed${why}. ${checkRequest}`, { cause }))
        })
        .finally(cancel)
    })
  }
}

const checkRequest = 'Check its request to your backend. It is called again.'

const subjectOf = ({ claims }: CachedTicket) => (typeof claims?.sub === 'string' ? claims.sub : null)

/** A ticket goes into an HTTP header, so it is one word; pages, JSON and error texts are not. */
function parseTicket(value: unknown): string {
  const ticket = typeof value === 'string' ? value.trim() : ''
  const isWord = ticket.length <= MAX_TICKET_LENGTH && /^[!#-;=?-z|~]+$/.test(ticket)
  if (isWord && !/^(undefined|null|true|false|NaN)$/.test(ticket)) return ticket
  const message = `getTicket returned ${describeValue(value)}, not a ticket. Check response.ok, and return the ticket itself.`
  throw new GatherClientError('ticketInvalid', message)
}

/** What a value is, without quoting it. */
function describeValue(value: unknown): string {
  if (typeof value !== 'string') return value === null ? 'null' : `a value of type ${typeof value}`
  const text = value.trim()
  if (text === '') return 'an empty string'
  if (text.startsWith('<')) return 'an HTML page'
  return /^[[{"]/.test(text) ? 'JSON' : 'some other text'
}

function lifetimeMs(claims: Claims | null, now: number): number | null {
  if (typeof claims?.exp !== 'number') return null
  const issued = typeof claims.iat === 'number' ? claims.iat * 1000 : now
  return Math.max(0, claims.exp * 1000 - issued)
}

function parseClaims(ticket: string): Claims | null {
  const payload = ticket.split('.')[1]
  if (payload === undefined) return null
  try {
    const text = atob(payload.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0))
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return typeof claims === 'object' ? claims : null
  } catch {
    return null
  }
}
