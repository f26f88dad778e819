/**
 * One leg of a call, alive: the driver of its machines. Here, and only here, effects become webhooks, sound and timers.
 *
 * A leg has one DTMF gather and one conversation at most, and one line on which all that is said and played is heard.
 * Everything a command or the person on the telephone can do to it is a method; whether it may is settled before, by
 * the API.
 */
import type { Activity, CallView, Collecting, Happening, TranscriptLine } from './activity.ts'
import { aiGather, assistant } from './ai/index.ts'
import type { Route, WebhookEvent } from './delivery/courier.ts'
import type { Exchange, NewCall } from './exchange.ts'
import { type GatherInput, type GatherParams, type GatherState, startGather, stepGather } from './gather/gather.ts'
import { type LegInput, type LegState, startLeg, stepLeg } from './leg/leg.ts'
import { Line, type Sound, spoken } from './line.ts'
import type { AiContext, AiInput, Message, Step } from './machine.ts'
import { type Echo, Runner, type RunnerWorld } from './runner.ts'

export interface CallIdentity {
  call_control_id: string
  call_leg_id: string
  call_session_id: string
  connection_id: string
  from: string
  to: string
}

export type AiGatherParams = Parameters<typeof aiGather.start>[0]
export type AssistantParams = Parameters<typeof assistant.start>[0]

/** Which conversation to hold. */
export type ConversationStart =
  | { kind: 'ai_gather'; params: AiGatherParams }
  | { kind: 'assistant'; params: AssistantParams }

interface Conversation {
  kind: 'ai_gather' | 'assistant'
  command: string
  id: string
  runner: { feed(input: AiInput): void; alive: boolean }
  /** False from `call.conversation.ended` on; insights may still follow. */
  talking: boolean
}

/** Events whose payload has neither `from` nor `to`. */
const WITHOUT_NUMBERS: ReadonlySet<string> = new Set([
  'call.playback.started',
  'call.playback.ended',
  'call.speak.started',
  'call.speak.ended',
  'call.transcription',
  'call.conversation_insights.generated',
])

const TRANSCRIPT_LINES = 200
const USUAL_RING_MS = 30_000
const BUSY_MS = 500
const MACHINE_MS = 3000

export class Call {
  readonly identity: CallIdentity
  route: Route
  /** L6: set by the leg's last command that carries one; in every webhook from then on. */
  clientState: string | null
  private readonly exchange: Exchange
  private readonly options: NewCall
  private readonly line: Line
  private readonly watchers = new Set<(activity: Activity) => void>()
  private readonly transcript: TranscriptLine[] = []
  private readonly commandIds = new Map<string, { until: number; result: unknown }>()
  private readonly timers = new Set<() => void>()
  private readonly onAnswered: (() => void)[] = []
  private readonly onEnded: (() => void)[] = []
  private readonly createdAt: number
  private leg: LegState
  private gather: { command: string; runner: Runner<GatherState, GatherInput> } | null = null
  private conversations: Conversation[] = []
  private events = 0
  private requests = 0
  private answeredAt: number | null = null
  private endedAt: number | null = null
  private peer: Call | null = null
  private joined: Call | null = null
  private staysWhenPeerLeaves = false
  private transcribed = false

  constructor(exchange: Exchange, identity: CallIdentity, route: Route, options: NewCall) {
    this.exchange = exchange
    this.identity = identity
    this.route = route
    this.options = options
    this.clientState = options.client_state ?? null
    this.createdAt = exchange.clock.now()
    this.leg = startLeg(options.direction, this.iso(this.createdAt)).state
    this.line = new Line(exchange.clock, exchange.settings.audio, {
      started: (sound) => this.soundStarted(sound),
      ended: (sound, status, detail) => this.soundEnded(sound, status, detail),
    })
  }

  get id(): string {
    return this.identity.call_control_id
  }

  get phase(): LegState['phase'] {
    return this.leg.phase
  }

  get direction(): LegState['direction'] {
    return this.leg.direction
  }

  /** The DTMF gather that is running. */
  get gathering(): GatherState | null {
    return this.gather?.runner.alive ? this.gather.runner.state : null
  }

  /** The conversation that is running. */
  get conversation(): Pick<Conversation, 'kind' | 'id'> | null {
    return this.conversations.find((conversation) => conversation.talking) ?? null
  }

  // ---- its life -----------------------------------------------------------------------------------------------

  /** Rings: says `call.initiated`, and meets whoever is called. */
  ring(): void {
    const { settings } = this.exchange
    if (this.exchange.wants('call.created')) this.exchange.tell({ type: 'call.created', call: this.view() })
    this.perform(startLeg(this.leg.direction, this.leg.start_time))
    const incoming = this.leg.direction === 'incoming'
    this.after(this.options.ringMs ?? (incoming ? settings.leg.incomingRingMs : USUAL_RING_MS), () =>
      this.end({ type: 'rang-out' }),
    )
    if (incoming) return
    const told = settings.leg.callees[this.identity.to]
    // A number that is told how to behave does so; any other rings at a telephone that takes it.
    if (told === undefined && this.exchange.offer(this)) return
    const behaviour = told ?? 'answer'
    const pickUpMs = settings.leg.calleeAnswersAfterMs ?? (behaviour === 'machine' ? MACHINE_MS : null)
    if (behaviour === 'busy') this.after(BUSY_MS, () => this.end({ type: 'reject', cause: 'user_busy' }))
    if (behaviour === 'reject') this.after(BUSY_MS, () => this.end({ type: 'reject', cause: 'call_rejected' }))
    if ((behaviour === 'answer' || behaviour === 'machine') && pickUpMs !== null)
      this.after(pickUpMs, () => this.pickUp())
    if (behaviour === 'machine') this.whenAnswered(() => this.after(MACHINE_MS, () => this.machineDetected()))
  }

  /** The `answer` command. */
  answer(): void {
    this.connect({ type: 'answer' })
  }

  /** The person called picks up. */
  pickUp(): void {
    this.connect({ type: 'picked-up' })
  }

  /** Runs `then` once the call is answered: at once when it is. */
  whenAnswered(then: () => void): void {
    if (this.leg.phase === 'answered') then()
    else this.onAnswered.push(then)
  }

  /** Runs `then` when the call ends. */
  whenEnded(then: () => void): void {
    this.onEnded.push(then)
  }

  /** Ends the call, and first whatever runs on it (G19, A12). */
  end(input: LegInput): void {
    const next = stepLeg(this.leg, input, this.iso())
    if (next.state.phase !== 'ended' || this.leg.phase === 'ended') return
    for (const cancel of this.timers) cancel()
    this.timers.clear()
    this.gather?.runner.feed({ type: 'hangup' })
    for (const conversation of this.conversations) conversation.runner.feed({ type: 'hangup' })
    this.line.stop('call_hangup', true)
    this.endedAt = this.exchange.clock.now()
    this.perform(next)
    this.changed()
    const { peer } = this
    this.peer = null
    peer?.left()
    for (const then of this.onEnded.splice(0)) then()
    const { clock, settings } = this.exchange
    clock.schedule(clock.now() + settings.leg.endedCallMemoryMs, () => this.exchange.forget(this))
  }

  /** Lets go of everything without a word. */
  abandon(): void {
    for (const cancel of this.timers) cancel()
    this.watchers.clear()
  }

  private connect(input: LegInput): void {
    if (this.leg.phase === 'answered' || this.leg.phase === 'ended') return
    for (const cancel of this.timers) cancel()
    this.timers.clear()
    this.answeredAt = this.exchange.clock.now()
    this.perform(stepLeg(this.leg, input, this.iso()))
    if (this.options.timeLimitMs !== undefined)
      this.after(this.options.timeLimitMs, () => this.end({ type: 'time-limit' }))
    for (const then of this.onAnswered.splice(0)) then()
    this.changed()
  }

  // ---- commands -----------------------------------------------------------------------------------------------

  /** `answer` may send the webhooks of this call elsewhere. */
  reroute(route: Partial<Route>): void {
    this.route = { ...this.route, ...route }
  }

  /** L7: the answer to a command with this id within its memory, if there was one. */
  recall(commandId: string): { result: unknown } | null {
    const known = this.commandIds.get(commandId)
    return known && known.until > this.exchange.clock.now() ? known : null
  }

  remember(commandId: string, result: unknown): void {
    const now = this.exchange.clock.now()
    for (const [id, { until }] of this.commandIds) if (until <= now) this.commandIds.delete(id)
    this.commandIds.set(commandId, { until: now + this.exchange.settings.leg.commandIdMemoryMs, result })
  }

  /** Counts the requests for this call: the identity of an API fault. */
  nextRequest(): number {
    this.requests += 1
    return this.requests
  }

  /** Starts a DTMF gather; one that is active ends first (G18). */
  startGather(command: string, params: GatherParams): void {
    const settings = this.exchange.settings.gather
    const active = this.gathering !== null
    this.stopGather()
    const announced = params.prompt?.kind === 'media' || settings.emitSpeakEvents
    const step = (state: GatherState, input: GatherInput | Echo) =>
      input.type === 'model' ? { state, effects: [] } : stepGather(state, input)
    const runner = new Runner<GatherState, GatherInput>(this.world(), startGather(params, settings), step, {
      announced,
    })
    this.gather = { command, runner }
    if (active && settings.secondGather === 'cancel-both') runner.feed({ type: 'stop' })
    runner.begin()
    this.changed()
  }

  /** False when there was none. */
  stopGather(): boolean {
    if (!this.gathering) return false
    this.gather?.runner.feed({ type: 'stop' })
    return true
  }

  /** Starts an AI gather or an assistant and gives its `conversation_id`. */
  startConversation(command: string, start: ConversationStart): string {
    this.conversations = this.conversations.filter(({ runner }) => runner.alive)
    const { chance, settings, clock } = this.exchange
    const conversation_id = chance.uuid(this.id, 'conversation', this.requests, this.events)
    let uuids = 0
    const context: AiContext = {
      conversation_id,
      from: this.identity.from,
      to: this.identity.to,
      settings: settings.ai,
      uuid: () => chance.uuid(conversation_id, uuids++),
    }
    const conversation = { kind: start.kind, command, id: conversation_id, talking: true }
    const run = <State>(first: Step<State>, step: (state: State, input: AiInput, now: number) => Step<State>) => {
      const runner = new Runner<State, AiInput>(this.world(), first, (state, input, now) =>
        // Words cannot fail to play: only files can, and an AI plays none.
        step(state, input.type === 'failed' ? { type: 'spoken' } : input, now),
      )
      this.conversations.push({ ...conversation, runner })
      runner.begin()
    }
    if (start.kind === 'ai_gather') run(aiGather.start(start.params, context, clock.now()), aiGather.step)
    else run(assistant.start(start.params, context, clock.now()), assistant.step)
    this.changed()
    return conversation_id
  }

  /** Gives the running conversation an input. False when there is none of this kind. */
  feedConversation(input: AiInput, kind?: Conversation['kind']): boolean {
    const conversation = this.conversations.find(({ talking }) => talking)
    if (!conversation || (kind && conversation.kind !== kind)) return false
    conversation.runner.feed(input)
    return true
  }

  addMessages(messages: Message[], trigger_response: boolean): boolean {
    return this.feedConversation({ type: 'messages', messages, trigger_response })
  }

  /** `speak` and `playback_start`. `stop` as Telnyx has it: what is heard now, or that and all that waits. */
  hear(sound: Omit<Sound, 'owner' | 'announced'>, stop: 'current' | 'all' | undefined): void {
    if (stop) this.line.stop('cancelled', stop === 'all')
    this.line.add({ ...sound, owner: null, announced: true })
  }

  /** `playback_stop`. */
  stopSound(stop: 'current' | 'all'): void {
    this.line.stop('cancelled', stop === 'all')
  }

  /** `send_dtmf`: the keys are heard at the other end; on a bridged leg that is the other leg's business. */
  sendDtmf(digits: string): void {
    this.say({ type: 'dtmf.sent', call_id: this.id, digits })
  }

  /** Says what the caller said by webhook, as `transcription: true` on `answer` and `dial` asks for. */
  transcribe(): void {
    this.transcribed = true
  }

  /** Joins two answered legs. */
  bridgeWith(other: Call, staysWhenPeerLeaves: boolean): void {
    this.peer = other
    other.peer = this
    this.staysWhenPeerLeaves = staysWhenPeerLeaves
    this.emit('call.bridged', {})
    other.emit('call.bridged', {})
    this.changed()
    other.changed()
  }

  /** `ai_assistant_join` and `participants`: what is said on this leg is said in the other's conversation. */
  joinConversation(host: Call, endsIt: boolean): void {
    this.joined = host
    if (endsIt) this.whenEnded(() => host.feedConversation({ type: 'stop' }))
  }

  private left(): void {
    this.peer = null
    if (this.staysWhenPeerLeaves) this.changed()
    else this.end({ type: 'hangup' })
  }

  // ---- the person on the telephone ----------------------------------------------------------------------------

  /** L8, G1: a key is reported, then does what it does. */
  press(digit: string): void {
    if (this.leg.phase !== 'answered') return
    this.note('caller', 'key', digit)
    this.say({ type: 'key', call_id: this.id, digit })
    this.emit('call.dtmf.received', { digit })
    if (this.gathering) {
      this.line.interrupt('cancelled')
      this.gather?.runner.feed({ type: 'key', digit })
      this.line.resume()
    }
    this.feedConversation({ type: 'key', digit })
    this.changed()
  }

  speak(text: string): void {
    if (this.leg.phase !== 'answered') return
    this.note('caller', 'speech', text)
    this.say({ type: 'said', call_id: this.id, text })
    if (this.transcribed)
      this.emit('call.transcription', {
        transcription_data: { transcript: text, confidence: 0.98, is_final: true, transcription_track: 'inbound' },
      })
    const heardBy = this.joined?.phase === 'answered' ? this.joined : this
    heardBy.feedConversation({ type: 'said', text })
    this.changed()
  }

  /** G20: what answered was a machine. */
  private machineDetected(): void {
    this.emit('call.machine.detection.ended', { result: 'machine' })
    if (this.exchange.settings.gather.machineCancels && this.gathering) this.gather?.runner.feed({ type: 'machine' })
    this.changed()
  }

  // ---- what others see ----------------------------------------------------------------------------------------

  /** Calls `watcher` with what is said, heard, pressed and emitted on this call. Returns a function that stops it. */
  watch(watcher: (activity: Activity) => void): () => void {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  view(): CallView {
    const { playing } = this.line
    return {
      id: this.id,
      ...this.identity,
      direction: this.leg.direction,
      state: this.leg.phase === 'answered' || this.leg.phase === 'ended' ? this.leg.phase : 'ringing',
      client_state: this.clientState,
      created_at: this.iso(this.createdAt),
      answered_at: this.answeredAt === null ? null : this.iso(this.answeredAt),
      ended_at: this.endedAt === null ? null : this.iso(this.endedAt),
      hangup_cause: this.leg.cause,
      bridged_with: this.peer?.id ?? null,
      speaking: playing && { kind: playing.kind, text: spoken(playing.text), purpose: playing.purpose },
      collecting: this.collecting(),
      transcript: this.transcript.slice(),
    }
  }

  /** `data` of `GET /v2/calls/{id}`. */
  status(): Record<string, unknown> {
    const end = this.endedAt ?? this.exchange.clock.now()
    return {
      record_type: 'call',
      call_control_id: this.id,
      call_leg_id: this.identity.call_leg_id,
      call_session_id: this.identity.call_session_id,
      is_alive: this.leg.phase !== 'ended',
      call_duration: this.answeredAt === null ? 0 : Math.floor((end - this.answeredAt) / 1000),
      start_time: this.leg.start_time,
      ...(this.endedAt === null ? {} : { end_time: this.iso(this.endedAt) }),
      ...(this.clientState === null ? {} : { client_state: this.clientState }),
    }
  }

  private collecting(): Collecting | null {
    const { gathering } = this
    if (gathering) {
      const { params, attempt, digits, phase } = gathering
      const { minimum_digits, maximum_digits, terminating_digit, valid_digits, maximum_tries } = params
      const command = this.gather?.command ?? 'gather'
      return {
        kind: 'digits',
        command,
        digits,
        minimum_digits,
        maximum_digits,
        terminating_digit,
        valid_digits,
        attempt,
        maximum_tries,
        phase,
      }
    }
    const talking = this.conversations.find((conversation) => conversation.talking)
    return talking ? { kind: talking.kind, command: talking.command, conversation_id: talking.id } : null
  }

  // ---- effects ------------------------------------------------------------------------------------------------

  private world(): RunnerWorld {
    return {
      clock: this.exchange.clock,
      line: this.line,
      emit: (event_type, payload) => this.emit(event_type, payload),
      hangUp: () => this.end({ type: 'hangup' }),
      askModel: async (request, signal) => {
        const reply = await this.exchange.askModel(request, signal)
        if (!reply.ok && !signal.aborted) this.say({ type: 'trouble', call_id: this.id, text: reply.error })
        return reply
      },
      changed: () => this.changed(),
    }
  }

  private perform({ state, effects }: Step<LegState>): void {
    this.leg = state
    for (const effect of effects) if (effect.do === 'emit') this.emit(effect.event_type, effect.payload)
  }

  private emit(event_type: string, payload: Record<string, unknown>): void {
    const { from, to, ...ids } = this.identity
    const { call_control_id, connection_id, call_leg_id, call_session_id } = ids
    const numbers = WITHOUT_NUMBERS.has(event_type) ? {} : { from, to }
    this.events += 1
    const event: WebhookEvent = {
      record_type: 'event',
      event_type,
      id: this.exchange.chance.uuid(this.id, 'event', this.events),
      occurred_at: this.exchange.timestamp(),
      ...(event_type.startsWith('call.conversation.') ? { created_at: this.exchange.timestamp() } : {}),
      payload: {
        call_control_id,
        connection_id,
        call_leg_id,
        call_session_id,
        client_state: this.clientState,
        ...numbers,
        ...payload,
      },
    }
    if (event_type === 'call.conversation.ended') this.conversationEnded(payload.conversation_id)
    this.say({ type: 'webhook', call_id: this.id, event })
    this.exchange.emit(this, event)
  }

  private conversationEnded(id: unknown): void {
    for (const conversation of this.conversations) if (conversation.id === id) conversation.talking = false
  }

  private soundStarted(sound: Sound): void {
    this.note('platform', sound.kind, spoken(sound.text))
    this.say({
      type: 'prompt.started',
      call_id: this.id,
      kind: sound.kind,
      text: spoken(sound.text),
      purpose: sound.purpose,
    })
    if (sound.announced) this.emit(`call.${sound.kind === 'media' ? 'playback' : 'speak'}.started`, soundPayload(sound))
    this.changed()
  }

  private soundEnded(sound: Sound, status: string, detail?: string): void {
    this.say({
      type: 'prompt.ended',
      call_id: this.id,
      kind: sound.kind,
      text: spoken(sound.text),
      purpose: sound.purpose,
      status,
    })
    if (!sound.announced) return
    if (sound.kind === 'media') {
      this.emit('call.playback.ended', {
        ...soundPayload(sound),
        status,
        ...(detail === undefined ? {} : { status_detail: detail }),
      })
    } else {
      // G3: `call.speak.ended` has no `cancelled`.
      this.emit('call.speak.ended', {
        status: status === 'call_hangup' || status === 'cancelled_amd' ? status : 'completed',
      })
    }
  }

  private note(by: TranscriptLine['by'], kind: TranscriptLine['kind'], text: string): void {
    this.transcript.push({ at: this.iso(), by, kind, text })
    if (this.transcript.length > TRANSCRIPT_LINES) this.transcript.shift()
  }

  /** Tells whoever watches the simulator that the view has changed. */
  changed(): void {
    if (this.exchange.wants('call.updated')) this.exchange.tell({ type: 'call.updated', call: this.view() })
  }

  /** Tells this call's watchers and everybody's. (Webhooks reach everybody from the exchange.) */
  private say(happening: Happening): void {
    if (this.watchers.size > 0) {
      const activity: Activity = { at: this.iso(), ...happening }
      for (const watcher of this.watchers) watcher(activity)
    }
    if (happening.type !== 'webhook') this.exchange.tell(happening)
  }

  private after(ms: number, then: () => void): void {
    const { clock } = this.exchange
    const cancel = clock.schedule(clock.now() + ms, () => {
      this.timers.delete(cancel)
      then()
    })
    this.timers.add(cancel)
  }

  private iso(ms = this.exchange.clock.now()): string {
    return new Date(ms).toISOString()
  }
}

const soundPayload = ({ kind, media, overlay }: Sound): Record<string, unknown> =>
  kind === 'media'
    ? {
        ...(media?.audio_url === undefined ? {} : { media_url: media.audio_url }),
        ...(media?.media_name === undefined ? {} : { media_name: media.media_name }),
        overlay,
      }
    : {}
