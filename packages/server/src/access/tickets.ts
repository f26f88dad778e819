/**
 * Tickets: signed JWTs (RFC 7519, HS256) that say which calls an agent may see and command, and until when. The
 * backend issues them for its agents' browsers. One ticket works for the socket, HTTP, and a Telnyx SDK as its API key.
 */
import { randomUUID } from 'node:crypto'
import { GatherError, gatherError, type Scope } from '@callgather/protocol'
import { errors, jwtVerify, SignJWT } from 'jose'

/** What a ticket or another credential allows an agent. */
export interface Grant {
  /** The id of the agent. It is logged with each of the agent's commands. */
  readonly subject: string
  /** The call control ids that the grant covers, or `*` for all calls. */
  readonly calls: '*' | readonly string[]
  readonly scopes: readonly Scope[]
  /** When the grant expires, in milliseconds since 1970. Default: never. */
  readonly expiresAt?: number | undefined
  /** The id of the ticket, by which it can be revoked. */
  readonly ticketId?: string | undefined
  /** When the ticket was issued, in milliseconds since 1970. */
  readonly issuedAt?: number | undefined
  /** Whether your own code holds the grant, not a browser. The command policy then does not apply. */
  readonly trusted?: boolean | undefined
}

/** The content of a ticket to issue. */
export interface TicketRequest {
  /** The id of the agent who gets the ticket, with 1–128 characters. */
  readonly subject: string
  /** The call control ids that the ticket covers, or `*` for all calls. */
  readonly calls: '*' | readonly string[]
  readonly scopes: readonly Scope[]
  /** The ticket's lifetime: `15m`, `2h`, `30s`, `1d`, or a number of seconds. Default 15 minutes, at most one day. */
  readonly expiresIn?: string | number
  /** Exempts the ticket from the command policy. Only for your own servers, never for a browser. Default false. */
  readonly trusted?: boolean
}

/** Issues and checks tickets. */
export interface Tickets {
  issue(request: TicketRequest): Promise<string>
  /**
   * Verifies a ticket and returns its grant; `null` when the ticket is not ours, altered, or expired.
   *
   * @throws GatherError 401 with the reason, when the ticket is ours but has an invalid claim.
   */
  check(ticket: string): Promise<Grant | null>
}

const ISSUER = 'callgather'
const MIN_SECRET_BYTES = 32
/** The maximum lifetime of a ticket. */
export const MAX_TICKET_LIFETIME_SECONDS = 86_400
const MAX_TICKET_LENGTH = 16_384
/** How far the clock of a ticket's issuer may be ahead of ours, in seconds. */
const MAX_ISSUER_SKEW_SECONDS = 60
const MAX_AUDIENCE_LENGTH = 256
const MAX_SUBJECT_LENGTH = 128
const MAX_TICKET_ID_LENGTH = 256

/** All scopes of a ticket. */
export const scopes = ['view', 'gather', 'assistant'] as const satisfies readonly Scope[]

/** Whether a value is a scope. */
export const isScope = (word: unknown): word is Scope => scopes.some((scope) => scope === word)

/** Options for issuing and checking tickets. */
export interface TicketOptions {
  /**
   * The audience (`aud`) of tickets, for a secret that several systems share. Each ticket gets it and must have it.
   * Default: none, and a ticket with an audience is rejected.
   */
  readonly audience?: string | undefined
  readonly now?: (() => number) | undefined
}

/**
 * Creates the issuer and verifier of tickets under one secret.
 *
 * @throws when the secret is too short to prevent forgery.
 */
export function createTickets(secret: string, { audience, now = Date.now }: TicketOptions = {}): Tickets {
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
    throw new Error(
      `The ticket secret has fewer than ${MIN_SECRET_BYTES} bytes, so tickets could be forged. ` +
        'Make one with `openssl rand -base64 32`.',
    )
  }
  if (audience !== undefined && (audience === '' || audience.length > MAX_AUDIENCE_LENGTH)) {
    throw new Error(`The audience of tickets must have 1 to ${MAX_AUDIENCE_LENGTH} characters.`)
  }
  const key = new TextEncoder().encode(secret)
  return {
    async issue({ subject, calls, scopes: wanted, expiresIn = '15m', trusted = false }) {
      if (!isName(subject, MAX_SUBJECT_LENGTH)) throw new Error('A ticket needs a subject of 1 to 128 characters.')
      if (calls !== '*' && !isListOfTexts(calls))
        throw new Error('A ticket needs the `calls` it is for: a list of call control ids, or `*` for all.')
      const unknown = wanted.find((scope) => !isScope(scope))
      if (unknown !== undefined) throw new Error(`There is no scope "${unknown}": choose from ${scopes.join(', ')}.`)
      const seconds = parseSeconds(expiresIn)
      const issuedAt = Math.floor(now() / 1000)
      const aud = audience === undefined ? {} : { aud: audience }
      return new SignJWT({ calls, scopes: wanted, ...aud, ...(trusted ? { trusted } : {}) })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setIssuer(ISSUER)
        .setSubject(subject)
        .setJti(randomUUID())
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + seconds)
        .sign(key)
    },

    async check(ticket) {
      if (ticket.length > MAX_TICKET_LENGTH) return null
      try {
        const { payload } = await jwtVerify(ticket, key, {
          algorithms: ['HS256'],
          issuer: ISSUER,
          requiredClaims: ['sub', 'exp', 'jti'],
          currentDate: new Date(now()),
        })
        const { sub, exp, iat, jti, aud, calls, scopes: granted, trusted } = payload
        if (exp === undefined) return null
        // Logs, limits and revocations use both claims, and JWT libraries do not check them.
        if (!isName(sub, MAX_SUBJECT_LENGTH)) throw ticketError('`sub` must be a text of 1 to 128 characters.')
        if (!isName(jti, MAX_TICKET_ID_LENGTH)) throw ticketError('`jti` must be a text of 1 to 256 characters.')
        if (iat === undefined) throw ticketError('it does not say when it was issued. Set `iat`.')
        if (iat > now() / 1000 + MAX_ISSUER_SKEW_SECONDS) {
          throw ticketError('it was issued in the future. Set the clock of the server that issued it.')
        }
        // Revocations are kept for one day, so a longer ticket would outlive them.
        if (exp - iat > MAX_TICKET_LIFETIME_SECONDS) {
          throw ticketError('it lasts longer than a day. Issue one with `exp` at most 86400 seconds after `iat`.')
        }
        const audiences = aud === undefined ? [] : [aud].flat()
        if (audience === undefined ? audiences.length > 0 : !audiences.includes(audience)) {
          throw ticketError(
            'it is for another audience. Issue one with the `aud` of this server, or none if it has none.',
          )
        }
        if (calls !== '*' && !isListOfTexts(calls)) return null
        if (!Array.isArray(granted)) return null
        return {
          subject: sub,
          calls,
          scopes: granted.filter(isScope),
          expiresAt: exp * 1000,
          issuedAt: iat * 1000,
          ticketId: jti,
          ...(trusted === true ? { trusted } : {}),
        }
      } catch (error) {
        if (GatherError.isInstance(error)) throw error
        if (error instanceof errors.JOSEError) return null
        throw error
      }
    },
  }
}

const isName = (value: unknown, longest: number): value is string =>
  typeof value === 'string' && value !== '' && value.length <= longest
const isListOfTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string')

const ticketError = (why: string) => gatherError('unauthenticated', `The ticket is not accepted: ${why}`)

const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** Parses a ticket's lifetime into seconds. */
function parseSeconds(expiresIn: string | number): number {
  const match = /^(\d{1,6})\s*([smhd])?$/.exec(String(expiresIn).trim())
  const seconds = match ? Number(match[1]) * unitSeconds[(match[2] ?? 's') as keyof typeof unitSeconds] : 0
  if (seconds < 1 || seconds > MAX_TICKET_LIFETIME_SECONDS) {
    throw new Error(
      'A ticket lasts from one second to one day: write it as `15m`, `2h`, `900s` or a number of seconds.',
    )
  }
  return seconds
}
