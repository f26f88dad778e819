/** Conferences: who takes part, what they hear, and the webhooks of each change. */
import type { Chance } from '../clock/chance.ts'
import type { Clock } from '../clock/clock.ts'
import { speechMs } from '../line/line.ts'
import type { Settings } from '../settings/settings.ts'
import type { Call } from './call.ts'

export interface Participant {
  id: string
  call: Call
  joinedAt: number
  isMuted: boolean
  isOnHold: boolean
  /** Ends the conference when this participant leaves: `hang-up` also ends the calls of the others. */
  onExit: 'stay' | 'end' | 'hang-up'
  beeps: Beeps
}

export interface Conference {
  id: string
  name: string
  /** The call that created the conference. Its route gets the webhooks about the conference as a whole. */
  creator: Call
  status: 'init' | 'in_progress' | 'completed'
  createdAt: number
  updatedAt: number
  expiresAt: number
  maxParticipants: number
  endReason: EndReason | null
  endedBy: Call | null
  beeps: Beeps
  participants: Participant[]
  cancelTimeLimit(): void
}

type Beeps = 'always' | 'never' | 'on_enter' | 'on_exit'
type EndReason = 'all_left' | 'host_left' | 'time_exceeded'

interface ConferenceOptions {
  name: string
  durationMs: number
  maxParticipants: number
  isStarted: boolean
  beeps: Beeps
}

export interface JoinOptions extends Pick<Participant, 'isMuted' | 'isOnHold' | 'onExit'> {
  shouldStart: boolean
  /** Default: the beeps of the conference. */
  beeps?: Beeps | undefined
}

export class Conferences {
  private readonly clock: Clock
  private readonly chance: Chance
  private readonly settings: Settings
  private readonly byId = new Map<string, Conference>()
  private participantCount = 0

  constructor(clock: Clock, chance: Chance, settings: Settings) {
    this.clock = clock
    this.chance = chance
    this.settings = settings
  }

  /** Returns the conferences, newest first. */
  list(): Conference[] {
    return [...this.byId.values()].reverse()
  }

  find(id: string): Conference | undefined {
    return this.byId.get(id)
  }

  /** Creates a conference, which its creator joins. */
  create(creator: Call, { name, durationMs, maxParticipants, isStarted, beeps }: ConferenceOptions): Conference {
    const now = this.clock.now()
    const conference: Conference = {
      id: this.chance.uuid('conference', this.byId.size + 1),
      name,
      creator,
      status: isStarted ? 'in_progress' : 'init',
      createdAt: now,
      updatedAt: now,
      expiresAt: now + durationMs,
      maxParticipants,
      endReason: null,
      endedBy: null,
      beeps,
      participants: [],
      cancelTimeLimit: this.clock.schedule(now + durationMs, () => this.end(conference, 'time_exceeded', null)),
    }
    this.byId.set(conference.id, conference)
    this.report(conference, creator, 'created', { occurred_at: iso(now) })
    this.join(conference, creator, { isMuted: false, isOnHold: false, onExit: 'stay', shouldStart: false })
    return conference
  }

  join(conference: Conference, call: Call, { shouldStart, beeps, ...options }: JoinOptions): void {
    this.participantCount += 1
    const id = this.chance.uuid('participant', this.participantCount)
    const participant = { id, call, joinedAt: this.clock.now(), beeps: beeps ?? conference.beeps, ...options }
    conference.participants.push(participant)
    conference.updatedAt = participant.joinedAt
    if (shouldStart && conference.status === 'init') conference.status = 'in_progress'
    this.report(conference, call, 'participant.joined')
    if (participant.beeps === 'always' || participant.beeps === 'on_enter') beep(conference)
    call.whenEnded(() => this.leave(conference, participant))
  }

  /** Removes a participant, which may end the conference. Does nothing if the participant has left. */
  leave(conference: Conference, participant: Participant, beeps = participant.beeps): void {
    if (!conference.participants.includes(participant)) return
    conference.participants = conference.participants.filter((other) => other !== participant)
    conference.updatedAt = this.clock.now()
    this.report(conference, participant.call, 'participant.left')
    if (beeps === 'always' || beeps === 'on_exit') beep(conference)
    if (participant.onExit !== 'stay') this.end(conference, 'host_left', participant)
    else if (conference.participants.length === 0) this.end(conference, 'all_left', participant)
  }

  /** Speaks to all participants, or to the calls in `only`, and reports when the speech starts and ends. */
  speak(conference: Conference, text: string, only: readonly Call[]): void {
    const listeners = conference.participants.filter(
      ({ call, isOnHold }) => only.includes(call) || !(only.length > 0 || isOnHold),
    )
    const sound = { kind: 'speech', text, media: null, purpose: 'conference', loop: 1, overlay: false } as const
    const report = (moment: 'started' | 'ended') => {
      const { id: conference_id, creator } = conference
      const fields = {
        conference_id,
        creator_call_session_id: creator.identity.call_session_id,
        occurred_at: iso(this.clock.now()),
      }
      const { connection_id } = creator.identity
      if (only.length === 0) creator.emit(`conference.speak.${moment}`, fields, { connection_id })
      else for (const call of only) call.emit(`conference.participant.speak.${moment}`, fields)
    }
    report('started')
    for (const { call } of listeners) call.playSound(sound, undefined, false)
    this.clock.schedule(this.clock.now() + speechMs(text, this.settings.audio), () => report('ended'))
  }

  private end(conference: Conference, reason: EndReason, endedBy: Participant | null): void {
    if (conference.status === 'completed') return
    conference.cancelTimeLimit()
    const remaining = conference.participants
    const now = this.clock.now()
    Object.assign(conference, { status: 'completed', updatedAt: now, endReason: reason, participants: [] })
    conference.endedBy = endedBy?.call ?? null
    for (const { call } of remaining) this.report(conference, call, 'participant.left')
    this.report(conference, conference.creator, 'ended', { occurred_at: iso(now), reason })
    if (endedBy?.onExit !== 'end') for (const { call } of remaining) call.end({ type: 'hangup' })
  }

  private report(conference: Conference, call: Call, event: string, fields: Record<string, unknown> = {}): void {
    call.emit(`conference.${event}`, { conference_id: conference.id, ...fields })
  }
}

function beep({ participants }: Conference): void {
  for (const { call } of participants) call.beep()
}

const iso = (ms: number) => new Date(ms).toISOString()
