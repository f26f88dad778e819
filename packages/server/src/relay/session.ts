/** One connected client: what it holds, what it watches, and how each of its requests is answered. */
import { type CallSummary, type Cursor, gatherError } from '@callgather/protocol'
import pMap from 'p-map'
import type { Logger } from 'pino'
import { type Access, unknownCallError } from '../access/access.ts'
import type { SubjectRates } from '../access/subject-rates.ts'
import type { Grant } from '../access/tickets.ts'
import type { CallDirectory, DirectoryChange } from '../calls/call-directory.ts'
import type { CallFeed } from '../calls/call-feed.ts'
import { toGatherError } from '../edge/message.ts'
import type { Unsubscribe } from '../store/call-store.ts'
import type { StoreHealth } from '../upkeep/store-health.ts'
import type { Backpressure } from './backpressure.ts'
import { handleClientEvents, socketError } from './guard.ts'
import type { RelaySocket, Rooms } from './rooms.ts'

/** What a session works with. */
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
}

/** How long after its ticket has expired a client may still bring a fresh one, in milliseconds. */
export const TICKET_GRACE_MS = 25_000

const MAX_WATCHES = 200
/** The latest date there is (ECMA-262, 21.4.1.1). */
const MAX_DATE_MS = 8.64e15
const LIST_DELAY_MS = 50
/** Decisions of the host's `authorize` that one list waits for at the same time. */
const LIST_CONCURRENCY = 16
/** How long after a failure of the host's `authorize` it is called again, in milliseconds. */
const RETRY_MS = 2_000

/** One client. */
export class Session {
  readonly #socket: RelaySocket
  readonly #deps: SessionDeps
  #grant: Grant
  readonly #watches = new Map<string, Unsubscribe>()
  /** The requests that are being answered; one that is no longer in here has been taken back meanwhile. */
  readonly #asked = new Set<{ readonly callId: string }>()
  #list: Unsubscribe | null = null
  #listAsked: object | null = null
  readonly #listChanges = new Map<string, CallSummary | null>()
  #listTimer: NodeJS.Timeout | undefined
  #expiry: NodeJS.Timeout | undefined
  #toldDegraded = false
  #reviewTimer: NodeJS.Timeout | undefined
  /** The last fresh ticket was neither good nor bad: it could not be checked. */
  #isRefreshUnavailable = false
  #over = false

  constructor(socket: RelaySocket, grant: Grant, deps: SessionDeps) {
    this.#socket = socket
    this.#deps = deps
    this.#grant = grant
    this.#expire()
    socket.on('disconnect', () => this.#end())
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
      (error) => deps.logger.error({ err: error }, 'a socket request failed'),
    )
  }

  /** Who this is. */
  get subject(): string {
    return this.#grant.subject
  }

  /** Tells how far the watched calls reach, which reveals a last event that was lost on the way; and of trouble. */
  sendBeacon(): void {
    const degraded = !this.#deps.health.isUp
    const health = degraded || this.#toldDegraded ? { degraded } : {}
    if (this.#watches.size === 0 && !('degraded' in health)) return
    this.#toldDegraded = degraded
    const heads = [...this.#watches.keys()].map((call_id) => {
      const { epoch, seq } = this.#deps.feed.headOf(call_id) ?? { epoch: '', seq: 0 }
      return { call_id, epoch, seq }
    })
    this.#socket.emit('call:head', { now: this.#iso(), heads, ...health })
  }

  /** Ends the connection if its ticket is no good any more; one that has run out may still be refreshed. */
  closeIfRevoked(): void {
    if (this.#deps.access.isRevoked(this.#grant)) this.close('unauthenticated', 'Your ticket was revoked.')
  }

  /**
   * Checks again whether this client may still see what it watches. While the host's `authorize` fails, its watches
   * continue, and the check is repeated.
   */
  async #review(): Promise<void> {
    const { access } = this.#deps
    clearTimeout(this.#reviewTimer)
    let isChecked = true
    const check = async (callId: string) => {
      if (this.#over) return
      const may = await access.isAllowed(this.#grant, { callId, scope: 'view' }).catch(() => null)
      if (may === null) isChecked = false
      if (may !== false || this.#over) return
      this.#unwatch(callId)
      const heads = [{ call_id: callId, epoch: '', seq: 0 }]
      this.#socket.emit('call:head', { now: this.#iso(), heads })
    }
    await pMap([...this.#watches.keys()], check, { concurrency: LIST_CONCURRENCY })
    if (isChecked || this.#over) return
    this.#reviewTimer = setTimeout(() => {
      this.#review().catch(this.#report)
    }, RETRY_MS).unref()
  }

  /** Ends the connection, saying why. */
  close(why: 'unauthenticated' | 'tooManyRequests' | 'unavailable', detail: string): void {
    this.#socket.emit('error', socketError(gatherError(why, detail)))
    this.#end()
    this.#socket.disconnect(true)
  }

  async #watch(request: { call_id: string; cursor?: Cursor }, reply: (value: unknown) => void): Promise<void> {
    const asked = { callId: request.call_id }
    if (!this.#watches.has(asked.callId) && this.#watches.size + this.#asked.size >= MAX_WATCHES) {
      throw gatherError('tooManyRequests', `A connection watches at most ${MAX_WATCHES} calls. Unwatch some first.`)
    }
    this.#asked.add(asked)
    try {
      await this.#beginWatch(asked, request.cursor, reply)
    } finally {
      this.#asked.delete(asked)
    }
  }

  async #beginWatch(
    asked: { readonly callId: string },
    cursor: Cursor | undefined,
    reply: (value: unknown) => void,
  ): Promise<void> {
    const { access, queueReply, feed, rooms } = this.#deps
    const { callId } = asked
    const grant = this.#grant
    const scopes = await access.allowedScopes(grant, callId)
    if (!scopes.includes('view')) {
      this.#deps.rates.take('denied', grant.subject)
      throw unknownCallError()
    }
    const letGo = await rooms.acquire(callId)
    let began = false
    try {
      await queueReply(async () => {
        if (!this.#asked.has(asked)) throw watchCancelled()
        const known = await feed.readToEnd(
          callId,
          (head) => (cursor && cursor.epoch === head.epoch && cursor.seq <= head.seq ? cursor.seq : 0),
          ({ cursor: head, events, after }) => {
            if (!this.#asked.has(asked)) return
            began = true
            this.#watches.get(callId)?.()
            this.#watches.set(callId, letGo)
            rooms.join(callId, this.#socket)
            const resumed = cursor !== undefined && cursor.epoch === head.epoch && cursor.seq === after
            const kind = resumed ? 'delta' : 'snapshot'
            const channel = rooms.channelOf(callId, head.epoch)
            const text = `[${events.join(',')}]`
            const { subject } = grant
            reply({ ok: true, kind, cursor: head, channel, events: text, now: this.#iso(), scopes, subject })
          },
        )
        if (!began) throw known ? watchCancelled() : unknownCallError()
      })
    } finally {
      if (!began) letGo()
    }
    // Another ticket may have come meanwhile, and with it another answer.
    if (this.#grant !== grant) await this.#review()
  }

  #unwatch(callId: string): void {
    for (const asked of this.#asked) if (asked.callId === callId) this.#asked.delete(asked)
    this.#deps.rooms.leave(callId, this.#socket)
    this.#watches.get(callId)?.()
    this.#watches.delete(callId)
  }

  async #watchList(reply: (value: unknown) => void): Promise<void> {
    const { queueReply, directory } = this.#deps
    this.#unwatchList()
    const asked = {}
    this.#listAsked = asked
    // Changes are held back until the list itself has been sent.
    let sent = false
    const stop = await directory.subscribe((change) => {
      this.#listChanged(change)
      if (sent) this.#sendListSoon()
    })
    if (this.#listAsked !== asked) {
      stop()
      throw watchCancelled()
    }
    this.#list = stop
    await queueReply(async () => {
      const list = this.#listAsked === asked ? await directory.listFor(this.#grant) : null
      if (!list || this.#listAsked !== asked) throw watchCancelled()
      const { calls, isTruncated } = list
      reply({ ok: true, now: this.#iso(), calls, subject: this.subject, ...(isTruncated ? { truncated: true } : {}) })
    })
    sent = true
    this.#sendListSoon()
  }

  #unwatchList(): void {
    this.#listAsked = null
    this.#list?.()
    this.#list = null
    this.#listChanges.clear()
  }

  #listChanged(change: DirectoryChange): void {
    if (change.kind === 'changed') this.#listChanges.set(change.summary.callId, change.summary)
    else this.#listChanges.set(change.callId, null)
  }

  /** Sends what has changed in the list; each call once, as it is then, however often it has changed. */
  #sendListSoon(delayMs = LIST_DELAY_MS): void {
    if (this.#listTimer || this.#listChanges.size === 0) return
    this.#listTimer = setTimeout(() => {
      // One at a time: of two, the later could overtake the earlier, and the client would keep what is older.
      this.#sendList()
        .then((isSent) => (isSent ? LIST_DELAY_MS : RETRY_MS))
        .then((nextMs) => {
          this.#listTimer = undefined
          if (!this.#over) this.#sendListSoon(nextMs)
        })
        .catch(this.#report)
    }, delayMs)
  }

  /** Whether the changes were sent; if not, they are kept. */
  async #sendList(): Promise<boolean> {
    const changes = [...this.#listChanges]
    this.#listChanges.clear()
    const { access } = this.#deps
    const may = await pMap(changes, ([callId]) => access.isAllowed(this.#grant, { callId, scope: 'view' }), {
      concurrency: LIST_CONCURRENCY,
    }).catch(() => null)
    if (may === null) {
      // The host's `authorize` fails: what changed is sent when it works again, unless it has changed once more.
      for (const [callId, summary] of changes) {
        if (!this.#listChanges.has(callId)) this.#listChanges.set(callId, summary)
      }
      if (this.#over || !this.#list) this.#listChanges.clear()
      return false
    }
    const visible = changes.filter((_, index) => may[index])
    if (this.#over || !this.#list || visible.length === 0) return true
    const calls = visible.flatMap(([, summary]) => (summary ? [summary] : []))
    const gone = visible.flatMap(([callId, summary]) => (summary ? [] : [callId]))
    this.#socket.emit('calls:event', { calls, gone })
    return true
  }

  async #refresh({ ticket }: { ticket: string }, reply: (value: unknown) => void): Promise<void> {
    const grant = await this.#deps.access.authenticate(ticket).catch((error: unknown) => {
      this.#isRefreshUnavailable = toGatherError(error).status === 503
      throw error
    })
    this.#isRefreshUnavailable = false
    if (grant.subject !== this.#grant.subject) {
      throw gatherError('forbidden', 'A connection stays with its subject. Open another for somebody else.')
    }
    this.#grant = grant
    this.#expire()
    this.closeIfRevoked()
    // The host may never end a grant, or later than a date can say.
    reply({ ok: true, expires_at: new Date(Math.min(grant.expiresAt ?? MAX_DATE_MS, MAX_DATE_MS)).toISOString() })
    // The ticket is good, whatever becomes of each call: the host may take a while to decide about all of them.
    await this.#review()
  }

  #expire(): void {
    clearTimeout(this.#expiry)
    const { expiresAt } = this.#grant
    if (expiresAt === undefined) return
    const left = expiresAt + TICKET_GRACE_MS - this.#deps.now()
    // A timer takes 32 bits; whoever stays longer is asked again then.
    this.#expiry = setTimeout(
      () => {
        if (this.#deps.now() < expiresAt + TICKET_GRACE_MS) this.#expire()
        else if (this.#isRefreshUnavailable) {
          this.close('unavailable', 'Your fresh ticket could not be checked. Connect again in a moment.')
        } else {
          this.close('unauthenticated', 'Your ticket has expired. Connect again with a fresh one.')
        }
      },
      Math.min(Math.max(left, 0), 2 ** 31 - 1),
    )
  }

  #end(): void {
    this.#over = true
    clearTimeout(this.#expiry)
    clearTimeout(this.#listTimer)
    clearTimeout(this.#reviewTimer)
    this.#unwatchList()
    this.#asked.clear()
    for (const callId of [...this.#watches.keys()]) this.#unwatch(callId)
  }

  readonly #report = (error: unknown): void => this.#deps.logger.error({ err: error }, 'a socket could not be updated')

  #iso(): string {
    return new Date(this.#deps.now()).toISOString()
  }
}

const watchCancelled = () =>
  gatherError('conflict', 'It is no longer watched: that was asked for before this was answered. Watch again.')
