/** Turns the events of each call into messages to HubSpot. State belongs to its call, so calls at once never mix. */
import type { CollectedItem, HostCall, HostCallEndedEvent, HostEvent } from '@callgather/protocol'
import type CallingExtensions from '@hubspot/calling-extensions-sdk'
import { type EngagementTexts, endStatusOf, type HubSpotRecord, propertiesOf } from './engagement.ts'

/** The messages that a call sends. */
export type CallMessages = Pick<
  CallingExtensions,
  'incomingCall' | 'outgoingCall' | 'callAnswered' | 'callEnded' | 'callCompleted'
>

export interface CallSettings {
  readonly hasWrapUp: boolean
  readonly createEngagement: boolean
  readonly dispositions: Readonly<Record<string, string>>
  readonly texts: EngagementTexts
}

/** How long the end of a call waits for HubSpot's engagement id. Without the id, HubSpot finds the call by its own id. */
const ENGAGEMENT_TIMEOUT_MS = 10_000
/** The maximum number of calls with state. Above it, the oldest call is released without being completed. */
const MAX_CALLS = 1_000

interface CallIds {
  readonly externalCallId: string
  readonly engagementId: number
}

interface Call {
  readonly collected: Map<string, CollectedItem>
  readonly waiting: (() => void)[]
  /** `undefined` while HubSpot creates the engagement; `null` if there is none. */
  engagementId: number | null | undefined
  timer: ReturnType<typeof setTimeout> | null
  startedAt: string | null
  answeredAt: string | null
  ended: HostCallEndedEvent | null
  isCompleted: boolean
}

export class HubSpotCalls {
  readonly #messages: CallMessages
  readonly #settings: CallSettings
  readonly #calls = new Map<string, Call>()
  /** The engagement of a call that went on when the page was loaded. The first call without a ringing event takes it. */
  #openEngagementId: number | null = null

  constructor(messages: CallMessages, settings: CallSettings) {
    this.#messages = messages
    this.#settings = settings
  }

  handle(event: HostEvent): void {
    switch (event.type) {
      case 'call-ringing':
        this.#callOf(event, 'ringing', event.at)
        break
      case 'call-answered':
      case 'gather-started':
        this.#answer(event, event.at)
        break
      case 'collected': {
        const { type: _, sessionId, from, to, direction, callId, ...item } = event
        this.#collect(this.#answer(event, event.at), [item])
        break
      }
      case 'call-ended':
        this.#end(event, 'live')
        break
      case 'wrap-up': {
        const call = this.#calls.get(event.callId)
        // The page has seen nothing of a call that ended before it was loaded, so there is nothing to complete.
        if (!call?.ended) break
        this.#collect(call, event.collected)
        if (!this.#settings.hasWrapUp) this.#complete(event.callId, '', null)
        break
      }
      case 'wrap-up-saved': {
        const { type: _, note, disposition, collected, endedAt, at, ...call } = event
        const unknown = { answeredAt: null, hungUpBy: null, cause: null }
        this.#collect(this.#end({ type: 'call-ended', ...call, ...unknown, at: endedAt }, 'past'), collected)
        this.#complete(event.callId, note, disposition)
        break
      }
    }
  }

  /** Records the id of the engagement that HubSpot created, or that it created none. */
  engagementCreated(engagementId: number | null, callId: string | undefined): void {
    const pending = [...this.#calls].filter(([, call]) => call.engagementId === undefined)
    // Without the id of the call, an answer belongs to the only call that waits for one. Two calls must not mix.
    const named = callId === undefined && pending.length === 1 ? pending : pending.filter(([id]) => id === callId)
    for (const [, call] of named) this.#settle(call, engagementId)
  }

  /** Records the engagement of the call that went on when HubSpot loaded the page. */
  resume(engagementId: number): void {
    if (this.#calls.size === 0) this.#openEngagementId = engagementId
  }

  stop(): void {
    for (const { timer } of this.#calls.values()) if (timer !== null) clearTimeout(timer)
    this.#calls.clear()
  }

  /**
   * Returns the state of a call. Starts the call in HubSpot if the page has seen nothing of it: its ringing, or a `live`
   * call that rang before the page was loaded. A `past` call is not started, because HubSpot would ring.
   */
  #callOf(call: HostCall, seen: 'ringing' | 'live' | 'past', startedAt: string | null): Call {
    const known = this.#calls.get(call.callId)
    if (known) {
      known.startedAt ??= startedAt
      return known
    }
    const made: Call = {
      ...{ collected: new Map(), waiting: [], engagementId: undefined, timer: null },
      ...{ startedAt, answeredAt: null, ended: null, isCompleted: false },
    }
    this.#calls.set(call.callId, made)
    if (seen !== 'ringing' && this.#openEngagementId !== null) {
      made.engagementId = this.#openEngagementId
      this.#openEngagementId = null
    } else if (seen === 'past') made.engagementId = null
    else this.#start(call, made)
    this.#evict()
    return made
  }

  #start({ callId, from, to, direction }: HostCall, call: Call): void {
    const { createEngagement } = this.#settings
    if (!createEngagement) call.engagementId = null
    const info = {
      ...{ externalCallId: callId, fromNumber: from ?? '', toNumber: to ?? '', createEngagement },
      callStartTime: call.startedAt === null ? Date.now() : Date.parse(call.startedAt),
    }
    if (direction === 'outgoing') this.#messages.outgoingCall(info)
    else this.#messages.incomingCall(info)
  }

  /** Keys and words prove that a call was answered, even if the page was loaded later. */
  #answer(event: HostCall, at: string): Call {
    const call = this.#callOf(event, 'live', null)
    if (call.answeredAt !== null || call.ended) return call
    call.answeredAt = at
    this.#messages.callAnswered({ externalCallId: event.callId })
    return call
  }

  #collect({ collected }: Call, items: readonly CollectedItem[]): void {
    for (const item of items) collected.set(`${item.gatherId} ${item.name}`, item)
  }

  #end(event: HostCallEndedEvent, seen: 'live' | 'past'): Call {
    const call = this.#callOf(event, seen, event.startedAt)
    if (call.ended) return call
    call.answeredAt = event.answeredAt ?? call.answeredAt
    call.ended = event
    const callEndStatus = endStatusOf(event, call.answeredAt)
    this.#afterEngagement(call, (ids) => this.#messages.callEnded({ ...ids, callEndStatus }))
    // The log of a missed call may not be watched, and then no event follows.
    if (!this.#settings.hasWrapUp && call.answeredAt === null) this.#complete(event.callId, '', null)
    return call
  }

  #complete(callId: string, note: string, disposition: string | null): void {
    const call = this.#calls.get(callId)
    if (!call?.ended || call.isCompleted) return
    call.isCompleted = true
    const { type: _, at: endedAt, cause, hungUpBy, ...ended } = call.ended
    const { startedAt, answeredAt } = call
    const collected = [...call.collected.values()].sort((a, b) => (a.at === b.at ? 0 : a.at < b.at ? -1 : 1))
    const status = endStatusOf(call.ended, answeredAt)
    const record: HubSpotRecord = { ...ended, startedAt, answeredAt, endedAt, status, note, disposition, collected }
    const { texts, dispositions } = this.#settings
    const engagementProperties = propertiesOf(record, texts, dispositions)
    this.#afterEngagement(call, (ids) => this.#messages.callCompleted({ ...ids, engagementProperties }))
    call.collected.clear()
  }

  /** Sends a message that names the engagement, once HubSpot has created it. */
  #afterEngagement(call: Call, send: (ids: CallIds) => void): void {
    call.waiting.push(() => {
      const { engagementId } = call
      const ids = { externalCallId: call.ended?.callId ?? '', ...(engagementId ? { engagementId } : {}) }
      // The SDK's type requires the id of the engagement, but HubSpot also finds a call by `externalCallId`.
      send(ids as CallIds)
    })
    if (call.engagementId !== undefined) this.#settle(call, call.engagementId)
    else call.timer ??= setTimeout(() => this.#settle(call, null), ENGAGEMENT_TIMEOUT_MS)
  }

  #settle(call: Call, engagementId: number | null): void {
    call.engagementId = engagementId
    if (call.timer !== null) clearTimeout(call.timer)
    call.timer = null
    for (const send of call.waiting.splice(0)) send()
  }

  #evict(): void {
    for (const [callId, { timer }] of this.#calls) {
      if (this.#calls.size <= MAX_CALLS) return
      if (timer !== null) clearTimeout(timer)
      this.#calls.delete(callId)
    }
  }
}
