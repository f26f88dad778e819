/**
 * One leg of a call, alive: the driver of its machines. Here effects become webhooks, sound and timers.
 *
 * A leg has one DTMF gather and one conversation at most, and one line on which all that is said and played is heard.
 * Everything a command or the person on the telephone can do to it is a method; whether it may is settled before, by
 * the API.
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
import type { RunnerDeps } from './runner.ts'

/** What a call is made from. */
export interface CallOptions {
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

/** What all calls share. */
export interface CallHost {
  readonly clock: Clock
  readonly chance: Chance
  readonly settings: Settings
  /** ISO 8601 with microseconds, never twice the same. */
  timestamp(): string
  /** Whether anybody wants to know of this: a view of a call is costly to make for nobody. */
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

/** Events whose payload has neither `from` nor `to`. */
const EVENTS_WITHOUT_NUMBERS: ReadonlySet<string> = new Set([
  'call.playback.started',
  'call.playback.ended',
  'call.speak.started',
  'call.speak.ended',
  'call.transcription',
  'call.conversation_insights.generated',
])

export class Call {
  readonly identity: CallIdentity
  readonly options: CallOptions
  route: Route
  /** L6: set by the leg's last command that carries one; in every webhook from then on. */
  clientState: string | null
  /** L7: the results of its commands by `command_id`, and until when they are remembered. */
  readonly commandResults = new Map<string, { until: number; result: { result: string; conversation_id?: string } }>()
  /** Its DTMF gather. */
  readonly gather: ActiveGather
  /** Its AI gather or assistant. */
  readonly conversations: Conversations
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
  private isTranscribed = false

  constructor(host: CallHost, identity: CallIdentity, route: Route, options: CallOptions) {
    const { clock, chance, settings } = host
    this.host = host
    this.identity = identity
    this.route = route
    this.options = options
    this.clientState = options.client_state ?? null
    this.createdAt = this.now()
    this.timers = new Timers(clock)
    this.legState = startLeg(options.direction, this.createdAt).state
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

  // ---- its life -----------------------------------------------------------------------------------------------

  /** Rings: says `call.initiated`. */
  ring(): void {
    const { direction, start_time } = this.legState
    if (this.host.hasWatcher('call.created')) this.host.publish({ type: 'call.created', call: this.view() })
    this.perform(startLeg(direction, start_time))
    const usual = direction === 'incoming' ? this.host.settings.leg.incomingRingMs : DEFAULT_RING_MS
    this.after(this.options.ringMs ?? usual, () => this.end({ type: 'rang-out' }))
  }

  /** The call is answered: by the command, or by the person called. */
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

  /** Runs `then` once the call is answered: at once when it is. */
  whenAnswered(then: () => void): void {
    if (this.legState.phase === 'answered') then()
    else this.answeredCallbacks.push(then)
  }

  /** Runs `then` when the call ends. */
  whenEnded(then: () => void): void {
    this.endedCallbacks.push(then)
  }

  /** Runs `then` in `ms` milliseconds, unless the call is answered or ends before. */
  after(ms: number, then: () => void): void {
    this.timers.set(ms, then)
  }

  /** Ends the call, and first whatever runs on it (G19, A12). */
  end(input: LegInput): void {
    const next = stepLeg(this.legState, input, this.now())
    if (next.state.phase !== 'ended' || this.legState.phase === 'ended') return
    this.timers.clear()
    this.gather.feed({ type: 'hangup' })
    this.conversations.feed({ type: 'hangup' })
    this.line.stop('call_hangup', true)
    this.endedAt = this.host.clock.now()
    this.perform(next)
    this.publishUpdate()
    const { peer } = this
    this.peer = null
    peer?.onPeerLeft()
    for (const then of this.endedCallbacks.splice(0)) then()
    this.after(this.host.settings.leg.endedCallMemoryMs, () => this.host.forget(this))
  }

  /** Lets go of everything without a word. */
  dispose(): void {
    this.timers.clear()
    this.watchers.clear()
  }

  // ---- commands -----------------------------------------------------------------------------------------------

  /** Counts the requests for this call: the identity of an API fault. */
  nextRequest(): number {
    this.requestCount += 1
    return this.requestCount
  }

  /** `speak` and `playback_start`. `stop` as Telnyx has it: what is heard now, or that and all that waits. */
  playSound(sound: Omit<Sound, 'owner' | 'shouldEmitEvents'>, stop?: 'current' | 'all'): void {
    if (stop) this.stopSound(stop)
    this.line.add({ ...sound, owner: null, shouldEmitEvents: true })
  }

  /** `playback_stop`. */
  stopSound(stop: 'current' | 'all'): void {
    this.line.stop('cancelled', stop === 'all')
  }

  /** `send_dtmf`: the keys are heard by the person on the telephone. */
  sendDtmf(digits: string): void {
    this.publish({ type: 'dtmf.sent', call_id: this.id, digits })
  }

  /** Says what the caller said by webhook, as `transcription: true` on `answer` and `dial` asks for. */
  enableTranscription(): void {
    this.isTranscribed = true
  }

  /** Joins two answered legs. */
  bridgeWith(other: Call, staysWhenPeerLeaves: boolean): void {
    this.peer = other
    other.peer = this
    this.shouldStayAfterUnbridge = staysWhenPeerLeaves
    for (const leg of [this, other]) {
      leg.emit('call.bridged', {})
      leg.publishUpdate()
    }
  }

  private onPeerLeft(): void {
    this.peer = null
    if (this.shouldStayAfterUnbridge) this.publishUpdate()
    else this.end({ type: 'hangup' })
  }

  /** `ai_assistant_join` and `participants`: what is said on this leg is said in the other's conversation. */
  joinConversation(host: Call, endsIt: boolean): void {
    this.joinedCall = host
    if (endsIt) this.whenEnded(() => host.conversations.feed({ type: 'stop' }))
  }

  // ---- the person on the telephone ----------------------------------------------------------------------------

  /** L8, G1: a key is reported, then does what it does. */
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
    const heard = { transcript: text, confidence: 0.98, is_final: true, transcription_track: 'inbound' }
    if (this.isTranscribed) this.emit('call.transcription', { transcription_data: heard })
    const host = this.joinedCall?.phase === 'answered' ? this.joinedCall : this
    host.conversations.feed({ type: 'said', text })
    this.publishUpdate()
  }

  // ---- what others see ----------------------------------------------------------------------------------------

  /** Calls `watcher` with what is said, heard, pressed and emitted on this call. Returns a function that stops it. */
  watch(watcher: (activity: Activity) => void): () => void {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  /** The call as the caller's side sees it. */
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

  /** `data` of `GET /v2/calls/{id}`. */
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

  /** Tells whoever watches the simulator that the view has changed. */
  publishUpdate(): void {
    if (this.host.hasWatcher('call.updated')) this.host.publish({ type: 'call.updated', call: this.view() })
  }

  /** Tells this call's watchers and everybody's. (Webhooks reach everybody from the exchange.) */
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

  /** Says something by webhook: with an id, a time, the ids of the call, its `client_state` and its numbers. */
  emit(event_type: string, payload: Record<string, unknown>): void {
    const { host, id, clientState: client_state } = this
    const { from, to, ...ids } = this.identity
    this.eventCount += 1
    const event: WebhookEvent = {
      record_type: 'event',
      event_type,
      id: host.chance.uuid(id, 'event', this.eventCount),
      occurred_at: host.timestamp(),
      ...(event_type.startsWith('call.conversation.') ? { created_at: host.timestamp() } : {}),
      payload: { ...ids, client_state, ...(EVENTS_WITHOUT_NUMBERS.has(event_type) ? {} : { from, to }), ...payload },
    }
    this.publish({ type: 'webhook', call_id: id, event })
    host.emit(this, event)
  }

  private soundStarted(sound: Sound): void {
    const text = stripSsml(sound.text)
    this.addTranscriptLine('platform', sound.kind, text)
    this.publish({ type: 'prompt.started', call_id: this.id, kind: sound.kind, text, purpose: sound.purpose })
    if (sound.shouldEmitEvents)
      this.emit(`call.${sound.kind === 'media' ? 'playback' : 'speak'}.started`, mediaOf(sound))
    this.publishUpdate()
  }

  private soundEnded(sound: Sound, status: string, detail?: string): void {
    const { kind, purpose } = sound
    this.publish({ type: 'prompt.ended', call_id: this.id, kind, text: stripSsml(sound.text), purpose, status })
    if (!sound.shouldEmitEvents) return
    if (kind === 'media') {
      const why = detail === undefined ? {} : { status_detail: detail }
      this.emit('call.playback.ended', { ...mediaOf(sound), status, ...why })
    } else {
      // G3: `call.speak.ended` has no `cancelled`.
      const known = status === 'call_hangup' || status === 'cancelled_amd'
      this.emit('call.speak.ended', { status: known ? status : 'completed' })
    }
  }
}

const iso = (ms: number) => new Date(ms).toISOString()

function mediaOf({ kind, media, overlay }: Sound): Record<string, unknown> {
  if (kind === 'speech') return {}
  const { audio_url, media_name } = media ?? {}
  return {
    ...(audio_url === undefined ? {} : { media_url: audio_url }),
    ...(media_name === undefined ? {} : { media_name }),
    overlay,
  }
}
