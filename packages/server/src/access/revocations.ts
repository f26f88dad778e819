/**
 * Revocations by ticket id or subject, and erasures of calls, shared by all servers.
 *
 * The store keeps a revocation until every ticket that it revokes has expired, and publishes it on its bus. Each server
 * caches all revocations, reads them before it accepts clients or events, and re-reads them every few seconds. Lost bus
 * messages and a store that lost data therefore end no revocation.
 */
import { createHash } from 'node:crypto'
import { gatherError } from '@callgather/protocol'
import type { Logger } from '../base/logger.ts'
import type { CallStore, Revocation, Unsubscribe } from '../store/call-store.ts'
import { type Grant, MAX_TICKET_LIFETIME_SECONDS } from './tickets.ts'

/** The target of a revocation: one ticket, or all tickets issued to a subject until now. */
export type RevocationTarget = { readonly ticketId: string } | { readonly subject: string }

/** How the id of an erasure begins. */
const ERASURE = 'call:'

interface ErasureTarget {
  readonly callId: string
}

/** Interval in milliseconds at which revocations are re-read from the store, in case a bus message was lost. */
const REFRESH_INTERVAL_MS = 5_000

/**
 * How long the events of an erased call are dropped, in milliseconds. Telnyx lists events for a day, and ends a call after
 * four hours by default.
 */
const ERASURE_LIFETIME_MS = 2 * 86_400_000

/** The current revocations. */
export class Revocations {
  readonly #deps: { store: CallStore; logger: Logger; now: () => number }
  readonly #known = new Map<string, Revocation>()
  #changed = () => {}
  #unsubscribe: Unsubscribe | null = null
  #isLoaded = false
  /** Spares a hash for each event while no call was erased. */
  #hasErasures = false
  #refreshing: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(deps: { store: CallStore; logger: Logger; now: () => number }) {
    this.#deps = deps
  }

  /** Starts to read the revocations from the store at intervals. Calls `changed` after each new revocation. */
  start(changed: () => void): void {
    this.#changed = changed
    // The interval retries a failed read. Authentication fails with 503 until the first read succeeds.
    const refresh = () => void this.#refresh().catch(() => {})
    this.#timer = setInterval(refresh, REFRESH_INTERVAL_MS)
    this.#timer.unref()
    refresh()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#unsubscribe?.()
  }

  /**
   * Resolves when the revocations were read from the store at least once.
   *
   * @throws GatherError 503 when the store can't be read.
   */
  async ready(): Promise<void> {
    if (this.#isLoaded) return
    await this.#refresh().catch((error: unknown) => {
      this.#deps.logger.error(
        { err: error },
        'revocations could not be read from the store, so authentication fails with 503',
      )
      throw gatherError('unavailable', 'The server cannot check tickets now. Try again in a moment.')
    })
  }

  /** Whether a grant was revoked. */
  isRevoked({ ticketId, subject, issuedAt }: Grant): boolean {
    if (ticketId !== undefined && this.#find({ ticketId })) return true
    const revoked = this.#find({ subject })
    // `iat` has whole seconds: a ticket issued in the same second counts as issued before.
    return revoked !== undefined && (issuedAt === undefined || issuedAt <= revoked.at)
  }

  /**
   * Revokes a target, at once on this server, and on other servers when the store has published the revocation.
   *
   * @throws StoreUnavailableError when the write failed. A later refresh retries it while this process runs.
   */
  add(target: RevocationTarget): Promise<void> {
    return this.#add(target, MAX_TICKET_LIFETIME_SECONDS * 1000)
  }

  /**
   * Drops the events of a call from now on. Otherwise a late webhook or Telnyx's records would bring back an erased call.
   *
   * @throws StoreUnavailableError as `add` does.
   */
  addErasure(callId: string): Promise<void> {
    return this.#add({ callId }, ERASURE_LIFETIME_MS)
  }

  /**
   * Whether a call was erased. Reads the revocations first if they were not read yet.
   *
   * @throws StoreUnavailableError when they can't be read.
   */
  async isErased(callId: string): Promise<boolean> {
    if (!this.#isLoaded) await this.#refresh()
    return this.#hasErasures && this.#find({ callId }) !== undefined
  }

  async #add(target: RevocationTarget | ErasureTarget, lifetimeMs: number): Promise<void> {
    const at = this.#deps.now()
    const revocation = { id: idOf(target), at, until: at + lifetimeMs }
    this.#remember(revocation)
    await this.#deps.store.revoke(revocation)
  }

  #find(target: RevocationTarget | ErasureTarget): Revocation | undefined {
    const known = this.#known.get(idOf(target))
    return known && known.until > this.#deps.now() ? known : undefined
  }

  #remember(revocation: Revocation): void {
    const { id, at, until } = revocation
    if (id.startsWith(ERASURE)) this.#hasErasures = true
    const known = this.#known.get(id)
    if (known && known.at >= at && known.until >= until) return
    this.#known.set(id, known ? { id, at: Math.max(known.at, at), until: Math.max(known.until, until) } : revocation)
    this.#changed()
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#read().finally(() => {
      this.#refreshing = null
    })
    return this.#refreshing
  }

  async #read(): Promise<void> {
    const { store, now } = this.#deps
    // Subscribing before reading leaves no gap between the two.
    this.#unsubscribe ??= await store.subscribeRevocations((revocation) => this.#remember(revocation))
    const kept = await store.listRevocations(now())
    for (const revocation of kept) this.#remember(revocation)
    this.#isLoaded = true
    const latest = new Map<string, number>()
    for (const { id, at } of kept) latest.set(id, Math.max(at, latest.get(id) ?? 0))
    for (const revocation of [...this.#known.values()]) {
      const { id, at, until } = revocation
      if (until <= now()) this.#known.delete(id)
      else if ((latest.get(id) ?? -1) < at) await store.revoke(revocation)
    }
  }
}

/** Names a revocation. A call is named by a hash, because the erasure also erases its id. */
function idOf(target: RevocationTarget | ErasureTarget): string {
  if ('callId' in target) return `${ERASURE}${createHash('sha256').update(target.callId).digest('base64url')}`
  return 'ticketId' in target ? `ticket:${target.ticketId}` : `subject:${target.subject}`
}
