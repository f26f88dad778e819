/**
 * A simulated caller for tests. Each wait consumes its prompt or event, so a second `waitForPrompt` means the next
 * prompt. A prompt or event from before the wait also counts.
 */
import type { Activity, CallView } from '../call/activity.ts'
import type { Call } from '../call/call.ts'
import type { Exchange } from '../call/exchange.ts'
import type { WebhookEvent } from '../delivery/delivery.ts'

/** The timing of key presses. */
export interface PressOptions {
  /** Milliseconds between two keys. Default 0: all keys at once. A list sets each pause, and its last value repeats. */
  everyMs?: number | readonly number[] | undefined
}

/** Options of `waitForPrompt`, `waitFor` and the other waits. */
export interface WaitOptions {
  /** Timeout of the wait, in milliseconds of the simulator's clock. Default 30000. */
  timeoutMs?: number | undefined
}

/** Options of `waitForPrompt`. */
export interface PromptOptions extends WaitOptions {
  /** Whether the wait resolves when the prompt ends. Default false: it resolves when the prompt starts. */
  toTheEnd?: boolean | undefined
}

/** A prompt that the caller heard. */
export interface HeardPrompt {
  text: string
  kind: 'speech' | 'media'
  purpose: string
}

export const DEFAULT_WAIT_MS = 30_000

/** A simulated caller. Created by `sim.phone.dial()` and `sim.phone.nextCall()`. */
export class Caller {
  private readonly call: Call
  private readonly exchange: Exchange
  private readonly prompts: (HeardPrompt & { ended: boolean })[] = []
  private readonly events: WebhookEvent[] = []
  private readonly pendingWaits = new Set<() => boolean>()
  private promptsSeen = 0
  private eventsSeen = 0

  /** @internal Use `sim.phone` to create a caller. */
  constructor(exchange: Exchange, call: Call) {
    this.exchange = exchange
    this.call = call
    call.watch((activity) => this.record(activity))
  }

  /** The `call_control_id` of the call. */
  get id(): string {
    return this.call.id
  }

  /** The current state of the call. */
  get view(): CallView {
    return this.call.view()
  }

  /** All events that the call has emitted since this caller was created. */
  get history(): readonly WebhookEvent[] {
    return this.events
  }

  /** Presses keys (`0-9`, `*`, `#`) and resolves after the last key. Throws a TypeError for any other key. */
  async press(keys: string, { everyMs = 0 }: PressOptions = {}): Promise<void> {
    if (!/^[0-9*#]*$/.test(keys)) throw new TypeError('The caller cannot press these keys. Use only 0-9, * and #.')
    const pauses = typeof everyMs === 'number' ? [everyMs] : everyMs
    for (let index = 0; index < keys.length; index += 1) {
      const pause = index === 0 ? 0 : (pauses[Math.min(index - 1, pauses.length - 1)] ?? 0)
      if (pause > 0) await this.exchange.clock.sleep(pause)
      this.assertAnswered('press a key')
      this.call.press(keys.charAt(index))
    }
  }

  /** Says `text`, which interrupts an AI that allows interruptions. */
  async say(text: string): Promise<void> {
    this.assertAnswered('speak')
    this.call.say(text)
  }

  /** Waits until the platform speaks, then says `text` over its speech. */
  async interrupt(text: string, options: WaitOptions = {}): Promise<void> {
    if (!this.call.view().speaking) await this.waitForPrompt(undefined, options)
    return this.say(text)
  }

  /** Hangs up the call. */
  async hangUp(): Promise<void> {
    this.call.end({ type: 'hung-up' })
  }

  /** Answers an outgoing call of the application that rings at this phone. */
  async answer(): Promise<void> {
    if (this.call.phase !== 'bridging')
      throw new Error(
        `The caller cannot answer: the call is ${this.call.view().state}. Answer only a ringing outgoing call.`,
      )
    this.call.connect({ type: 'picked-up' })
  }

  /** Declines an outgoing call of the application that rings at this phone. */
  async decline(reason: 'rejected' | 'busy' = 'rejected'): Promise<void> {
    this.call.end({ type: 'reject', cause: reason === 'busy' ? 'user_busy' : 'call_rejected' })
  }

  /** Waits `ms` milliseconds of the simulator's clock. */
  wait(ms: number): Promise<void> {
    return this.exchange.clock.sleep(ms)
  }

  /** Waits for the next prompt that contains the text `match` (ignoring case) or matches the pattern `match`. */
  async waitForPrompt(match?: string | RegExp, { toTheEnd, ...options }: PromptOptions = {}): Promise<HeardPrompt> {
    const wanted = `a prompt${match === undefined ? '' : ` matching ${String(match)}`}`
    const found = await this.waitUntil(wanted, options, () => {
      const index = this.prompts.findIndex(({ text }, at) => at >= this.promptsSeen && matches(text, match))
      if (index !== -1) this.promptsSeen = index + 1
      return this.prompts[index]
    })
    if (toTheEnd) await this.waitUntil('the end of the prompt', options, () => found.ended || undefined)
    const { text, kind, purpose } = found
    return { text, kind, purpose }
  }

  /** Waits for the next event of a type, or the next event that a function accepts. Returns each event once. */
  waitFor(event: string | ((event: WebhookEvent) => boolean), options: WaitOptions = {}): Promise<WebhookEvent> {
    const accepts = typeof event === 'string' ? ({ event_type }: WebhookEvent) => event_type === event : event
    return this.waitUntil(typeof event === 'string' ? event : 'an event', options, () => {
      const index = this.events.findIndex((one, at) => at >= this.eventsSeen && accepts(one))
      if (index !== -1) this.eventsSeen = index + 1
      return this.events[index]
    })
  }

  /** Waits until the call is answered. Throws when it ends without an answer. */
  async answered(options: WaitOptions = {}): Promise<this> {
    await this.waitUntil('an answer', options, () => {
      if (this.call.phase === 'ended') throw new Error(`The call ended without an answer (${this.view.hangup_cause}).`)
      return this.call.phase === 'answered' || undefined
    })
    return this
  }

  /** Waits until the call ends. */
  async ended(options: WaitOptions = {}): Promise<void> {
    await this.waitUntil('the end of the call', options, () => this.call.phase === 'ended' || undefined)
  }

  private assertAnswered(what: string): void {
    if (this.call.phase !== 'answered')
      throw new Error(
        `The caller cannot ${what}: the call is ${this.view.state}. Do this only while the call is answered.`,
      )
  }

  private record(activity: Activity): void {
    if (activity.type === 'prompt.started')
      this.prompts.push({ text: activity.text, kind: activity.kind, purpose: activity.purpose, ended: false })
    if (activity.type === 'prompt.ended') {
      const prompt = this.prompts.findLast(({ text, ended }) => !ended && text === activity.text)
      if (prompt) prompt.ended = true
    }
    if (activity.type === 'webhook') this.events.push(activity.event)
    for (const tryResolve of this.pendingWaits) if (tryResolve()) this.pendingWaits.delete(tryResolve)
  }

  private waitUntil<T>(
    what: string,
    { timeoutMs = DEFAULT_WAIT_MS }: WaitOptions,
    find: () => T | undefined,
  ): Promise<T> {
    const { clock } = this.exchange
    return new Promise((resolve, reject) => {
      const tryResolve = () => {
        try {
          const found = find()
          if (found === undefined) return false
          cancel()
          resolve(found)
        } catch (error) {
          cancel()
          reject(error instanceof Error ? error : new Error(String(error)))
        }
        return true
      }
      const cancel = clock.schedule(clock.now() + timeoutMs, () => {
        this.pendingWaits.delete(tryResolve)
        reject(new Error(`Timed out after ${timeoutMs} ms waiting for ${what}. ${this.summary()}`))
      })
      if (!tryResolve()) this.pendingWaits.add(tryResolve)
    })
  }

  /** Summarises the call for the message of a timeout error. */
  private summary(): string {
    const heard = this.prompts.map(({ text }) => JSON.stringify(text)).join(', ') || 'nothing'
    const types = this.events.map(({ event_type }) => event_type).join(', ') || 'none'
    return `The call is ${this.view.state}. Heard: ${heard}. Events: ${types}.`
  }
}

function matches(text: string, match: string | RegExp | undefined): boolean {
  if (match === undefined) return true
  return typeof match === 'string' ? text.toLowerCase().includes(match.toLowerCase()) : match.test(text)
}
