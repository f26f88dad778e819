/**
 * Tickets as the host application issues them, kept while they are good.
 *
 * A ticket is the server's own business, but where it is a JWT (RFC 7519) its `exp` may be read, which saves a round
 * trip and a needless disconnection. Times are counted from when the ticket was received, over its own lifetime, so
 * that a wrong clock on this machine does no harm.
 */
import type { Clock } from './clock.ts'

/** Asks the host application for a ticket; called again whenever a fresh one is needed. */
export type GetTicket = () => string | Promise<string>

interface Held {
  readonly ticket: string
  /** When to stop using it, by our clock; `null` if it does not say. */
  readonly staleAt: number | null
}

/** A ticket is replaced this long before it expires; a short-lived one at nine tenths of its life. */
const MARGIN_MILLIS = 30_000

export class Tickets {
  readonly #getTicket: GetTicket
  readonly #clock: Clock
  #held: Held | null = null
  #asked: Promise<Held> | null = null

  constructor(getTicket: GetTicket, clock: Clock) {
    this.#getTicket = getTicket
    this.#clock = clock
  }

  /** A ticket that is still good. */
  async current(): Promise<string> {
    const held = this.#held
    if (held && (held.staleAt === null || held.staleAt > this.#clock.now())) return held.ticket
    return this.fresh()
  }

  /** A new ticket. */
  async fresh(): Promise<string> {
    this.#asked ??= this.#ask().finally(() => {
      this.#asked = null
    })
    this.#held = await this.#asked
    return this.#held.ticket
  }

  /** In how many milliseconds the ticket in use should be replaced; `null` if it does not say. */
  get staleIn(): number | null {
    const staleAt = this.#held?.staleAt ?? null
    return staleAt === null ? null : Math.max(0, staleAt - this.#clock.now())
  }

  async #ask(): Promise<Held> {
    const ticket = await this.#getTicket()
    const lifetime = lifetimeOf(ticket, this.#clock.now())
    if (lifetime === null) return { ticket, staleAt: null }
    const usable = Math.max(lifetime - MARGIN_MILLIS, lifetime * 0.9)
    return { ticket, staleAt: this.#clock.now() + usable }
  }
}

function lifetimeOf(ticket: string, now: number): number | null {
  const claims = claimsOf(ticket)
  if (typeof claims?.exp !== 'number') return null
  const issued = typeof claims.iat === 'number' ? claims.iat * 1000 : now
  return Math.max(0, claims.exp * 1000 - issued)
}

function claimsOf(ticket: string): { exp?: unknown; iat?: unknown } | null {
  const payload = ticket.split('.')[1]
  if (payload === undefined) return null
  try {
    const claims: unknown = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))
    return typeof claims === 'object' ? claims : null
  } catch {
    return null
  }
}
