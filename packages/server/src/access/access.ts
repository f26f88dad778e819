/**
 * Authorises every step: a socket connection, a watch and a command. Denies by default.
 *
 * A failing host callback answers 503 instead of denying, so that clients retry and live watches continue. A call that
 * a subject may not see gets the same answer as an unknown call.
 */
import { type CommandName, gatherError, type Scope } from '@callgather/protocol'
import { z } from 'zod'
import { HostCallbackError, type HostCallbacks } from '../base/host-callbacks.ts'
import type { Revocations } from './revocations.ts'
import { type Grant, scopes } from './tickets.ts'

/** A request for access to a call. */
export interface AccessRequest {
  readonly callId: string
  readonly scope: Scope
  /** The name of the command, if the request is a command. */
  readonly command?: CommandName
}

/** Access decisions of the host application. */
export interface AccessPolicy {
  /**
   * Returns the grant of a credential, or `null` if it is invalid. The credential is a ticket or another text that the
   * host's client sends; it is empty when the client sent none.
   */
  readonly authenticate: (credential: string) => Grant | null | Promise<Grant | null>
  /** Returns whether to allow a request that the grant covers. Default: allow it. */
  readonly authorize?: ((grant: Grant, request: AccessRequest) => boolean | Promise<boolean>) | undefined
}

/** The dependencies of `Access`. */
export interface AccessDeps {
  /** Returns the grant of a credential. Throws a `GatherError` with the reason when it denies or can't check it. */
  readonly authenticate: (credential: string) => Promise<Grant | null>
  readonly authorize: ((grant: Grant, request: AccessRequest) => Promise<boolean>) | undefined
  readonly revocations: Revocations
  readonly now: () => number
}

/** Authenticates credentials and authorises requests. */
export class Access {
  readonly #deps: AccessDeps

  constructor(deps: AccessDeps) {
    this.#deps = deps
  }

  /**
   * Returns the grant of a credential.
   *
   * @throws GatherError 401 when the credential is invalid, expired or revoked; 503 when it can't be checked yet.
   */
  async authenticate(credential: string | undefined): Promise<Grant> {
    await this.#deps.revocations.ready()
    const grant = await this.#deps.authenticate(credential ?? '')
    if (!grant || !this.isCurrent(grant)) throw invalidTicketError()
    return grant
  }

  /** Whether a grant is neither expired nor revoked. */
  isCurrent(grant: Grant): boolean {
    const { expiresAt } = grant
    return !this.isRevoked(grant) && (expiresAt === undefined || expiresAt > this.#deps.now())
  }

  /** Whether a grant was revoked. */
  isRevoked(grant: Grant): boolean {
    return this.#deps.revocations.isRevoked(grant)
  }

  /**
   * Whether a grant allows a request now.
   *
   * @throws GatherError 503 when the host's `authorize` fails.
   */
  async isAllowed(grant: Grant, request: AccessRequest): Promise<boolean> {
    const { authorize } = this.#deps
    return this.isCovered(grant, request) && (authorize ? authorize(grant, request) : true)
  }

  /** Whether a grant covers a request, which the host's `authorize` may still deny. */
  isCovered(grant: Grant, { callId, scope }: AccessRequest): boolean {
    return (
      this.isCurrent(grant) && grant.scopes.includes(scope) && (grant.calls === '*' || grant.calls.includes(callId))
    )
  }

  /** Returns the scopes that a grant allows on a call. */
  async allowedScopes(grant: Grant, callId: string): Promise<Scope[]> {
    const isAllowed = await Promise.all(grant.scopes.map((scope) => this.isAllowed(grant, { callId, scope })))
    return grant.scopes.filter((_, index) => isAllowed[index])
  }
}

/** Creates the error for an unknown or forbidden call. It is the same for both, to hide which calls exist. */
export const unknownCallError = () =>
  gatherError('notFound', 'There is no such call, or your ticket does not cover it. Check the call control id.')

/** Returns the scope that a command requires. */
export function requiredScope(command: CommandName): Scope {
  return command.startsWith('ai_assistant_') ? 'assistant' : 'gather'
}

const invalidTicketError = () =>
  gatherError('unauthenticated', 'A valid ticket is required. Ask your backend for a fresh one and try again.')

/** Wraps the host's `authenticate`, so that a request gets 503 when the callback fails. */
export function hostAuthenticate(
  authenticate: AccessPolicy['authenticate'],
  hostCallbacks: HostCallbacks,
): AccessDeps['authenticate'] {
  return (credential) => hostCallbacks.call('authenticate', async () => readGrant(await authenticate(credential)))
}

/** Wraps the host's `authorize`, so that a request gets 503 when the callback fails. */
export function hostAuthorize(
  authorize: AccessPolicy['authorize'],
  hostCallbacks: HostCallbacks,
): AccessDeps['authorize'] {
  if (!authorize) return undefined
  const isValid = (value: unknown) => typeof value === 'boolean'
  return (grant, request) => hostCallbacks.call('authorize', () => authorize(grant, request), { isValid })
}

/** A time in milliseconds; `Infinity` means never. */
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

/** Copies the host's grant into a plain object, because it may have accessors or change later. */
function readGrant(value: unknown): Grant | null {
  const read = grantSchema.nullish().safeParse(value)
  if (!read.success) throw new HostCallbackError('authenticate', 'invalid')
  return read.data ?? null
}
