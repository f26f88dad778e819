/**
 * One leg of a call, alive: the driver of its machines. Here effects become webhooks, sound and timers.
 *
 * A leg has one DTMF gather and one conversation at most, and one line on which all that is said and played is heard.
 * Everything a command or the person on the telephone can do to it is a method; whether it may is settled before, by
 * the API.
 */

import type { Route } from '../delivery/delivery.ts'
import { type LegInput, type LegState, startLeg, stepLeg } from '../leg/leg.ts'
import { Line, type Sound, spoken } from '../line/line.ts'
import type { Step } from '../machine/machine.ts'
import type { Activity, CallView, Happening, TranscriptLine } from './activity.ts'
import { collectingOf, statusOf, type Visible, viewOf } from './call-view.ts'
import { Callee } from './callee.ts'
import { CommandMemory } from './command-memory.ts'
import { Conversations } from './conversations.ts'
import { createEnvelope } from './envelope.ts'
import type { Exchange, NewCall } from './exchange.ts'
import { Gathering } from './gathering.ts'
import type { RunnerWorld } from './runner.ts'
import { useTool } from './tool-use.ts'

export interface CallIdentity {
  call_control_id: string
  call_leg_id: string
  call_session_id: string
  connection_id: string
  from: string
  to: string
}

const TRANSCRIPT_LINES = 200
const USUAL_RING_MS = 30_000

export class Call {
  readonly identity: CallIdentity
  route: Route
  /** L6: set by the leg's last command that carries one; in every webhook from then on. */
  clientState: string | null
  /** What of its commands is remembered by `command_id`. */
  readonly commands: CommandMemory
  /** Its DTMF gather. */
  readonly gathering: Gathering
  /** Its AI gather or assistant. */
  readonly conversations: Conversations
  private readonly exchange: Exchange
  private readonly options: NewCall
  private readonly line: Line
  private readonly envelope: ReturnType<typeof createEnvelope>
  private readonly watchers = new Set<(activity: Activity) => void>()
  private readonly transcript: TranscriptLine[] = []
  private readonly timers = new Set<() => void>()
  private readonly onAnswered: (() => void)[] = []
  private readonly onEnded: (() => void)[] = []
  private readonly createdAt: number
  private leg: LegState
  private requests = 0
  private answeredAt: number | null = null
  private endedAt: number | null = null
  private peer: Call | null = null
  private joined: Call | null = null
  private staysWhenPeerLeaves = false
  private transcribed = false

  constructor(exchange: Exchange, identity: CallIdentity, route: Route, options: NewCall) {
    const { clock, chance, settings } = exchange
    this.exchange = exchange
    this.identity = identity
    this.route = route
    this.options = options
    this.clientState = options.client_state ?? null
    this.createdAt = clock.now()
    this.leg = startLeg(options.direction, this.iso(this.createdAt)).state
    this.envelope = createEnvelope({ chance, identity, timestamp: () => exchange.timestamp() })
    this.commands = new CommandMemory(clock, settings.leg.commandIdMemoryMs)
    this.line = new Line(clock, settings.audio, {
      started: (sound) => this.soundStarted(sound),
      ended: (sound, status, detail) => this.soundEnded(sound, status, detail),
    })
    const world = this.world()
    this.gathering = new Gathering(world, settings.gather)
    const context = { from: identity.from, to: identity.to, settings: settings.ai }
    this.conversations = new Conversations({ chance, callId: this.id, context, world })
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

  // ---- its life -----------------------------------------------------------------------------------------------

  /** Rings: says `call.initiated`, and meets whoever is called. */
  ring(): void {
    const { settings } = this.exchange
    if (this.exchange.wants('call.created')) this.exchange.tell({ type: 'call.created', call: this.view() })
    this.perform(startLeg(this.leg.direction, this.leg.start_time))
    const incoming = this.leg.direction === 'incoming'
    const ringMs = this.options.ringMs ?? (incoming ? settings.leg.incomingRingMs : USUAL_RING_MS)
    this.after(ringMs, () => this.end({ type: 'rang-out' }))
    if (incoming) return
    new Callee(this, this.exchange, (ms, then) => this.after(ms, then)).meet(this.options.detection)
  }

  /** The call is answered: by the command, or by the person called. */
  connect(input: Extract<LegInput, { type: 'answer' | 'picked-up' }>): void {
    const next = stepLeg(this.leg, input, this.iso())
    if (this.leg.phase === 'answered' || next.state.phase !== 'answered') return
    this.clearTimers()
    this.answeredAt = this.exchange.clock.now()
    this.perform(next)
    const { timeLimitMs } = this.options
    if (timeLimitMs !== undefined) this.after(timeLimitMs, () => this.end({ type: 'time-limit' }))
    for (const then of this.onAnswered.splice(0)) then()
    this.changed()
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
    this.clearTimers()
    this.gathering.feed({ type: 'hangup' })
    this.conversations.feed({ type: 'hangup' })
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
    this.clearTimers()
    this.watchers.clear()
  }

  // ---- commands -----------------------------------------------------------------------------------------------

  /** `answer` may send the webhooks of this call elsewhere. */
  reroute(route: Partial<Route>): void {
    this.route = { ...this.route, ...route }
  }

  /** Counts the requests for this call: the identity of an API fault. */
  nextRequest(): number {
    this.requests += 1
    return this.requests
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

  /** `send_dtmf`: the keys are heard by the person on the telephone. */
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
    for (const leg of [this, other]) {
      leg.emit('call.bridged', {})
      leg.changed()
    }
  }

  private left(): void {
    this.peer = null
    if (this.staysWhenPeerLeaves) this.changed()
    else this.end({ type: 'hangup' })
  }

  /** `ai_assistant_join` and `participants`: what is said on this leg is said in the other's conversation. */
  joinConversation(host: Call, endsIt: boolean): void {
    this.joined = host
    if (endsIt) this.whenEnded(() => host.conversations.feed({ type: 'stop' }))
  }

  // ---- the person on the telephone ----------------------------------------------------------------------------

  /** L8, G1: a key is reported, then does what it does. */
  press(digit: string): void {
    if (this.leg.phase !== 'answered') return
    this.note('caller', 'key', digit)
    this.say({ type: 'key', call_id: this.id, digit })
    this.emit('call.dtmf.received', { digit })
    if (this.gathering.current) {
      this.line.interrupt('cancelled')
      this.gathering.feed({ type: 'key', digit })
      this.line.resume()
    }
    this.conversations.feed({ type: 'key', digit })
    this.changed()
  }

  speak(text: string): void {
    if (this.leg.phase !== 'answered') return
    this.note('caller', 'speech', text)
    this.say({ type: 'said', call_id: this.id, text })
    const heard = { transcript: text, confidence: 0.98, is_final: true, transcription_track: 'inbound' }
    if (this.transcribed) this.emit('call.transcription', { transcription_data: heard })
    const host = this.joined?.phase === 'answered' ? this.joined : this
    host.conversations.feed({ type: 'said', text })
    this.changed()
  }

  // ---- what others see ----------------------------------------------------------------------------------------

  /** Calls `watcher` with what is said, heard, pressed and emitted on this call. Returns a function that stops it. */
  watch(watcher: (activity: Activity) => void): () => void {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  view(): CallView {
    return viewOf(this.visible())
  }

  /** `data` of `GET /v2/calls/{id}`. */
  status(): Record<string, unknown> {
    return statusOf(this.visible(), this.exchange.clock.now())
  }

  private visible(): Visible {
    const { identity, leg, clientState, createdAt, answeredAt, endedAt, transcript } = this
    const { playing } = this.line
    const bridgedWith = this.peer?.id ?? null
    const collecting = collectingOf(this)
    return { identity, leg, clientState, createdAt, answeredAt, endedAt, bridgedWith, playing, collecting, transcript }
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
      useTool: async (use) => {
        const answer = await useTool(this.exchange, this, use)
        const { tool } = use
        this.say({ type: 'tool', call_id: this.id, tool, ok: answer.ok, summary: answer.summary })
        return answer
      },
      changed: () => this.changed(),
    }
  }

  private perform({ state, effects }: Step<LegState>): void {
    this.leg = state
    for (const effect of effects) if (effect.do === 'emit') this.emit(effect.event_type, effect.payload)
  }

  /** Says something by webhook. */
  emit(event_type: string, payload: Record<string, unknown>): void {
    const event = this.envelope(event_type, this.clientState, payload)
    this.say({ type: 'webhook', call_id: this.id, event })
    this.exchange.emit(this, event)
  }

  private soundStarted(sound: Sound): void {
    const text = spoken(sound.text)
    this.note('platform', sound.kind, text)
    this.say({ type: 'prompt.started', call_id: this.id, kind: sound.kind, text, purpose: sound.purpose })
    if (sound.announced) this.emit(`call.${sound.kind === 'media' ? 'playback' : 'speak'}.started`, mediaOf(sound))
    this.changed()
  }

  private soundEnded(sound: Sound, status: string, detail?: string): void {
    const { kind, purpose } = sound
    this.say({ type: 'prompt.ended', call_id: this.id, kind, text: spoken(sound.text), purpose, status })
    if (!sound.announced) return
    if (kind === 'media') {
      const why = detail === undefined ? {} : { status_detail: detail }
      this.emit('call.playback.ended', { ...mediaOf(sound), status, ...why })
    } else {
      // G3: `call.speak.ended` has no `cancelled`.
      const told = status === 'call_hangup' || status === 'cancelled_amd' ? status : 'completed'
      this.emit('call.speak.ended', { status: told })
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

  private clearTimers(): void {
    for (const cancel of this.timers) cancel()
    this.timers.clear()
  }

  private iso(ms = this.exchange.clock.now()): string {
    return new Date(ms).toISOString()
  }
}

const mediaOf = ({ kind, media, overlay }: Sound): Record<string, unknown> =>
  kind === 'media'
    ? {
        ...(media?.audio_url === undefined ? {} : { media_url: media.audio_url }),
        ...(media?.media_name === undefined ? {} : { media_name: media.media_name }),
        overlay,
      }
    : {}
