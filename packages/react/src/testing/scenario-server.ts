/**
 * An in-memory server that implements the protocol: logs with sequence numbers and epochs, subscriptions, beacons. On
 * demand, it loses or delays frames, and drops or refuses connections.
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
  type TemplateOffer,
  type WatchReply,
} from '@callgather/protocol'
import type { Clock } from '../client/clock.ts'
import type { Link, LinkEvents, Transport } from '../client/transport.ts'

/** The interval between beacons, the same as in the real server. */
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
  readonly #templates: readonly TemplateOffer[]
  readonly #logs = new Map<string, Log>()
  readonly #links = new Set<ServerLink>()
  #framesToLose = 0
  #delayMs = 0
  #refusal: SocketError | null = null
  #isUnreachable = false
  #isDegraded = false

  constructor(clock: Clock, templates: readonly TemplateOffer[] = []) {
    this.#clock = clock
    this.#templates = templates
    this.#scheduleBeacon()
  }

  /** Adds a call, with the scopes that tickets grant on the call. */
  addCall(callId: string, scopes: readonly Scope[]): void {
    if (this.#logs.has(callId)) return
    this.#logs.set(callId, { epoch: 1, records: [], state: foldCall(callId, []), scopes, refusal: null })
  }

  /** Changes the scopes that tickets grant on a call. */
  setScopes(callId: string, scopes: readonly Scope[]): void {
    this.#log(callId).scopes = scopes
  }

  /** Appends an event to a call's log and publishes it. Ignores a repeated event id. */
  append(callId: string, event: CallEvent): void {
    const log = this.#log(callId)
    if (log.records.some((record) => record.event.id === event.id)) return
    const record = { seq: log.records.length + 1, event }
    log.records.push(record)
    log.state = reduceCall(log.state, event)
    if (this.#framesToLose > 0) {
      this.#framesToLose--
      return
    }
    const frame = { call_id: callId, epoch: epochOf(log), records: [record] }
    for (const link of this.#links) link.sendCall(frame)
    for (const link of this.#links) link.sendCalls({ calls: [selectCallSummary(log.state)], gone: [] })
  }

  stateOf(callId: string): CallState {
    return this.#log(callId).state
  }

  /** Truncates a call's log under a new epoch, like a server that lost its last events. */
  truncate(callId: string, length: number): void {
    const log = this.#log(callId)
    log.epoch++
    log.records = log.records.slice(0, length)
    log.state = foldCall(
      callId,
      log.records.map((record) => record.event),
    )
    this.#sendBeacons()
  }

  /** Drops the next `frames` event frames. */
  lose(frames: number): void {
    this.#framesToLose += frames
  }

  /** Delays all later frames and replies to the client by `delayMs` milliseconds. */
  delay(delayMs: number): void {
    this.#delayMs = delayMs
  }

  /** Drops all connections, with the error if it is not `null`. */
  drop(error: SocketError | null): void {
    for (const link of [...this.#links]) link.lose(error)
  }

  /** Refuses all connections with this error from now on; `null` accepts connections again. */
  refuse(error: SocketError | null): void {
    this.#refusal = error
    if (error) this.drop(error)
  }

  /** Sets whether connections to the server fail. */
  setUnreachable(isUnreachable: boolean): void {
    this.#isUnreachable = isUnreachable
    if (isUnreachable) this.drop(null)
  }

  /** Sets whether the server reports that it cannot reach its store. */
  setDegraded(isDegraded: boolean): void {
    this.#isDegraded = isDegraded
    this.#sendBeacons()
  }

  get isDegraded(): boolean {
    return this.#isDegraded
  }

  /** Refuses subscriptions to a call with this error from now on; `null` allows them again. */
  refuseCall(callId: string, error: SocketError | null): void {
    this.#log(callId).refusal = error
  }

  open(_auth: SocketAuth, events: LinkEvents): Link {
    const link = new ServerLink(this, events, (run) => this.#deliver(run))
    this.#deliver(() => {
      if (this.#isUnreachable) link.lose(null)
      else if (this.#refusal) link.lose(this.#refusal)
      else if (!link.isClosed) {
        this.#links.add(link)
        events.open()
        link.sendBeacon()
      }
    })
    return link
  }

  removeLink(link: ServerLink): void {
    this.#links.delete(link)
  }

  answerWatch(callId: string, cursor: Cursor | null): WatchReply {
    const log = this.#logs.get(callId)
    const refusal = log ? log.refusal : socketError(gatherError('notFound', 'There is no such call.'))
    if (!log || refusal) return { ok: false, error: refusal as SocketError }
    const epoch = epochOf(log)
    const isDelta = cursor?.epoch === epoch && cursor.seq <= log.records.length
    return {
      ok: true,
      kind: isDelta ? 'delta' : 'snapshot',
      cursor: { epoch, seq: log.records.length },
      records: log.records.slice(isDelta ? cursor.seq : 0),
      now: this.now(),
      scopes: log.scopes,
      ...(this.#templates.length > 0 ? { templates: this.#templates } : {}),
    }
  }

  summaries() {
    return [...this.#logs.values()]
      .filter((log) => !log.refusal && log.records.length > 0)
      .map((log) => selectCallSummary(log.state))
  }

  listScopes(): Scope[] {
    return [...new Set([...this.#logs.values()].flatMap(({ scopes }) => scopes))]
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
    if (!log) throw new Error(`The scenario has no call "${callId}". Use one of: ${[...this.#logs.keys()].join(', ')}.`)
    return log
  }

  #deliver(run: () => void): void {
    if (this.#delayMs > 0) this.#clock.setTimeout(run, this.#delayMs)
    else queueMicrotask(run)
  }

  #scheduleBeacon(): void {
    this.#clock.setTimeout(() => {
      this.#sendBeacons()
      this.#scheduleBeacon()
    }, BEACON_INTERVAL_MS)
  }

  #sendBeacons(): void {
    for (const link of this.#links) link.sendBeacon()
  }
}

/** The server's side of a connection. */
class ServerLink implements Link {
  readonly #server: ScenarioServer
  readonly #events: LinkEvents
  readonly #deliver: (run: () => void) => void
  readonly #watchedCalls = new Set<string>()
  #isWatchingList = false
  #hasReportedDegraded = false
  isClosed = false

  constructor(server: ScenarioServer, events: LinkEvents, deliver: (run: () => void) => void) {
    this.#server = server
    this.#events = events
    this.#deliver = deliver
  }

  watchCall(callId: string, cursor: Cursor | null): Promise<WatchReply> {
    return this.#reply(() => {
      const reply = this.#server.answerWatch(callId, cursor)
      if (reply.ok) this.#watchedCalls.add(callId)
      return reply
    })
  }

  unwatchCall(callId: string): void {
    this.#watchedCalls.delete(callId)
  }

  watchCalls() {
    return this.#reply(() => {
      this.#isWatchingList = true
      const scopes = this.#server.listScopes()
      return { ok: true as const, now: this.#server.now(), calls: this.#server.summaries(), scopes }
    })
  }

  unwatchCalls(): void {
    this.#isWatchingList = false
  }

  refreshTicket() {
    const hour = 3_600_000
    const expires = new Date(Date.parse(this.#server.now()) + hour).toISOString()
    return this.#reply(() => ({ ok: true as const, expires_at: expires }))
  }

  close(): void {
    this.isClosed = true
    this.#server.removeLink(this)
  }

  lose(error: SocketError | null): void {
    if (this.isClosed) return
    this.close()
    this.#events.close(error)
  }

  sendCall(frame: Parameters<LinkEvents['callEvent']>[0]): void {
    if (this.#watchedCalls.has(frame.call_id)) this.#send(() => this.#events.callEvent(frame))
  }

  sendCalls(frame: Parameters<LinkEvents['callsEvent']>[0]): void {
    if (this.#isWatchingList) this.#send(() => this.#events.callsEvent(frame))
  }

  sendBeacon(): void {
    const degraded = this.#server.isDegraded
    const health = degraded || this.#hasReportedDegraded ? { degraded } : {}
    if (this.#watchedCalls.size === 0 && !('degraded' in health)) return
    this.#hasReportedDegraded = degraded
    const frame = { now: this.#server.now(), heads: this.#server.headsOf(this.#watchedCalls), ...health }
    this.#send(() => this.#events.callHead(frame))
  }

  #send(emit: () => void): void {
    this.#deliver(() => {
      if (!this.isClosed) emit()
    })
  }

  #reply<T>(createReply: () => T): Promise<T> {
    if (this.isClosed) return Promise.reject(new Error('The link is closed.'))
    const reply = createReply()
    return new Promise((resolve, reject) => {
      this.#deliver(() => (this.isClosed ? reject(new Error('The link was lost.')) : resolve(reply)))
    })
  }
}

const epochOf = (log: Log) => `e${log.epoch}`

/** Converts an error to the format that the server sends over the socket. */
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
