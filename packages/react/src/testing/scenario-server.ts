/**
 * The server's side of the wire, in memory: logs with sequence numbers and epochs, rooms, beacons. It does what the
 * protocol says, and on demand what networks do: lose a frame, delay it, drop a connection, refuse it.
 */
import {
  type CallEvent,
  type CallRecord,
  type CallState,
  type Cursor,
  foldCall,
  gatherError,
  reduceCall,
  type Scope,
  type SocketAuth,
  type SocketError,
  selectCallSummary,
  type WatchReply,
} from '@callgather/protocol'
import type { Clock } from '../client/clock.ts'
import type { Link, LinkEvents, Transport } from '../client/transport.ts'

/** Beacons come this often, as they do from the real server. */
const BEACON_INTERVAL_MS = 5_000

interface Log {
  epoch: number
  records: CallRecord[]
  state: CallState
  scopes: readonly Scope[]
  refusal: SocketError | null
}

export class ScenarioServer implements Transport {
  readonly #clock: Clock
  readonly #logs = new Map<string, Log>()
  readonly #links = new Set<ServerLink>()
  #losing = 0
  #delayMillis = 0
  #refusal: SocketError | null = null
  #unreachable = false
  #degraded = false

  constructor(clock: Clock) {
    this.#clock = clock
    this.#beat()
  }

  /** Makes a call known, with what a ticket may do on it. */
  addCall(callId: string, scopes: readonly Scope[]): void {
    if (this.#logs.has(callId)) return
    this.#logs.set(callId, { epoch: 1, records: [], state: foldCall(callId, []), scopes, refusal: null })
  }

  /** Changes what a ticket may do on a call. */
  setScopes(callId: string, scopes: readonly Scope[]): void {
    this.#log(callId).scopes = scopes
  }

  /** Adds an event to a call's log, once, and tells those who watch. */
  append(callId: string, event: CallEvent): void {
    const log = this.#log(callId)
    if (log.records.some((record) => record.event.id === event.id)) return
    const record = { seq: log.records.length + 1, event }
    log.records.push(record)
    log.state = reduceCall(log.state, event)
    if (this.#losing > 0) {
      this.#losing--
      return
    }
    const frame = { call_id: callId, epoch: epochOf(log), records: [record] }
    for (const link of this.#links) link.tellCall(frame)
    for (const link of this.#links) link.tellCalls({ calls: [selectCallSummary(log.state)], gone: [] })
  }

  stateOf(callId: string): CallState {
    return this.#log(callId).state
  }

  /** Replaces a call's log by its first events, under a new epoch: what a server does that has lost the rest. */
  truncate(callId: string, length: number): void {
    const log = this.#log(callId)
    log.epoch++
    log.records = log.records.slice(0, length)
    log.state = foldCall(
      callId,
      log.records.map((record) => record.event),
    )
    this.#beacon()
  }

  /** The next so many frames of events get lost on their way. */
  lose(frames: number): void {
    this.#losing += frames
  }

  /** Everything down takes so long from now on. */
  delay(millis: number): void {
    this.#delayMillis = millis
  }

  /** Drops every connection, without a word or with one. */
  drop(error: SocketError | null): void {
    for (const link of [...this.#links]) link.lose(error)
  }

  /** Refuses every connection from now on; `null` accepts them again. */
  refuse(error: SocketError | null): void {
    this.#refusal = error
    if (error) this.drop(error)
  }

  /** Cannot be reached from now on, or can again. */
  setUnreachable(unreachable: boolean): void {
    this.#unreachable = unreachable
    if (unreachable) this.drop(null)
  }

  /** Its store is away from now on, or there again. */
  setDegraded(degraded: boolean): void {
    this.#degraded = degraded
    this.#beacon()
  }

  get degraded(): boolean {
    return this.#degraded
  }

  /** Refuses one call from now on; `null` allows it again. */
  refuseCall(callId: string, error: SocketError | null): void {
    this.#log(callId).refusal = error
  }

  open(_auth: SocketAuth, events: LinkEvents): Link {
    const link = new ServerLink(this, events, (run) => this.#deliver(run))
    this.#deliver(() => {
      if (this.#unreachable) link.lose(null)
      else if (this.#refusal) link.lose(this.#refusal)
      else if (!link.over) {
        this.#links.add(link)
        events.open()
        link.beacon()
      }
    })
    return link
  }

  leave(link: ServerLink): void {
    this.#links.delete(link)
  }

  answerWatch(callId: string, cursor: Cursor | null): WatchReply {
    const log = this.#logs.get(callId)
    const refusal = log ? log.refusal : socketError(gatherError('notFound', 'There is no such call.'))
    if (!log || refusal) return { ok: false, error: refusal as SocketError }
    const epoch = epochOf(log)
    const delta = cursor?.epoch === epoch && cursor.seq <= log.records.length
    return {
      ok: true,
      kind: delta ? 'delta' : 'snapshot',
      cursor: { epoch, seq: log.records.length },
      records: log.records.slice(delta ? cursor.seq : 0),
      now: this.now(),
      scopes: log.scopes,
    }
  }

  summaries() {
    return [...this.#logs.values()]
      .filter((log) => !log.refusal && log.records.length > 0)
      .map((log) => selectCallSummary(log.state))
  }

  headsOf(callIds: Iterable<string>) {
    return [...callIds].flatMap((callId) => {
      const log = this.#logs.get(callId)
      return log ? [{ call_id: callId, epoch: epochOf(log), seq: log.records.length }] : []
    })
  }

  now(): string {
    return new Date(this.#clock.now()).toISOString()
  }

  #log(callId: string): Log {
    const log = this.#logs.get(callId)
    if (!log) throw new Error(`This scenario has no call "${callId}". It has: ${[...this.#logs.keys()].join(', ')}.`)
    return log
  }

  #deliver(run: () => void): void {
    if (this.#delayMillis > 0) this.#clock.setTimeout(run, this.#delayMillis)
    else queueMicrotask(run)
  }

  #beat(): void {
    this.#clock.setTimeout(() => {
      this.#beacon()
      this.#beat()
    }, BEACON_INTERVAL_MS)
  }

  #beacon(): void {
    for (const link of this.#links) link.beacon()
  }
}

/** One connection, seen from the server. */
class ServerLink implements Link {
  readonly #server: ScenarioServer
  readonly #events: LinkEvents
  readonly #deliver: (run: () => void) => void
  readonly #watched = new Set<string>()
  #watchesCalls = false
  #toldDegraded = false
  over = false

  constructor(server: ScenarioServer, events: LinkEvents, deliver: (run: () => void) => void) {
    this.#server = server
    this.#events = events
    this.#deliver = deliver
  }

  watchCall(callId: string, cursor: Cursor | null): Promise<WatchReply> {
    return this.#answer(() => {
      const reply = this.#server.answerWatch(callId, cursor)
      if (reply.ok) this.#watched.add(callId)
      return reply
    })
  }

  unwatchCall(callId: string): void {
    this.#watched.delete(callId)
  }

  watchCalls() {
    return this.#answer(() => {
      this.#watchesCalls = true
      return { ok: true as const, now: this.#server.now(), calls: this.#server.summaries() }
    })
  }

  unwatchCalls(): void {
    this.#watchesCalls = false
  }

  refreshTicket() {
    const hour = 3_600_000
    const expires = new Date(Date.parse(this.#server.now()) + hour).toISOString()
    return this.#answer(() => ({ ok: true as const, expires_at: expires }))
  }

  close(): void {
    this.over = true
    this.#server.leave(this)
  }

  lose(error: SocketError | null): void {
    if (this.over) return
    this.close()
    this.#events.close(error)
  }

  tellCall(frame: Parameters<LinkEvents['callEvent']>[0]): void {
    if (this.#watched.has(frame.call_id)) this.#tell(() => this.#events.callEvent(frame))
  }

  tellCalls(frame: Parameters<LinkEvents['callsEvent']>[0]): void {
    if (this.#watchesCalls) this.#tell(() => this.#events.callsEvent(frame))
  }

  beacon(): void {
    const { degraded } = this.#server
    const health = degraded || this.#toldDegraded ? { degraded } : {}
    if (this.#watched.size === 0 && !('degraded' in health)) return
    this.#toldDegraded = degraded
    const frame = { now: this.#server.now(), heads: this.#server.headsOf(this.#watched), ...health }
    this.#tell(() => this.#events.callHead(frame))
  }

  #tell(say: () => void): void {
    this.#deliver(() => {
      if (!this.over) say()
    })
  }

  #answer<T>(reply: () => T): Promise<T> {
    if (this.over) return Promise.reject(new Error('The link is closed.'))
    const answer = reply()
    return new Promise((resolve, reject) => {
      this.#deliver(() => (this.over ? reject(new Error('The link was lost.')) : resolve(answer)))
    })
  }
}

const epochOf = (log: Log) => `e${log.epoch}`

/** An error of the table as it goes over the socket. */
export function socketError({ status, errors }: ReturnType<typeof gatherError>): SocketError {
  const [first] = errors
  const detail = first?.detail
  return {
    status,
    code: first?.code ?? '',
    title: first?.title ?? '',
    ...(detail === undefined ? {} : { detail }),
  }
}
