/**
 * Revocations by ticket id or subject, shared by all servers.
 *
 * The store keeps a revocation until every ticket that it revokes has expired, and publishes it on its bus. Each server
 * caches all revocations, reads them before it accepts clients, and re-reads them every few seconds. Lost bus messages
 * and a store that lost data therefore end no revocation.
 */
import { gatherError } from '@callgather/protocol'
import type { Logger } from '../base/logger.ts'
import type { CallStore, Revocation, Unsubscribe } from '../store/call-store.ts'
import { type Grant, MAX_TICKET_LIFETIME_SECONDS } from './tickets.ts'

/** The target of a revocation: one ticket, or all tickets issued to a subject until now. */
export type RevocationTarget = { readonly ticketId: string } | { readonly subject: string }

/** Interval in milliseconds at which revocations are re-read from the store, in case a bus message was lost. */
const REFRESH_INTERVAL_MS = 5_000

/** The current revocations. */
export class Revocations {
  readonly #deps: { store: CallStore; logger: Logger; now: () => number }
  readonly #known = new Map<string, Revocation>()
  #changed = () => {}
  #unsubscribe: Unsubscribe | null = null
  #isLoaded = false
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
  async add(target: RevocationTarget): Promise<void> {
    const at = this.#deps.now()
    const revocation = { id: idOf(target), at, until: at + MAX_TICKET_LIFETIME_SECONDS * 1000 }
    this.#remember(revocation)
    await this.#deps.store.revoke(revocation)
  }

  #find(target: RevocationTarget): Revocation | undefined {
    const known = this.#known.get(idOf(target))
    return known && known.until > this.#deps.now() ? known : undefined
  }

  #remember(revocation: Revocation): void {
    const { id, at, until } = revocation
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

const idOf = (target: RevocationTarget) =>
  'ticketId' in target ? `ticket:${target.ticketId}` : `subject:${target.subject}`
