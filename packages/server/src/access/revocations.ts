/**
 * What was ended before its time, by id of a ticket or by subject, on every server alike.
 *
 * A revocation is kept in the store for as long as anything it ends could be valid, and told over the store's bus. Each
 * server holds all of them in memory, because they are asked for at every step; it reads them before it lets anybody in,
 * when the bus has been away, and every few seconds, so that a message that was lost, or a store that came back with
 * less than it had, ends no revocation.
 */
import { gatherError } from '@callgather/protocol'
import type { Logger } from '../base/logger.ts'
import type { CallStore, Revocation, Unsubscribe } from '../store/call-store.ts'
import { type Grant, MAX_TICKET_LIFETIME_SECONDS } from './tickets.ts'

/** Whose access ends: one ticket's, or that of everything a subject holds; tickets issued later are good. */
export type RevocationTarget = { readonly ticketId: string } | { readonly subject: string }

/** How often what the store holds is read, in milliseconds; what the bus has lost is known after that. */
const REFRESH_INTERVAL_MS = 5_000

/** The revocations that count now. */
export class Revocations {
  readonly #parts: { store: CallStore; logger: Logger; now: () => number }
  readonly #known = new Map<string, Revocation>()
  #changed = () => {}
  #unwatch: Unsubscribe | null = null
  #isLoaded = false
  #refreshing: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(parts: { store: CallStore; logger: Logger; now: () => number }) {
    this.#parts = parts
  }

  /** Follows the store from now on; `changed` is called when something more has been revoked. */
  start(changed: () => void): void {
    this.#changed = changed
    // A store that is away is asked again; until it has answered once, nobody is let in.
    const refresh = () => void this.#refresh().catch(() => {})
    this.#timer = setInterval(refresh, REFRESH_INTERVAL_MS)
    this.#timer.unref()
    refresh()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#unwatch?.()
  }

  /**
   * Resolves when it is known what was revoked.
   *
   * @throws GatherError 503 while the store has never said.
   */
  async ready(): Promise<void> {
    if (this.#isLoaded) return
    await this.#refresh().catch((error: unknown) => {
      this.#parts.logger.error({ err: error }, 'what was revoked could not be read, so nobody is let in')
      throw gatherError('unavailable', 'The server cannot check tickets now. Try again in a moment.')
    })
  }

  /** Whether something that was granted has been ended. */
  isRevoked({ ticketId, subject, issuedAt }: Grant): boolean {
    if (ticketId !== undefined && this.#find({ ticketId })) return true
    const revoked = this.#find({ subject })
    // A ticket says in whole seconds when it was issued: one of the same second counts as issued before.
    return revoked !== undefined && (issuedAt === undefined || issuedAt <= revoked.at)
  }

  /**
   * Ends something: here at once, on the others as soon as the store has told them.
   *
   * @throws StoreUnavailableError when the store could not be told; it will be, if this process lives until it can.
   */
  async add(whom: RevocationTarget): Promise<void> {
    const at = this.#parts.now()
    const revocation = { id: idOf(whom), at, until: at + MAX_TICKET_LIFETIME_SECONDS * 1000 }
    this.#take(revocation)
    await this.#parts.store.revoke(revocation)
  }

  #find(whom: RevocationTarget): Revocation | undefined {
    const known = this.#known.get(idOf(whom))
    return known && known.until > this.#parts.now() ? known : undefined
  }

  #take(revocation: Revocation): void {
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
    const { store, now } = this.#parts
    // Watching begins before reading, so that nothing falls between the two.
    this.#unwatch ??= await store.subscribeRevocations((revocation) => this.#take(revocation))
    const kept = await store.listRevocations(now())
    for (const revocation of kept) this.#take(revocation)
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

const idOf = (whom: RevocationTarget) => ('ticketId' in whom ? `ticket:${whom.ticketId}` : `subject:${whom.subject}`)
