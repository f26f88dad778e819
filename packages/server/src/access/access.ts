/**
 * Who may do what, asked at every step: when a socket connects, when it watches a call, when a command is given.
 *
 * Closed by default. A callback of the host that fails grants nothing and denies nothing: it is answered 503, so that
 * clients retry and live watches continue. Knowing the id of a call is not permission, and a call that a subject may not
 * see is answered as one that does not exist.
 */
import { type CommandName, gatherError, type Scope } from '@callgather/protocol'
import { z } from 'zod'
import { HostCallbackError, type HostCallbacks } from '../base/host-callbacks.ts'
import type { Revocations } from './revocations.ts'
import { type Grant, scopes } from './tickets.ts'

/** What somebody wants to do with a call. */
export interface AccessRequest {
  readonly callId: string
  readonly scope: Scope
  /** The command, if it is one. */
  readonly command?: CommandName
}

/** What a host application decides for itself. */
export interface AccessPolicy {
  /**
   * Who is this? `null` for nobody. The credential is a ticket, or whatever else the host's clients send; empty when
   * they sent none.
   */
  readonly authenticate: (credential: string) => Grant | null | Promise<Grant | null>
  /** May they? Asked in addition to what the grant says. Default: the grant decides. */
  readonly authorize?: ((grant: Grant, wish: AccessRequest) => boolean | Promise<boolean>) | undefined
}

/** What access works with. */
export interface AccessDeps {
  /** Who holds a credential; throws a `GatherError` when that is denied with a reason, or cannot be known now. */
  readonly authenticate: (credential: string) => Promise<Grant | null>
  readonly authorize: ((grant: Grant, wish: AccessRequest) => Promise<boolean>) | undefined
  readonly revocations: Revocations
  readonly now: () => number
}

/** The gate at every entrance. */
export class Access {
  readonly #deps: AccessDeps

  constructor(deps: AccessDeps) {
    this.#deps = deps
  }

  /**
   * Who holds this credential.
   *
   * @throws GatherError 401 when nobody does, or no longer; 503 when that cannot be known yet.
   */
  async authenticate(credential: string | undefined): Promise<Grant> {
    await this.#deps.revocations.ready()
    const grant = await this.#deps.authenticate(credential ?? '')
    if (!grant || !this.isCurrent(grant)) throw invalidTicketError()
    return grant
  }

  /** Whether a grant is still good: neither expired nor revoked. */
  isCurrent(grant: Grant): boolean {
    const { expiresAt } = grant
    return !this.isRevoked(grant) && (expiresAt === undefined || expiresAt > this.#deps.now())
  }

  /** Whether a grant was ended before its time. */
  isRevoked(grant: Grant): boolean {
    return this.#deps.revocations.isRevoked(grant)
  }

  /**
   * Whether the holder of a grant may do this, now.
   *
   * @throws GatherError 503 when the host's `authorize` fails.
   */
  async isAllowed(grant: Grant, wish: AccessRequest): Promise<boolean> {
    if (!this.isCurrent(grant) || !grant.scopes.includes(wish.scope)) return false
    if (grant.calls !== '*' && !grant.calls.includes(wish.callId)) return false
    const { authorize } = this.#deps
    return authorize ? authorize(grant, wish) : true
  }

  /** What the holder of a grant may do with a call. */
  async allowedScopes(grant: Grant, callId: string): Promise<Scope[]> {
    const isAllowed = await Promise.all(grant.scopes.map((scope) => this.isAllowed(grant, { callId, scope })))
    return grant.scopes.filter((_, index) => isAllowed[index])
  }
}

/**
 * The refusal of a call that is not there, and of one that somebody may not see: alike, because an answer must not tell
 * which calls exist.
 */
export const unknownCallError = () =>
  gatherError('notFound', 'There is no such call, or your ticket does not cover it. Check the call control id.')

/** What a command asks of a ticket: assistants are a power of their own. */
export function requiredScope(command: CommandName): Scope {
  return command.startsWith('ai_assistant_') ? 'assistant' : 'gather'
}

const invalidTicketError = () =>
  gatherError('unauthenticated', 'A valid ticket is required. Ask your backend for a fresh one and try again.')

/** The host's `authenticate`, which fails with 503. */
export function hostAuthenticate(
  authenticate: AccessPolicy['authenticate'],
  hostCallbacks: HostCallbacks,
): AccessDeps['authenticate'] {
  return (credential) => hostCallbacks.call('authenticate', async () => readGrant(await authenticate(credential)))
}

/** The host's `authorize`, which fails with 503. */
export function hostAuthorize(
  authorize: AccessPolicy['authorize'],
  hostCallbacks: HostCallbacks,
): AccessDeps['authorize'] {
  if (!authorize) return undefined
  const isValid = (value: unknown) => typeof value === 'boolean'
  return (grant, wish) => hostCallbacks.call('authorize', () => authorize(grant, wish), { isValid })
}

/** A moment in milliseconds; `Infinity` never comes. */
const moment = z.custom<number>((value) => typeof value === 'number' && !Number.isNaN(value))
const grantSchema = z.object({
  subject: z.string().min(1),
  calls: z.union([z.literal('*'), z.array(z.string())]),
  scopes: z.array(z.enum(scopes)),
  expiresAt: moment.optional(),
  ticketId: z.string().optional(),
  issuedAt: moment.optional(),
  trusted: z.boolean().optional(),
})

/** What the host returned as a plain grant; its own object may have accessors, or change later. */
function readGrant(value: unknown): Grant | null {
  const read = grantSchema.nullish().safeParse(value)
  if (!read.success) throw new HostCallbackError('authenticate', 'invalid')
  return read.data ?? null
}
