/**
 * The switchboard: makes calls, knows them by their ids, and carries what they emit to the courier and to whoever
 * watches. It holds what all calls share (clock, chance, settings), so that a call needs nothing else.
 */

import type { Chance } from '../clock/chance.ts'
import type { Clock } from '../clock/clock.ts'
import type { Courier } from '../delivery/courier.ts'
import type { Route, WebhookEvent } from '../delivery/delivery.ts'
import type { Transport } from '../delivery/transport.ts'
import type { ModelReply, ModelRequest } from '../machine/model.ts'
import type { Settings } from '../settings/settings.ts'
import { type Activity, type Happening, loggedTypes } from './activity.ts'
import { askModel } from './ask-model.ts'
import { Call, type CallIdentity } from './call.ts'

/** What a call is made from. */
export interface NewCall {
  direction: 'incoming' | 'outgoing'
  from: string
  to: string
  connection_id?: string
  call_session_id?: string
  client_state?: string | null
  route?: Partial<Route>
  /** How long it may ring. */
  ringMs?: number
  /** How long it may last once answered. */
  timeLimitMs?: number
  /** Answering-machine detection, when the program asked for it. */
  detection?: 'standard' | 'premium'
}

/** One row of `GET /v2/call_events`. */
export interface CallEventRecord {
  record_type: 'call_event'
  type: 'command' | 'webhook'
  name: string
  call_leg_id: string
  call_session_id: string
  event_timestamp: string
  metadata: Record<string, unknown>
}

export interface ExchangeOptions {
  clock: Clock
  chance: Chance
  settings: Settings
  courier: Courier
  /** What requests of an AI's tools go through. */
  transport: Transport
  route: Route
  connectionId: string
}

export class Exchange {
  readonly clock: Clock
  readonly chance: Chance
  readonly settings: Settings
  readonly connectionId: string
  readonly transport: Transport
  private readonly courier: Courier
  private readonly route: Route
  private readonly byId = new Map<string, Call>()
  private readonly watchers = new Map<(activity: Activity) => void, ReadonlySet<Activity['type']> | null>()
  private readonly records: CallEventRecord[] = []
  private readonly log: Activity[] = []
  private forgotten = 0
  private made = 0
  private lastMicros = 0
  private readonly phones = new Set<(call: Call) => boolean>()

  constructor({ clock, chance, settings, courier, transport, route, connectionId }: ExchangeOptions) {
    this.clock = clock
    this.chance = chance
    this.settings = settings
    this.courier = courier
    this.transport = transport
    this.route = route
    this.connectionId = connectionId
  }

  /** Makes a call and lets it ring. `attend` gets it before the first ring, and what it returns is returned. */
  createCall(options: NewCall): Call
  createCall<Attendant>(options: NewCall, attend: (call: Call) => Attendant): Attendant
  createCall(options: NewCall, attend: (call: Call) => unknown = (call) => call): unknown {
    this.made += 1
    const label = ['call', this.made] as const
    const identity: CallIdentity = {
      call_control_id: `v3:${this.chance.bytes(...label).toString('base64url')}`,
      call_leg_id: this.chance.uuid(...label, 'leg'),
      call_session_id: options.call_session_id ?? this.chance.uuid(...label, 'session'),
      connection_id: options.connection_id ?? this.connectionId,
      from: options.from,
      to: options.to,
    }
    const call = new Call(this, identity, { ...this.route, ...options.route }, options)
    this.byId.set(identity.call_control_id, call)
    this.byId.set(identity.call_leg_id, call)
    const attendant = attend(call)
    call.ring()
    return attendant
  }

  /** Connects a telephone: it is offered every outgoing call and may take it; else the stand-in picks up. Returns a function that unplugs it. */
  plugIn(phone: (call: Call) => boolean): () => void {
    this.phones.add(phone)
    return () => this.phones.delete(phone)
  }

  /** Does a telephone take this outgoing call? */
  offer(call: Call): boolean {
    return [...this.phones].some((takes) => takes(call))
  }

  /** By `call_control_id`. */
  find(callControlId: string): Call | undefined {
    const call = this.byId.get(callControlId)
    return call?.identity.call_control_id === callControlId ? call : undefined
  }

  /** By `call_control_id` or `call_leg_id`, which is kinder in a path. */
  findByAnyId(id: string): Call | undefined {
    return this.byId.get(id)
  }

  /** Every call that is remembered, oldest first. */
  calls(): Call[] {
    return [...this.byId].filter(([id, call]) => id === call.identity.call_control_id).map(([, call]) => call)
  }

  /** Forgets a call. */
  forget({ identity }: Call): void {
    this.byId.delete(identity.call_control_id)
    this.byId.delete(identity.call_leg_id)
  }

  /** Emits a webhook of a call. */
  emit(call: Call, event: WebhookEvent): void {
    const metadata = this.settings.api.callEventMetadata === 'event' ? { ...event } : event.payload
    this.keepRecord(call, 'webhook', event.event_type, event.occurred_at, metadata)
    this.tell({ type: 'webhook', call_id: call.id, event })
    this.courier.send(event, call.id, call.route)
  }

  /** Notes a command in `GET /v2/call_events`. */
  noteCommand(call: Call, name: string, metadata: Record<string, unknown>): void {
    this.keepRecord(call, 'command', name, this.timestamp(), metadata)
  }

  callEvents(): readonly CallEventRecord[] {
    return this.records
  }

  /** Whether anybody wants to know of this: a view of a call is costly to make for nobody. */
  wants(type: Activity['type']): boolean {
    for (const types of this.watchers.values()) if (!types || types.has(type)) return true
    return false
  }

  tell(happening: Happening): void {
    const logged = loggedTypes.has(happening.type)
    if (!logged && !this.wants(happening.type)) return
    const activity: Activity = { at: new Date(this.clock.now()).toISOString(), ...happening }
    if (logged) this.keepLog(activity)
    for (const [watcher, types] of this.watchers) if (!types || types.has(activity.type)) watcher(activity)
  }

  /** How many entries the log has had. */
  get logged(): number {
    return this.forgotten + this.log.length
  }

  /** The newest `most` entries of the log out of its first `until`, oldest first. */
  logUntil(until: number, most: number): readonly Activity[] {
    const end = Math.max(0, until - this.forgotten)
    return this.log.slice(Math.max(0, Math.min(end, this.log.length) - most), end)
  }

  private keepLog(activity: Activity): void {
    const { historySize } = this.settings.delivery
    this.log.push(activity)
    if (this.log.length < 2 * historySize) return
    this.log.splice(0, historySize)
    this.forgotten += historySize
  }

  /** Calls `watcher` with everything that happens from now on, or only with some types of it. Returns a function that stops it. */
  watch(watcher: (activity: Activity) => void, types?: readonly Activity['type'][]): () => void {
    this.watchers.set(watcher, types ? new Set(types) : null)
    return () => this.watchers.delete(watcher)
  }

  /** ISO 8601 with microseconds, as Telnyx stamps voice events; never twice the same, so that events can be ordered by it. */
  timestamp(): string {
    const micros = Math.max(this.clock.now() * 1000, this.lastMicros + 1)
    this.lastMicros = micros
    const ms = Math.floor(micros / 1000)
    return `${new Date(ms).toISOString().slice(0, -1)}${String(micros - ms * 1000).padStart(3, '0')}Z`
  }

  async askModel(request: ModelRequest, signal: AbortSignal): Promise<ModelReply> {
    const { model } = this.settings.ai
    if (!model) return { ok: false, error: 'No model is configured (settings.ai.model).' }
    return askModel(model, request, signal)
  }

  /** Ends every call without a word, for the simulator that closes. */
  close(): void {
    for (const call of new Set(this.byId.values())) call.abandon()
    this.byId.clear()
    this.watchers.clear()
  }

  private keepRecord(
    { identity }: Call,
    type: 'command' | 'webhook',
    name: string,
    event_timestamp: string,
    metadata: Record<string, unknown>,
  ): void {
    const { call_leg_id, call_session_id } = identity
    this.records.push({
      record_type: 'call_event',
      type,
      name,
      call_leg_id,
      call_session_id,
      event_timestamp,
      metadata,
    })
    if (this.records.length > 2 * this.settings.delivery.historySize)
      this.records.splice(0, this.settings.delivery.historySize)
  }
}
