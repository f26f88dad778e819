/** The session of one connected client: its ticket, its watched calls, and the handlers of its requests. */
import { type Cursor, gatherError, type TemplateOffer } from '@callgather/protocol'
import pMap from 'p-map'
import { type Access, unknownCallError } from '../access/access.ts'
import type { SubjectRates } from '../access/subject-rates.ts'
import type { Grant } from '../access/tickets.ts'
import type { Logger } from '../base/logger.ts'
import type { CallDirectory } from '../calls/call-directory.ts'
import type { CallFeed } from '../calls/call-feed.ts'
import { toGatherError } from '../edge/message.ts'
import type { Unsubscribe } from '../store/call-store.ts'
import type { StoreHealth } from '../upkeep/store-health.ts'
import type { Backpressure } from './backpressure.ts'
import { handleClientEvents, socketError } from './guard.ts'
import { LIST_CONCURRENCY, ListWatch, RETRY_MS } from './list-watch.ts'
import type { RelaySocket, Rooms } from './rooms.ts'

/** Dependencies of a session. */
export interface SessionDeps {
  readonly access: Access
  readonly feed: CallFeed
  readonly directory: CallDirectory
  readonly rooms: Rooms
  readonly health: StoreHealth
  readonly rates: SubjectRates
  readonly queueReply: Backpressure['queueReply']
  readonly logger: Logger
  readonly now: () => number
  /** The templates that agents get as buttons. */
  readonly templates: readonly TemplateOffer[]
}

/** How long a client may still refresh an expired ticket. */
export const TICKET_GRACE_MS = 25_000

const MAX_WATCHES = 200
/** The latest date that `Date` can hold (ECMA-262, 21.4.1.1). */
const MAX_DATE_MS = 8.64e15

/** One connected client. */
export class Session {
  readonly #socket: RelaySocket
  readonly #deps: SessionDeps
  #grant: Grant
  readonly #watches = new Map<string, Unsubscribe>()
  /** Watch requests that are not answered yet. An unwatch removes them, and their replies become errors. */
  readonly #pendingWatches = new Set<{ readonly callId: string }>()
  #list: ListWatch | null = null
  #expiry: NodeJS.Timeout | undefined
  #wasDegraded = false
  #recheckTimer: NodeJS.Timeout | undefined
  /** Whether the last ticket refresh failed because the ticket could not be verified, although it may be valid. */
  #isRefreshUnavailable = false
  #isClosed = false

  constructor(socket: RelaySocket, grant: Grant, deps: SessionDeps) {
    this.#socket = socket
    this.#deps = deps
    this.#grant = grant
    this.#startExpiryTimer()
    socket.on('disconnect', () => this.#dispose())
    handleClientEvents(
      socket,
      () => deps.rates.take('socketRequests', this.#grant.subject),
      {
        'call:watch': (request: { call_id: string; cursor?: Cursor }, reply) => this.#watch(request, reply),
        'call:unwatch': async ({ call_id }: { call_id: string }) => this.#unwatch(call_id),
        'calls:watch': (_: unknown, reply) => this.#watchList(reply),
        'calls:unwatch': async () => this.#unwatchList(),
        'ticket:refresh': (request: { ticket: string }, reply) => this.#refresh(request, reply),
      },
      (error) => deps.logger.error({ err: error }, 'socket request failed'),
    )
  }

  /** The subject of the client's ticket. */
  get subject(): string {
    return this.#grant.subject
  }

  /** Sends the cursors of the watched calls, so that the client notices a lost event, and changes in store health. */
  sendBeacon(): void {
    const degraded = !this.#deps.health.isUp
    const health = degraded || this.#wasDegraded ? { degraded } : {}
    if (this.#watches.size === 0 && !('degraded' in health)) return
    this.#wasDegraded = degraded
    const heads = [...this.#watches.keys()].map((call_id) => {
      const { epoch, seq } = this.#deps.feed.headOf(call_id) ?? { epoch: '', seq: 0 }
      return { call_id, epoch, seq }
    })
    this.#socket.emit('call:head', { now: this.#iso(), heads, ...health })
  }

  /** Closes the connection if its ticket was revoked, but not if it expired: an expired ticket may be refreshed. */
  closeIfRevoked(): void {
    if (this.#deps.access.isRevoked(this.#grant)) this.close('unauthenticated', 'Your ticket was revoked.')
  }

  /** Authorises all watched calls again. If the host's `authorize` fails, the watches continue and the check is retried. */
  async #recheckWatches(): Promise<void> {
    const { access } = this.#deps
    clearTimeout(this.#recheckTimer)
    let isComplete = true
    const check = async (callId: string) => {
      if (this.#isClosed) return
      const isAllowed = await access.isAllowed(this.#grant, { callId, scope: 'view' }).catch(() => null)
      if (isAllowed === null) isComplete = false
      if (isAllowed !== false || this.#isClosed) return
      this.#unwatch(callId)
      const heads = [{ call_id: callId, epoch: '', seq: 0 }]
      this.#socket.emit('call:head', { now: this.#iso(), heads })
    }
    await pMap([...this.#watches.keys()], check, { concurrency: LIST_CONCURRENCY })
    if (isComplete || this.#isClosed) return
    this.#recheckTimer = setTimeout(() => {
      this.#recheckWatches().catch(this.#reportError)
    }, RETRY_MS).unref()
  }

  /** Sends the client an error and closes the connection. */
  close(kind: 'unauthenticated' | 'tooManyRequests' | 'unavailable', detail: string): void {
    this.#socket.emit('error', socketError(gatherError(kind, detail)))
    this.#dispose()
    this.#socket.disconnect(true)
  }

  async #watch(request: { call_id: string; cursor?: Cursor }, reply: (value: unknown) => void): Promise<void> {
    const pending = { callId: request.call_id }
    if (!this.#watches.has(pending.callId) && this.#watches.size + this.#pendingWatches.size >= MAX_WATCHES) {
      throw gatherError('tooManyRequests', `A connection can watch at most ${MAX_WATCHES} calls. Unwatch some first.`)
    }
    this.#pendingWatches.add(pending)
    try {
      await this.#startWatch(pending, request.cursor, reply)
    } finally {
      this.#pendingWatches.delete(pending)
    }
  }

  async #startWatch(
    pending: { readonly callId: string },
    cursor: Cursor | undefined,
    reply: (value: unknown) => void,
  ): Promise<void> {
    const { access, queueReply, feed, rooms, templates } = this.#deps
    const { callId } = pending
    const grant = this.#grant
    const scopes = await access.allowedScopes(grant, callId)
    if (!scopes.includes('view')) {
      this.#deps.rates.take('denied', grant.subject)
      throw unknownCallError()
    }
    const release = await rooms.acquire(callId)
    let isWatching = false
    try {
      await queueReply(async () => {
        if (!this.#pendingWatches.has(pending)) throw watchCancelled()
        const isKnown = await feed.readToEnd(
          callId,
          (head) => (cursor && cursor.epoch === head.epoch && cursor.seq <= head.seq ? cursor.seq : 0),
          ({ cursor: head, events, after }) => {
            if (!this.#pendingWatches.has(pending)) return
            isWatching = true
            this.#watches.get(callId)?.()
            this.#watches.set(callId, release)
            rooms.join(callId, this.#socket)
            const isResumed = cursor !== undefined && cursor.epoch === head.epoch && cursor.seq === after
            const kind = isResumed ? 'delta' : 'snapshot'
            const channel = rooms.channelOf(callId, head.epoch)
            const text = `[${events.join(',')}]`
            const { subject } = grant
            reply({
              ...{ ok: true, kind, cursor: head, channel, events: text, now: this.#iso(), scopes, subject },
              ...(templates.length > 0 ? { templates } : {}),
            })
          },
        )
        if (!isWatching) throw isKnown ? watchCancelled() : unknownCallError()
      })
    } finally {
      if (!isWatching) release()
    }
    // The ticket may have been refreshed meanwhile, and the new one may not cover this call.
    if (this.#grant !== grant) await this.#recheckWatches()
  }

  #unwatch(callId: string): void {
    for (const pending of this.#pendingWatches) if (pending.callId === callId) this.#pendingWatches.delete(pending)
    this.#deps.rooms.leave(callId, this.#socket)
    this.#watches.get(callId)?.()
    this.#watches.delete(callId)
  }

  async #watchList(reply: (value: unknown) => void): Promise<void> {
    const { access, directory, queueReply } = this.#deps
    this.#list?.close()
    const list = new ListWatch({
      access,
      directory,
      grant: () => this.#grant,
      send: (frame) => this.#socket.emit('calls:event', frame),
      reportError: this.#reportError,
    })
    this.#list = list
    await list.subscribe()
    await queueReply(async () => {
      const isSent = await list.sendList(({ calls, isTruncated }, { subject, scopes }) =>
        reply({ ok: true, now: this.#iso(), calls, scopes, subject, ...(isTruncated ? { truncated: true } : {}) }),
      )
      if (!isSent) throw watchCancelled()
    })
  }

  #unwatchList(): void {
    this.#list?.close()
    this.#list = null
  }

  async #refresh({ ticket }: { ticket: string }, reply: (value: unknown) => void): Promise<void> {
    const grant = await this.#deps.access.authenticate(ticket).catch((error: unknown) => {
      this.#isRefreshUnavailable = toGatherError(error).status === 503
      throw error
    })
    this.#isRefreshUnavailable = false
    if (grant.subject !== this.#grant.subject) {
      throw gatherError('forbidden', 'The new ticket is for another subject. Open a new connection for it.')
    }
    this.#grant = grant
    this.#startExpiryTimer()
    this.closeIfRevoked()
    // A grant of the host may never expire, or expire after the latest possible date.
    reply({ ok: true, expires_at: new Date(Math.min(grant.expiresAt ?? MAX_DATE_MS, MAX_DATE_MS)).toISOString() })
    // Recheck after the reply, because the host may take long to authorise every call.
    await this.#recheckWatches()
  }

  #startExpiryTimer(): void {
    clearTimeout(this.#expiry)
    const { expiresAt } = this.#grant
    if (expiresAt === undefined) return
    const leftMs = expiresAt + TICKET_GRACE_MS - this.#deps.now()
    // Timers are limited to 31 bits, so a longer timer starts again when it fires.
    this.#expiry = setTimeout(
      () => {
        if (this.#deps.now() < expiresAt + TICKET_GRACE_MS) this.#startExpiryTimer()
        else if (this.#isRefreshUnavailable) {
          this.close('unavailable', 'Your new ticket could not be verified. Reconnect in a moment.')
        } else {
          this.close('unauthenticated', 'Your ticket has expired. Reconnect with a new one.')
        }
      },
      Math.min(Math.max(leftMs, 0), 2 ** 31 - 1),
    )
  }

  #dispose(): void {
    this.#isClosed = true
    clearTimeout(this.#expiry)
    clearTimeout(this.#recheckTimer)
    this.#unwatchList()
    this.#pendingWatches.clear()
    for (const callId of [...this.#watches.keys()]) this.#unwatch(callId)
  }

  readonly #reportError = (error: unknown): void => this.#deps.logger.error({ err: error }, 'socket update failed')

  #iso(): string {
    return new Date(this.#deps.now()).toISOString()
  }
}

const watchCancelled = () =>
  gatherError('conflict', 'The watch was cancelled by an unwatch before the reply. Watch again.')
