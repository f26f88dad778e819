/**
 * Someone on the telephone, for tests: dials, waits until asked, presses, talks, hangs up. A caller remembers what was
 * already waited for, so a second `waitForPrompt` means the next prompt, and none is missed by asking late.
 */
import type { Activity, CallView } from '../call/activity.ts'
import type { Call } from '../call/call.ts'
import type { Exchange } from '../call/exchange.ts'
import type { WebhookEvent } from '../delivery/delivery.ts'

/** How keys are pressed. */
export interface PressOptions {
  /** Milliseconds between two keys. Default 0: all at once. A list gives each pause its own length, the last one repeating. */
  everyMs?: number | readonly number[] | undefined
}

/** How long to wait. */
export interface WaitOptions {
  /** Gives up after so many milliseconds of the simulator's clock. Default 30000. */
  timeoutMs?: number | undefined
}

/** How to wait for a prompt. */
export interface PromptOptions extends WaitOptions {
  /** Listens to the end before it resolves. Default false: resolves as the prompt begins. */
  toTheEnd?: boolean | undefined
}

/** A prompt as it was heard. */
export interface HeardPrompt {
  text: string
  kind: 'speech' | 'media'
  purpose: string
}

export const USUAL_WAIT_MS = 30_000

/** Someone on the telephone. Made by `sim.phone.dial()` and `sim.phone.nextCall()`. */
export class Caller {
  private readonly call: Call
  private readonly exchange: Exchange
  private readonly prompts: (HeardPrompt & { ended: boolean })[] = []
  private readonly events: WebhookEvent[] = []
  private readonly ears = new Set<() => boolean>()
  private promptsSeen = 0
  private eventsSeen = 0

  /** @internal Callers are made by `sim.phone`. */
  constructor(exchange: Exchange, call: Call) {
    this.exchange = exchange
    this.call = call
    call.watch((activity) => this.notice(activity))
  }

  /** The `call_control_id`. */
  get id(): string {
    return this.call.id
  }

  /** The call as it is now. */
  get view(): CallView {
    return this.call.view()
  }

  /** Every event the call has emitted since this caller took the telephone. */
  get history(): readonly WebhookEvent[] {
    return this.events
  }

  /** Presses keys (`0-9`, `*`, `#`); resolves when the last one is pressed. */
  async press(keys: string, { everyMs = 0 }: PressOptions = {}): Promise<void> {
    if (!/^[0-9*#]*$/.test(keys)) throw new TypeError(`A telephone has the keys 0-9, * and #; not all of "${keys}".`)
    const pauses = typeof everyMs === 'number' ? [everyMs] : everyMs
    for (let index = 0; index < keys.length; index += 1) {
      const pause = index === 0 ? 0 : (pauses[Math.min(index - 1, pauses.length - 1)] ?? 0)
      if (pause > 0) await this.exchange.clock.sleep(pause)
      this.mustBeUp('press a key')
      this.call.press(keys.charAt(index))
    }
  }

  /** Says something. An AI that may be interrupted is interrupted. */
  async say(text: string): Promise<void> {
    this.mustBeUp('say anything')
    this.call.say(text)
  }

  /** Waits until the platform speaks, then talks over it. */
  async interrupt(text: string, options: WaitOptions = {}): Promise<void> {
    if (!this.call.view().speaking) await this.waitForPrompt(undefined, options)
    return this.say(text)
  }

  /** Hangs up. */
  async hangUp(): Promise<void> {
    this.call.end({ type: 'hung-up' })
  }

  /** Picks up a call that rings here. */
  async answer(): Promise<void> {
    if (this.call.phase !== 'bridging')
      throw new Error(`There is nothing to pick up: the call is ${this.call.view().state}.`)
    this.call.connect({ type: 'picked-up' })
  }

  /** Declines a call that rings here. */
  async decline(reason: 'rejected' | 'busy' = 'rejected'): Promise<void> {
    this.call.end({ type: 'reject', cause: reason === 'busy' ? 'user_busy' : 'call_rejected' })
  }

  /** Does nothing for so long. */
  wait(ms: number): Promise<void> {
    return this.exchange.clock.sleep(ms)
  }

  /** The next prompt whose text matches (a part of it, ignoring case, or a pattern). */
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

  /** The next event of this type, or that the function accepts. Each event is given once. */
  waitFor(event: string | ((event: WebhookEvent) => boolean), options: WaitOptions = {}): Promise<WebhookEvent> {
    const accepts = typeof event === 'string' ? ({ event_type }: WebhookEvent) => event_type === event : event
    return this.waitUntil(typeof event === 'string' ? event : 'an event', options, () => {
      const index = this.events.findIndex((one, at) => at >= this.eventsSeen && accepts(one))
      if (index !== -1) this.eventsSeen = index + 1
      return this.events[index]
    })
  }

  /** Until someone answers; at once when the call already is. */
  async answered(options: WaitOptions = {}): Promise<this> {
    await this.waitUntil('an answer', options, () => {
      if (this.call.phase === 'ended') throw new Error(`The call ended without an answer (${this.view.hangup_cause}).`)
      return this.call.phase === 'answered' || undefined
    })
    return this
  }

  /** Until the call is over. */
  async ended(options: WaitOptions = {}): Promise<void> {
    await this.waitUntil('the end of the call', options, () => this.call.phase === 'ended' || undefined)
  }

  private mustBeUp(what: string): void {
    if (this.call.phase !== 'answered') throw new Error(`The caller cannot ${what}: the call is ${this.view.state}.`)
  }

  private notice(activity: Activity): void {
    if (activity.type === 'prompt.started')
      this.prompts.push({ text: activity.text, kind: activity.kind, purpose: activity.purpose, ended: false })
    if (activity.type === 'prompt.ended') {
      const prompt = this.prompts.findLast(({ text, ended }) => !ended && text === activity.text)
      if (prompt) prompt.ended = true
    }
    if (activity.type === 'webhook') this.events.push(activity.event)
    for (const tries of this.ears) if (tries()) this.ears.delete(tries)
  }

  private waitUntil<T>(
    what: string,
    { timeoutMs = USUAL_WAIT_MS }: WaitOptions,
    look: () => T | undefined,
  ): Promise<T> {
    const { clock } = this.exchange
    return new Promise((resolve, reject) => {
      const tries = () => {
        try {
          const found = look()
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
        this.ears.delete(tries)
        reject(new Error(`Waited ${timeoutMs} ms for ${what}, in vain. ${this.story()}`))
      })
      if (!tries()) this.ears.add(tries)
    })
  }

  /** Summarises the call for the message of a timeout error. */
  private story(): string {
    const heard = this.prompts.map(({ text }) => JSON.stringify(text)).join(', ') || 'nothing'
    const types = this.events.map(({ event_type }) => event_type).join(', ') || 'none'
    return `The call is ${this.view.state}. Heard: ${heard}. Events: ${types}.`
  }
}

function matches(text: string, match: string | RegExp | undefined): boolean {
  if (match === undefined) return true
  return typeof match === 'string' ? text.toLowerCase().includes(match.toLowerCase()) : match.test(text)
}
