/**
 * Requests tickets from the host application and caches them until they need renewal.
 *
 * If a ticket is a JWT (RFC 7519), the client reads `exp` to renew it in time and `sub` to detect another agent. The
 * lifetime counts from when the ticket was received, so that a wrong clock on this machine does no harm.
 */
import { GatherClientError } from './client-error.ts'
import type { Clock } from './clock.ts'

/** Returns a ticket from the host application. The client calls it whenever it needs a new ticket. */
export type GetTicket = () => string | Promise<string>

/** A ticket and its subject. The subject is `null` if the ticket is not a JWT with `sub`. */
export interface TicketInUse {
  readonly ticket: string
  readonly subject: string | null
}

interface CachedTicket {
  readonly ticket: string
  readonly claims: Claims | null
  readonly receivedAt: number
  /** When to renew the ticket, by the client's clock; `null` if the ticket has no readable expiry. */
  readonly renewAt: number | null
}

interface Claims {
  readonly exp?: unknown
  readonly iat?: unknown
  readonly sub?: unknown
}

/** A ticket is renewed this long before it expires, or after nine tenths of a short lifetime. */
const RENEWAL_MARGIN_MS = 30_000
/** How long `getTicket` may take before the connection attempt fails. */
const TICKET_TIMEOUT_MS = 10_000
/** How long a ticket that hasn't reached the server is reused before a new ticket is requested. */
const MAX_UNUSED_MS = 60_000
const MAX_TICKET_LENGTH = 16_384

export class Tickets {
  readonly #getTicket: GetTicket
  readonly #clock: Clock
  readonly #onSubjectChange: () => void
  #cached: CachedTicket | null = null
  #isUnused = false
  #pending: Promise<CachedTicket> | null = null
  #requestCount = 0
  #agentGeneration = 0

  constructor(getTicket: GetTicket, clock: Clock, onSubjectChange: () => void = () => {}) {
    this.#getTicket = getTicket
    this.#clock = clock
    this.#onSubjectChange = onSubjectChange
  }

  /** Returns the cached ticket, or a new one if it needs renewal. Rejects with `GatherClientError`. */
  async getCurrent(): Promise<string> {
    const cached = this.#cached
    return cached && !this.#needsRenewal(cached) ? cached.ticket : this.getFresh()
  }

  /** Requests a new ticket; concurrent calls share one request. Rejects with `GatherClientError`. */
  async getFresh(): Promise<string> {
    if (!this.#pending) {
      const request = this.#request()
      this.#pending = request
      const clear = () => {
        if (this.#pending === request) this.#pending = null
      }
      request.then(clear, clear)
    }
    return (await this.#pending).ticket
  }

  /** Returns a ticket for a new connection: a new ticket, unless the last ticket hasn't reached the server yet. */
  async getForConnection(): Promise<string> {
    const cached = this.#cached
    const isUnused = cached && this.#isUnused && this.#clock.now() - cached.receivedAt < MAX_UNUSED_MS
    return isUnused && !this.#needsRenewal(cached) ? cached.ticket : this.getFresh()
  }

  /** Records that the current ticket has reached the server. */
  markUsed(): void {
    this.#isUnused = false
  }

  /** Drops a pending request for a ticket, so that the next request calls `getTicket` again. */
  abandonRequest(): void {
    this.#pending = null
  }

  /** Milliseconds until the current ticket needs renewal; `null` if the ticket has no readable expiry. */
  get renewInMs(): number | null {
    const renewAt = this.#cached?.renewAt ?? null
    return renewAt === null ? null : Math.max(0, renewAt - this.#clock.now())
  }

  /** The current ticket; `null` before the first ticket. */
  get inUse(): TicketInUse | null {
    return this.#cached && { ticket: this.#cached.ticket, subject: subjectOf(this.#cached) }
  }

  /** A counter that rises with each change of agent, so that no command is sent on behalf of another agent. */
  get agentGeneration(): number {
    return this.#agentGeneration
  }

  /** Records that the agent changed or signed out, so that pending commands are not sent. */
  endAgent(): void {
    this.#agentGeneration++
  }

  /** Whether the current ticket has expired; `opaque` without a readable expiry. The refusal of `current` is final. */
  get validity(): 'current' | 'expired' | 'opaque' {
    const exp = this.#cached?.claims?.exp
    if (typeof exp !== 'number') return 'opaque'
    return exp * 1000 > this.#clock.now() ? 'current' : 'expired'
  }

  #needsRenewal({ renewAt }: CachedTicket): boolean {
    return renewAt !== null && renewAt <= this.#clock.now()
  }

  async #request(): Promise<CachedTicket> {
    const requestNumber = ++this.#requestCount
    const ticket = parseTicket(await this.#callGetTicket())
    const receivedAt = this.#clock.now()
    const claims = parseClaims(ticket)
    const lifetime = lifetimeMs(claims, receivedAt)
    const renewAt = lifetime === null ? null : receivedAt + Math.max(lifetime - RENEWAL_MARGIN_MS, lifetime * 0.9)
    const cached = { ticket, claims, receivedAt, renewAt }
    // The ticket of an abandoned request must not replace a newer ticket.
    if (requestNumber !== this.#requestCount) return cached
    const before = this.#cached && subjectOf(this.#cached)
    this.#cached = cached
    this.#isUnused = true
    if (typeof before === 'string' && before !== subjectOf(cached)) {
      this.#agentGeneration++
      this.#onSubjectChange()
    }
    return cached
  }

  #callGetTicket(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.setTimeout(() => {
        const seconds = TICKET_TIMEOUT_MS / 1000
        reject(new GatherClientError('ticketTimeout', `getTicket did not settle within ${seconds} s. ${checkRequest}`))
      }, TICKET_TIMEOUT_MS)
      Promise.resolve()
        .then(this.#getTicket)
        .then(resolve, (cause: unknown) => {
          const reason = cause instanceof Error && cause.message !== '' ? ` (${cause.message})` : ''
          reject(new GatherClientError('ticketFailed', `getTicket failed${reason}. ${checkRequest}`, { cause }))
        })
        .finally(cancel)
    })
  }
}

const checkRequest = 'Check its request to your backend. The client retries.'

const subjectOf = ({ claims }: CachedTicket) => (typeof claims?.sub === 'string' ? claims.sub : null)

/** Returns the ticket. Throws if the value is not safe in an HTTP header, such as an HTML page, JSON or error text. */
function parseTicket(value: unknown): string {
  const ticket = typeof value === 'string' ? value.trim() : ''
  const isHeaderSafe = ticket.length <= MAX_TICKET_LENGTH && /^[!#-;=?-z|~]+$/.test(ticket)
  if (isHeaderSafe && !/^(undefined|null|true|false|NaN)$/.test(ticket)) return ticket
  const message = `getTicket returned ${describeValue(value)}, not a ticket. Check response.ok and return only the ticket string.`
  throw new GatherClientError('ticketInvalid', message)
}

/** Describes a value without quoting it. */
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
