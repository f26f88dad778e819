/**
 * Who may do what, asked at every step: when a socket connects, when it watches a call, when a command is given.
 *
 * Closed by default, and closed on doubt: a callback that throws or does not answer in time is a no. Knowing the id
 * of a call is not permission, and a call one may not see is answered as one that does not exist.
 */
import { type CommandName, gatherError, type Scope } from '@callgather/protocol'
import type { Revocations } from './revocations.ts'
import type { Grant } from './tickets.ts'

/** What somebody wants to do with a call. */
export interface Wish {
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
  readonly authorize?: ((grant: Grant, wish: Wish) => boolean | Promise<boolean>) | undefined
}

/** How long a host's callback may think, in milliseconds. */
const DECISION_MILLIS = 3_000

/** The gate at every entrance. */
export class Access {
  readonly #policy: AccessPolicy
  readonly #revocations: Revocations
  readonly #now: () => number

  constructor(policy: AccessPolicy, revocations: Revocations, now: () => number) {
    this.#policy = policy
    this.#revocations = revocations
    this.#now = now
  }

  /**
   * Who holds this credential.
   *
   * @throws GatherError 401 when nobody does, or no longer; 503 when that cannot be known yet.
   */
  async authenticate(credential: string | undefined): Promise<Grant> {
    const detail = 'A valid ticket is required. Ask your backend for a fresh one and try again.'
    await this.#revocations.ready()
    const grant = await decided(() => this.#policy.authenticate(credential ?? ''), null)
    if (!grant || !this.isCurrent(grant)) throw gatherError('unauthenticated', detail)
    return grant
  }

  /** Whether a grant is still good: neither expired nor revoked. */
  isCurrent(grant: Grant): boolean {
    const { expiresAt } = grant
    return !this.isRevoked(grant) && (expiresAt === undefined || expiresAt > this.#now())
  }

  /** Whether a grant was ended before its time. */
  isRevoked(grant: Grant): boolean {
    return this.#revocations.ends(grant)
  }

  /** Whether the holder of a grant may do this, now. */
  async may(grant: Grant, wish: Wish): Promise<boolean> {
    if (!this.isCurrent(grant) || !grant.scopes.includes(wish.scope)) return false
    if (grant.calls !== '*' && !grant.calls.includes(wish.callId)) return false
    const { authorize } = this.#policy
    return authorize ? decided(async () => (await authorize(grant, wish)) === true, false) : true
  }

  /** What the holder of a grant may do with a call. */
  async scopesOn(grant: Grant, callId: string): Promise<Scope[]> {
    const may = await Promise.all(grant.scopes.map((scope) => this.may(grant, { callId, scope })))
    return grant.scopes.filter((_, index) => may[index])
  }
}

/**
 * The refusal of a call that is not there, and of one that somebody may not see: alike, because an answer must not tell
 * which calls exist.
 */
export const unknownCall = () =>
  gatherError('notFound', 'There is no such call, or your ticket does not cover it. Check the call control id.')

/** What a command asks of a ticket: assistants are a power of their own. */
export function scopeOf(command: CommandName): Scope {
  return command.startsWith('ai_assistant_') ? 'assistant' : 'gather'
}

/** The answer of a host's callback; the fallback if it throws or takes too long. */
async function decided<T>(ask: () => T | Promise<T>, fallback: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(resolve, DECISION_MILLIS, fallback)
  })
  try {
    return await Promise.race([Promise.resolve().then(ask), late])
  } catch {
    return fallback
  } finally {
    clearTimeout(timer)
  }
}
