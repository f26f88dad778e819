/**
 * The telephone exchange: creates calls, finds them by id, and publishes their events to the courier and to watchers.
 * Also holds the clock, randomness and settings that all calls share.
 */
import { Numbers } from '../account/numbers.ts'
import { Assistants } from '../assistant/assistants.ts'
import type { Chance } from '../clock/chance.ts'
import type { Clock } from '../clock/clock.ts'
import type { Courier } from '../delivery/courier.ts'
import type { Route, WebhookEvent } from '../delivery/delivery.ts'
import type { Transport } from '../delivery/transport.ts'
import type { ModelReply, ModelRequest, ToolResult, ToolUse } from '../machine/model.ts'
import type { Settings } from '../settings/settings.ts'
import { type Activity, type CallIdentity, LOGGED_TYPES, type UndatedActivity } from './activity.ts'
import { askModel } from './ask-model.ts'
import { BoundedLog } from './bounded-log.ts'
import { Call, type CallHost, type CallOptions } from './call.ts'
import { routeToCallee } from './callee.ts'
import { Conferences } from './conferences.ts'
import { Queues } from './queues.ts'
import { RecordingStore } from './recording-store.ts'
import { type TransferOptions, useTool } from './tool-use.ts'

/** One row in the response of `GET /v2/call_events`. */
interface CallEventRecord {
  record_type: 'call_event'
  type: 'command' | 'webhook'
  name: string
  call_leg_id: string
  call_session_id: string
  event_timestamp: string
  metadata: Record<string, unknown>
}

interface ExchangeOptions {
  clock: Clock
  chance: Chance
  settings: Settings
  courier: Courier
  /** Sends the requests of AI tools. */
  transport: Transport
  route: Route
  connectionId: string
  /** Returns the address of the simulator, without a path, for the download URLs of recordings. */
  origin(): string
}

export class Exchange implements CallHost {
  readonly clock: Clock
  readonly chance: Chance
  readonly settings: Settings
  readonly transport: Transport
  /** The entries of `GET /_sim/log`. */
  readonly log: BoundedLog<Activity>
  /** The rows of `GET /v2/recordings`. */
  readonly recordings: RecordingStore
  readonly queues: Queues
  readonly conferences: Conferences
  readonly assistants: Assistants
  readonly numbers: Numbers
  /** The rows of `GET /v2/call_events`. */
  readonly callEvents: BoundedLog<CallEventRecord>
  private readonly options: ExchangeOptions
  private readonly byId = new Map<string, Call>()
  private readonly watchers = new Map<(activity: Activity) => void, ReadonlySet<Activity['type']> | null>()
  private readonly phones = new Set<(call: Call) => boolean>()
  private callCount = 0
  private lastMicros = 0

  constructor(options: ExchangeOptions) {
    const { clock, chance, settings, transport } = options
    this.options = options
    this.clock = clock
    this.chance = chance
    this.settings = settings
    this.transport = transport
    this.log = new BoundedLog(settings.delivery.historySize)
    this.recordings = new RecordingStore(settings.delivery.historySize, options.origin)
    this.queues = new Queues(clock, chance)
    this.conferences = new Conferences(clock, chance, settings)
    this.assistants = new Assistants(clock, chance)
    this.numbers = new Numbers(clock, chance)
    this.callEvents = new BoundedLog(settings.delivery.historySize)
  }

  /** Creates a call and rings it. */
  placeCall(options: CallOptions): Call {
    const call = this.createCall(options)
    this.ring(call)
    return call
  }

  /** Creates a call that does not ring yet, so that a watcher can subscribe before its first event. */
  createCall(options: CallOptions): Call {
    this.callCount += 1
    const label = ['call', this.callCount] as const
    const identity: CallIdentity = {
      call_control_id: `v3:${this.chance.bytes(...label).toString('base64url')}`,
      call_leg_id: this.chance.uuid(...label, 'leg'),
      call_session_id: options.call_session_id ?? this.chance.uuid(...label, 'session'),
      connection_id: options.connection_id ?? this.options.connectionId,
      from: options.from,
      to: options.to,
    }
    const call = new Call(this, identity, { ...this.options.route, ...options.route }, options)
    this.byId.set(identity.call_control_id, call)
    this.byId.set(identity.call_leg_id, call)
    return call
  }

  ring(call: Call): void {
    call.ring()
    if (call.direction === 'outgoing')
      routeToCallee(call, this.settings, () => [...this.phones].some((phone) => phone(call)))
  }

  /** Dials a target and bridges it with `call` once it answers. Returns the new leg. */
  transfer(call: Call, options: TransferOptions): Call {
    const { from, shouldStayAfterUnbridge: staysWhenPeerLeaves = false, route, ...target } = options
    const { connection_id, call_session_id, ...numbers } = call.identity
    const leg = this.placeCall({
      ...target,
      direction: 'outgoing',
      from: from ?? (call.direction === 'incoming' ? numbers.to : numbers.from),
      connection_id,
      call_session_id,
      route: { ...call.route, ...route },
    })
    leg.whenAnswered(() => {
      if (call.phase === 'answered') call.bridgeWith(leg, staysWhenPeerLeaves)
      else leg.end({ type: 'hangup' })
    })
    call.whenEnded(() => leg.phase === 'bridging' && leg.end({ type: 'hangup' }))
    return leg
  }

  /** Connects a phone, which is offered each outgoing call and takes it by returning true. Returns a disconnect function. */
  addPhone(phone: (call: Call) => boolean): () => void {
    this.phones.add(phone)
    return () => this.phones.delete(phone)
  }

  /** Finds a call by its `call_control_id`. */
  find(callControlId: string): Call | undefined {
    const call = this.byId.get(callControlId)
    return call?.id === callControlId ? call : undefined
  }

  /** Finds a call by `call_control_id` or `call_leg_id`. The leg id needs no escaping in a URL path. */
  findByAnyId(id: string): Call | undefined {
    return this.byId.get(id)
  }

  /** Returns all calls in memory, oldest first. */
  calls(): Call[] {
    return [...new Set(this.byId.values())]
  }

  /** Removes a call from memory. */
  forget({ identity }: Call): void {
    this.byId.delete(identity.call_control_id)
    this.byId.delete(identity.call_leg_id)
  }

  emit(call: Call, event: WebhookEvent): void {
    const metadata = this.settings.api.callEventMetadata === 'event' ? { ...event } : event.payload
    this.addCallEvent(call, 'webhook', event.event_type, event.occurred_at, metadata)
    this.publish({ type: 'webhook', call_id: call.id, event })
    this.options.courier.send(event, call.id, call.route)
  }

  /** Adds a command to the rows of `GET /v2/call_events`. */
  recordCommand(call: Call, name: string, metadata: Record<string, unknown>): void {
    this.addCallEvent(call, 'command', name, this.timestamp(), metadata)
  }

  hasWatcher(type: Activity['type']): boolean {
    for (const types of this.watchers.values()) if (!types || types.has(type)) return true
    return false
  }

  publish(happening: UndatedActivity): void {
    const logged = LOGGED_TYPES.has(happening.type)
    if (!logged && !this.hasWatcher(happening.type)) return
    const activity: Activity = { at: new Date(this.clock.now()).toISOString(), ...happening }
    if (logged) this.log.add(activity)
    for (const [watcher, types] of this.watchers) if (!types || types.has(activity.type)) watcher(activity)
  }

  /** Subscribes to future activity of all calls, optionally of some types only. Returns the unsubscribe function. */
  watch(watcher: (activity: Activity) => void, types?: readonly Activity['type'][]): () => void {
    this.watchers.set(watcher, types ? new Set(types) : null)
    return () => this.watchers.delete(watcher)
  }

  /** Returns an ISO 8601 timestamp in microseconds, as in Telnyx's voice events. Strictly increasing, so it orders events. */
  timestamp(): string {
    const micros = Math.max(this.clock.now() * 1000, this.lastMicros + 1)
    this.lastMicros = micros
    const ms = Math.floor(micros / 1000)
    return `${new Date(ms).toISOString().slice(0, -1)}${String(micros - ms * 1000).padStart(3, '0')}Z`
  }

  async askModel(request: ModelRequest, signal: AbortSignal): Promise<ModelReply> {
    const { model } = this.settings.ai
    if (!model) return { ok: false, error: 'No model is configured. Set settings.ai.model.' }
    return askModel(model, request, signal)
  }

  useTool(call: Call, use: ToolUse): Promise<ToolResult> {
    return useTool(this, call, use)
  }

  /** Disposes all calls without emitting events. */
  close(): void {
    for (const call of this.calls()) call.dispose()
    this.byId.clear()
    this.watchers.clear()
  }

  private addCallEvent(
    { identity: { call_leg_id, call_session_id } }: Call,
    type: 'command' | 'webhook',
    name: string,
    event_timestamp: string,
    metadata: Record<string, unknown>,
  ): void {
    const row = { type, name, call_leg_id, call_session_id, event_timestamp, metadata }
    this.callEvents.add({ record_type: 'call_event', ...row })
  }
}
