/**
 * One leg of a call. Drives its state machines and turns their effects into webhooks, sounds and timers.
 *
 * A leg has at most one active DTMF gather, at most one active conversation, and one line that plays all sounds. Its
 * methods serve commands and the person on the phone. The API checks first whether a command is allowed.
 */
import type { Chance } from '../clock/chance.ts'
import type { Clock } from '../clock/clock.ts'
import { Timers } from '../clock/timers.ts'
import type { Route, WebhookEvent } from '../delivery/delivery.ts'
import { type LegInput, type LegState, startLeg, stepLeg } from '../leg/leg.ts'
import { Line, type Sound } from '../line/line.ts'
import type { Step } from '../machine/machine.ts'
import type { ModelReply, ModelRequest, ToolResult, ToolUse } from '../machine/model.ts'
import { stripSsml } from '../machine/ssml.ts'
import type { Settings } from '../settings/settings.ts'
import { ActiveGather } from './active-gather.ts'
import type { Activity, CallIdentity, CallView, PendingInput, TranscriptLine, UndatedActivity } from './activity.ts'
import { Conversations } from './conversations.ts'
import { commonFields, mediaFields } from './event-fields.ts'
import { CallMedia } from './media.ts'
import type { RecordingStore } from './recording-store.ts'
import type { RunnerDeps } from './runner.ts'

/** Options of a new call. */
export interface CallOptions {
  direction: 'incoming' | 'outgoing'
  from: string
  to: string
  connection_id?: string
  call_session_id?: string
  client_state?: string | null
  route?: Partial<Route>
  /** Ring timeout. Default: `settings.leg.incomingRingMs` for incoming calls, 30000 for outgoing calls. */
  ringMs?: number
  /** Maximum duration of the call after its answer. Default: unlimited. */
  timeLimitMs?: number
  /** Value of `answering_machine_detection`, when the command requested detection. */
  detection?: string
}

/** The services that all calls share. */
export interface CallHost {
  readonly clock: Clock
  readonly chance: Chance
  readonly settings: Settings
  readonly recordings: RecordingStore
  /** Returns an ISO 8601 timestamp in microseconds. Strictly increasing. */
  timestamp(): string
  /** Returns whether a watcher receives this activity type. If not, the call skips building its view. */
  hasWatcher(type: Activity['type']): boolean
  publish(happening: UndatedActivity): void
  /** Sends a webhook of a call. */
  emit(call: Call, event: WebhookEvent): void
  forget(call: Call): void
  askModel(request: ModelRequest, signal: AbortSignal): Promise<ModelReply>
  useTool(call: Call, use: ToolUse): Promise<ToolResult>
}

const MAX_TRANSCRIPT_LINES = 200
const DEFAULT_RING_MS = 30_000

export class Call {
  readonly identity: CallIdentity
  readonly options: CallOptions
  route: Route
  /** Rule L6: the `client_state` of the leg's latest command that has one; sent in every later webhook. */
  clientState: string | null
  /** Rule L7: results by `command_id`, kept until `until` (milliseconds) to deduplicate commands. */
  readonly commandResults = new Map<string, { until: number; result: { result: string; conversation_id?: string } }>()
  readonly gather: ActiveGather
  /** The AI gathers and assistants of this call. */
  readonly conversations: Conversations
  /** The recordings, transcription and streams of this call. */
  readonly media: CallMedia
  private readonly host: CallHost
  private readonly line: Line
  private readonly watchers = new Set<(activity: Activity) => void>()
  private readonly transcript: TranscriptLine[] = []
  private readonly timers: Timers
  private readonly answeredCallbacks: (() => void)[] = []
  private readonly endedCallbacks: (() => void)[] = []
  private readonly createdAt: string
  private legState: LegState
  private requestCount = 0
  private eventCount = 0
  private answeredAt: number | null = null
  private endedAt: number | null = null
  private peer: Call | null = null
  private joinedCall: Call | null = null
  private shouldStayAfterUnbridge = false

  constructor(host: CallHost, identity: CallIdentity, route: Route, options: CallOptions) {
    const { clock, chance, settings } = host
    this.host = host
    this.identity = identity
    this.route = route
    this.options = options
    this.clientState = options.client_state ?? null
    this.createdAt = this.now()
    this.timers = new Timers(clock)
    this.legState = startLeg(options.direction, identity.from, this.createdAt).state
    this.line = new Line(clock, settings.audio, {
      started: (sound) => this.soundStarted(sound),
      ended: (sound, status, detail) => this.soundEnded(sound, status, detail),
    })
    const runnerDeps = this.world()
    this.gather = new ActiveGather(runnerDeps, settings.gather)
    const { from, to } = identity
    this.conversations = new Conversations({
      chance,
      callId: this.id,
      context: { from, to, settings: settings.ai },
      deps: runnerDeps,
    })
    this.media = new CallMedia({
      clock,
      chance,
      identity,
      store: host.recordings,
      timestamp: () => host.timestamp(),
      emit: (event_type, payload) => this.emit(event_type, payload),
      publish: (happening) => this.publish(happening),
      beep: () => this.beep(),
    })
  }

  get id(): string {
    return this.identity.call_control_id
  }

  get phase(): LegState['phase'] {
    return this.legState.phase
  }

  get direction(): LegState['direction'] {
    return this.legState.direction
  }

  /** When (in milliseconds) and why the call ended, or null. */
  get ending(): { atMs: number; cause: LegState['cause'] } | null {
    return this.endedAt === null ? null : { atMs: this.endedAt, cause: this.legState.cause }
  }

  // ---- lifecycle ----------------------------------------------------------------------------------------------

  /** Starts to ring: emits `call.initiated`. */
  ring(): void {
    const { direction, start_time } = this.legState
    if (this.host.hasWatcher('call.created')) this.host.publish({ type: 'call.created', call: this.view() })
    this.perform(startLeg(direction, this.identity.from, start_time))
    const defaultRingMs = direction === 'incoming' ? this.host.settings.leg.incomingRingMs : DEFAULT_RING_MS
    this.after(this.options.ringMs ?? defaultRingMs, () => this.end({ type: 'rang-out' }))
  }

  /** Answers the call, by the `answer` command or by the person called. */
  connect(input: Extract<LegInput, { type: 'answer' | 'picked-up' }>): void {
    const next = stepLeg(this.legState, input, this.now())
    if (this.legState.phase === 'answered' || next.state.phase !== 'answered') return
    this.timers.clear()
    this.answeredAt = this.host.clock.now()
    this.perform(next)
    const { timeLimitMs } = this.options
    if (timeLimitMs !== undefined) this.after(timeLimitMs, () => this.end({ type: 'time-limit' }))
    for (const then of this.answeredCallbacks.splice(0)) then()
    this.publishUpdate()
  }

  /** Runs `then` once the call is answered, or immediately if the call is already answered. */
  whenAnswered(then: () => void): void {
    if (this.legState.phase === 'answered') then()
    else this.answeredCallbacks.push(then)
  }

  /** Runs `then` when the call ends. */
  whenEnded(then: () => void): void {
    this.endedCallbacks.push(then)
  }

  /** Runs `then` in `ms` milliseconds, unless the call is answered or ends first. */
  after(ms: number, then: () => void): void {
    this.timers.set(ms, then)
  }

  /** Ends the call, after its gather and its conversation (rules G19, A12). */
  end(input: LegInput): void {
    const next = stepLeg(this.legState, input, this.now())
    if (next.state.phase !== 'ended' || this.legState.phase === 'ended') return
    this.timers.clear()
    this.gather.feed({ type: 'hangup' })
    this.conversations.feed({ type: 'hangup' })
    this.line.stop('call_hangup', true)
    this.endedAt = this.host.clock.now()
    this.perform(next)
    this.media.end()
    this.publishUpdate()
    this.unbridge()
    for (const then of this.endedCallbacks.splice(0)) then()
    this.after(this.host.settings.leg.endedCallMemoryMs, () => this.host.forget(this))
  }

  /** Cancels all timers and watchers without emitting events. */
  dispose(): void {
    this.timers.clear()
    this.media.dispose()
    this.watchers.clear()
  }

  // ---- commands -----------------------------------------------------------------------------------------------

  /** Counts API requests of this call. Seeded faults use the number as their identity. */
  nextRequest(): number {
    this.requestCount += 1
    return this.requestCount
  }

  /** Runs `speak` and `playback_start`. `stop` first ends the current sound, and with `all` the queued sounds too. */
  playSound(sound: Omit<Sound, 'owner' | 'shouldEmitEvents'>, stop?: 'current' | 'all', shouldEmitEvents = true): void {
    if (stop) this.stopSound(stop)
    this.line.add({ ...sound, owner: null, shouldEmitEvents })
  }

  /** Runs `playback_stop`. */
  stopSound(stop: 'current' | 'all'): void {
    this.line.stop('cancelled', stop === 'all')
  }

  /** Runs `send_dtmf`: plays keys to the person on the phone. `w` pauses for half a second, `W` for a second. */
  sendDtmf(digits: string): void {
    let delayMs = 0
    for (const part of digits.match(/[wW]|[^wW]+/g) ?? []) {
      const play = () => this.publish({ type: 'dtmf.sent', call_id: this.id, digits: part })
      if (part === 'w') delayMs += 500
      else if (part === 'W') delayMs += 1000
      else if (delayMs === 0) play()
      else this.after(delayMs, play)
    }
  }

  /** Plays a beep, which takes no time on the line. */
  beep(): void {
    const beep = { call_id: this.id, kind: 'media', text: 'beep', purpose: 'beep' } as const
    this.addTranscriptLine('platform', beep.kind, beep.text)
    this.publish({ type: 'prompt.started', ...beep })
    this.publish({ type: 'prompt.ended', ...beep, status: 'completed' })
  }

  /** Bridges two answered legs. */
  bridgeWith(other: Call, staysWhenPeerLeaves: boolean): void {
    this.peer = other
    other.peer = this
    this.shouldStayAfterUnbridge = staysWhenPeerLeaves
    for (const leg of [this, other]) {
      leg.emit('call.bridged', {})
      leg.publishUpdate()
    }
  }

  /** Ends the bridge. The other leg stays or hangs up, as its bridge command said. */
  unbridge(): void {
    const { peer } = this
    this.peer = null
    peer?.onPeerLeft()
  }

  private onPeerLeft(): void {
    this.peer = null
    if (this.shouldStayAfterUnbridge) this.publishUpdate()
    else this.end({ type: 'hangup' })
  }

  /** Runs `ai_assistant_join` and `participants`: feeds this leg's speech to the conversation of `host`. */
  joinConversation(host: Call, shouldEndConversation: boolean): void {
    this.joinedCall = host
    if (shouldEndConversation) this.whenEnded(() => host.conversations.feed({ type: 'stop' }))
  }

  // ---- the person on the phone --------------------------------------------------------------------------------

  /** Rules L8, G1: emits `call.dtmf.received`, then feeds the key to the gather and the conversation. */
  press(digit: string): void {
    if (this.legState.phase !== 'answered') return
    this.addTranscriptLine('caller', 'key', digit)
    this.publish({ type: 'key', call_id: this.id, digit })
    this.emit('call.dtmf.received', { digit })
    if (this.gather.current) {
      this.line.interrupt('cancelled')
      this.gather.feed({ type: 'key', digit })
      this.line.resume()
    }
    this.conversations.feed({ type: 'key', digit })
    this.publishUpdate()
  }

  say(text: string): void {
    if (this.legState.phase !== 'answered') return
    this.addTranscriptLine('caller', 'speech', text)
    this.publish({ type: 'said', call_id: this.id, text })
    this.media.hear('inbound', text)
    this.peer?.media.hear('outbound', text)
    const host = this.joinedCall?.phase === 'answered' ? this.joinedCall : this
    host.conversations.feed({ type: 'said', text })
    this.publishUpdate()
  }

  // ---- views --------------------------------------------------------------------------------------------------

  /** Subscribes to the activity of this call. Returns the unsubscribe function. */
  watch(watcher: (activity: Activity) => void): () => void {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  /** Returns a snapshot of the call for the pages and scripted callers. */
  view(): CallView {
    const { identity, legState: leg, answeredAt, endedAt, transcript } = this
    const { playing } = this.line
    return {
      id: this.id,
      ...identity,
      direction: leg.direction,
      state: leg.phase === 'answered' || leg.phase === 'ended' ? leg.phase : 'ringing',
      client_state: this.clientState,
      created_at: this.createdAt,
      answered_at: answeredAt === null ? null : iso(answeredAt),
      ended_at: endedAt === null ? null : iso(endedAt),
      hangup_cause: leg.cause,
      bridged_with: this.peer?.id ?? null,
      speaking: playing && { kind: playing.kind, text: stripSsml(playing.text), purpose: playing.purpose },
      collecting: this.collecting(),
      transcript: transcript.slice(),
    }
  }

  private collecting(): PendingInput | null {
    const gather = this.gather.current
    if (gather) {
      const { params, attempt, digits, phase } = gather.state
      const { minimum_digits, maximum_digits, terminating_digit, valid_digits, maximum_tries } = params
      const limits = { minimum_digits, maximum_digits, terminating_digit, valid_digits, maximum_tries }
      return { kind: 'digits', command: gather.command, digits, ...limits, attempt, phase }
    }
    const talk = this.conversations.current
    return talk && { kind: talk.kind, command: talk.command, conversation_id: talk.id }
  }

  /** Returns the `data` object of `GET /v2/calls/{id}`. */
  status(): Record<string, unknown> {
    const { identity, legState: leg, clientState, answeredAt, endedAt } = this
    const { call_control_id, call_leg_id, call_session_id } = identity
    const until = endedAt ?? this.host.clock.now()
    return {
      record_type: 'call',
      call_control_id,
      call_leg_id,
      call_session_id,
      is_alive: leg.phase !== 'ended',
      call_duration: answeredAt === null ? 0 : Math.floor((until - answeredAt) / 1000),
      start_time: leg.start_time,
      ...(endedAt === null ? {} : { end_time: iso(endedAt) }),
      ...(clientState === null ? {} : { client_state: clientState }),
    }
  }

  /** Publishes a new view to watchers of the simulator. */
  publishUpdate(): void {
    if (this.host.hasWatcher('call.updated')) this.host.publish({ type: 'call.updated', call: this.view() })
  }

  /** Publishes activity to watchers of this call and of the simulator. The exchange publishes webhook activity itself. */
  private publish(happening: UndatedActivity): void {
    if (this.watchers.size > 0) {
      const activity: Activity = { at: this.now(), ...happening }
      for (const watcher of this.watchers) watcher(activity)
    }
    if (happening.type !== 'webhook') this.host.publish(happening)
  }

  private addTranscriptLine(by: TranscriptLine['by'], kind: TranscriptLine['kind'], text: string): void {
    this.transcript.push({ at: this.now(), by, kind, text })
    if (this.transcript.length > MAX_TRANSCRIPT_LINES) this.transcript.shift()
  }

  private now(): string {
    return iso(this.host.clock.now())
  }

  // ---- effects ------------------------------------------------------------------------------------------------

  private world(): RunnerDeps {
    return {
      clock: this.host.clock,
      line: this.line,
      emit: (event_type, payload) => this.emit(event_type, payload),
      hangUp: () => this.end({ type: 'hangup' }),
      askModel: async (request, signal) => {
        const reply = await this.host.askModel(request, signal)
        if (!reply.ok && !signal.aborted) this.publish({ type: 'trouble', call_id: this.id, text: reply.error })
        return reply
      },
      useTool: async (use) => {
        const answer = await this.host.useTool(this, use)
        const { tool } = use
        this.publish({ type: 'tool', call_id: this.id, tool, ok: answer.ok, summary: answer.summary })
        return answer
      },
      publishUpdate: () => this.publishUpdate(),
    }
  }

  private perform({ state, effects }: Step<LegState>): void {
    this.legState = state
    for (const effect of effects) if (effect.do === 'emit') this.emit(effect.event_type, effect.payload)
  }

  /** Sends a webhook. `common`: the payload fields common to the events of a call. */
  emit(event_type: string, payload: Record<string, unknown>, common = commonFields(this, event_type)): void {
    const { host, id } = this
    this.eventCount += 1
    const event: WebhookEvent = {
      record_type: 'event',
      event_type,
      id: host.chance.uuid(id, 'event', this.eventCount),
      occurred_at: host.timestamp(),
      ...(event_type.startsWith('call.conversation.') ? { created_at: host.timestamp() } : {}),
      payload: { ...common, ...payload },
    }
    this.publish({ type: 'webhook', call_id: id, event })
    host.emit(this, event)
  }

  private soundStarted(sound: Sound): void {
    const text = stripSsml(sound.text)
    this.addTranscriptLine('platform', sound.kind, text)
    this.publish({ type: 'prompt.started', call_id: this.id, kind: sound.kind, text, purpose: sound.purpose })
    if (sound.shouldEmitEvents)
      this.emit(`call.${sound.kind === 'media' ? 'playback' : 'speak'}.started`, mediaFields(sound))
    this.publishUpdate()
  }

  private soundEnded(sound: Sound, status: string, detail?: string): void {
    const { kind, purpose } = sound
    const text = stripSsml(sound.text)
    this.publish({ type: 'prompt.ended', call_id: this.id, kind, text, purpose, status })
    if (kind === 'speech') this.media.hear('outbound', text)
    if (!sound.shouldEmitEvents) return
    if (kind === 'media') {
      const reason = detail === undefined ? {} : { status_detail: detail }
      this.emit('call.playback.ended', { ...mediaFields(sound), status, ...reason })
    } else {
      // Rule G3: `call.speak.ended` has no `cancelled`.
      const isSpeakStatus = status === 'call_hangup' || status === 'cancelled_amd'
      this.emit('call.speak.ended', { status: isSpeakStatus ? status : 'completed' })
    }
  }
}

const iso = (ms: number) => new Date(ms).toISOString()
