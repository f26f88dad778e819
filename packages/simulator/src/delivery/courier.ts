/**
 * Brings webhooks to their receiver: a fresh signature and a new `meta.attempt` for each attempt, retries where Telnyx
 * retries, then the failover URL; and the faults that were asked for on the way.
 *
 * What is retried (Telnyx's voice webhooks): no answer in time, 408, 429, 5xx, and 3xx, which is not followed. Any
 * other 4xx is a refusal and is not retried.
 */
import { gzipSync } from 'node:zlib'
import type { Chance } from '../chance.ts'
import type { Clock } from '../clock.ts'
import type { DeliverySettings } from '../settings.ts'
import type { Faults } from './faults.ts'
import { createSigner, type Signer } from './signer.ts'
import { refusalOfTarget } from './target.ts'
import type { Receipt, Transport } from './transport.ts'

/** `data` of a webhook's body. */
export interface WebhookEvent {
  record_type: 'event'
  event_type: string
  id: string
  occurred_at: string
  created_at?: string
  payload: Record<string, unknown>
}

/** One attempt to deliver. */
export interface Attempt {
  /** `meta.attempt`. */
  number: number
  url: string
  started_at: string
  finished_at: string | null
  status: 'pending' | 'delivered' | 'failed'
  request: { headers: Record<string, string>; body: string }
  response: { status: number; headers: Record<string, string>; body: string } | null
  /** Why there is no response. */
  error: string | null
  /** The fault that made this attempt what it is. */
  fault: string | null
}

/** One webhook on its way to one receiver. */
export interface Delivery {
  id: string
  call_control_id: string
  event: WebhookEvent
  url: string
  failover_url: string | null
  status: 'pending' | 'delivered' | 'failed'
  started_at: string
  finished_at: string | null
  attempts: Attempt[]
  /** The faults that struck it. */
  faults: string[]
}

/** Where a call's webhooks go, and how often. */
export interface Route {
  url: string | null
  failover: string | null
  /** `webhook_urls`: by event type, instead of `url`. */
  byType: Readonly<Record<string, readonly string[]>>
  /** `webhook_retries_policies`: by event type, the waits in milliseconds. */
  retries: Readonly<Record<string, readonly number[]>>
}

export interface CourierOptions {
  clock: Clock
  chance: Chance
  faults: Faults
  signer: Signer
  settings: DeliverySettings
  transport: Transport
  /** Told when a delivery begins, and after each attempt. */
  onChange(delivery: Delivery): void
}

/** How an attempt departs from the ordinary. */
interface Plan {
  signer: Signer
  stampMs: number
  /** Flips a bit of the signature. */
  spoil: boolean
  gzip: boolean
  slowMs: number
  fault: string | null
}

const HOUR = 3_600_000

export class Courier {
  private readonly options: CourierOptions
  private readonly impostor: Signer
  private readonly records = new Map<string, Delivery>()
  /** Webhooks held back until the next one of their call has gone, by call. */
  private readonly heldBack = new Map<string, (() => void)[]>()
  private count = 0
  private closed = false

  constructor(options: CourierOptions) {
    this.options = options
    this.impostor = createSigner(options.chance.bytes('impostor'))
  }

  /** The remembered deliveries, oldest first. */
  deliveries(): Delivery[] {
    return [...this.records.values()]
  }

  find(id: string): Delivery | undefined {
    return this.records.get(id)
  }

  /** Sends `event` of a call to wherever `route` says. */
  send(event: WebhookEvent, callId: string, route: Route): void {
    const urls = route.byType[event.event_type] ?? (route.url === null ? [] : [route.url])
    const overtaken = this.heldBack.get(callId)
    this.heldBack.delete(callId)
    for (const url of urls) this.dispatch(this.record(event, callId, url, route.failover), this.waits(event, route))
    for (const release of overtaken ?? []) release()
  }

  /** Sends a delivery once more, as a new one. */
  resend(id: string): Delivery | undefined {
    const before = this.records.get(id)
    if (!before) return undefined
    const again = this.record(before.event, before.call_control_id, before.url, before.failover_url)
    this.launch(again, this.options.settings.retriesMs)
    return again
  }

  /** Stops: attempts on their way are cut off, waiting ones never go. */
  close(): void {
    this.closed = true
    this.options.transport.close()
    this.heldBack.clear()
  }

  private waits(event: WebhookEvent, route: Route): readonly number[] {
    return route.retries[event.event_type] ?? this.options.settings.retriesMs
  }

  private record(event: WebhookEvent, callId: string, url: string, failover: string | null): Delivery {
    const { chance, settings } = this.options
    this.count += 1
    const delivery: Delivery = {
      id: chance.uuid('delivery', this.count),
      call_control_id: callId,
      event,
      url,
      failover_url: failover,
      status: 'pending',
      started_at: this.time(),
      finished_at: null,
      attempts: [],
      faults: [],
    }
    this.records.set(delivery.id, delivery)
    if (this.records.size > settings.historySize) {
      const oldest = this.records.keys().next()
      if (!oldest.done) this.records.delete(oldest.value)
    }
    return delivery
  }

  /** Decides on the faults of a delivery, and starts it when they let it. */
  private dispatch(delivery: Delivery, waits: readonly number[]): void {
    const { faults, clock } = this.options
    const { event } = delivery
    const strike = (name: Parameters<Faults['strikes']>[0]) => {
      const struck = faults.strikes(name, event.event_type, event.id)
      if (struck) delivery.faults.push(name)
      return struck
    }
    if (strike('drop')) {
      this.finish(delivery, 'failed')
      return
    }
    const duplicate = strike('duplicate')
    const go = () => {
      this.launch(delivery, waits)
      if (duplicate)
        clock.schedule(clock.now() + duplicate.ms, () =>
          clock.hold(this.attempt(delivery, delivery.url, 1, this.plan(delivery, 'duplicate'))),
        )
    }
    const reorder = strike('reorder')
    const delay = reorder ? null : strike('delay')
    if (reorder) this.holdBack(delivery.call_control_id, reorder.ms, go)
    else if (delay) clock.schedule(clock.now() + delay.ms, go)
    else go()
  }

  /** Until the next webhook of the call is on its way, or `ms` have passed: the last one of a call has no next. */
  private holdBack(callId: string, ms: number, go: () => void): void {
    const { clock } = this.options
    let gone = false
    const once = () => {
      if (gone) return
      gone = true
      cancel()
      go()
    }
    const cancel = clock.schedule(clock.now() + ms, () => {
      const others = (this.heldBack.get(callId) ?? []).filter((other) => other !== once)
      if (others.length > 0) this.heldBack.set(callId, others)
      else this.heldBack.delete(callId)
      once()
    })
    this.heldBack.set(callId, [...(this.heldBack.get(callId) ?? []), once])
  }

  private launch(delivery: Delivery, waits: readonly number[]): void {
    this.options.clock.hold(this.carry(delivery, waits))
  }

  /** The forged copies, then the attempts at the primary, then the failover. */
  private async carry(delivery: Delivery, waits: readonly number[]): Promise<void> {
    const { settings } = this.options
    const refusal = refusalOfTarget(delivery.url, settings.allowRemote)
    if (refusal) {
      delivery.attempts.push({
        ...this.draft(delivery.url, 1, null),
        status: 'failed',
        finished_at: this.time(),
        error: refusal,
      })
      return this.finish(delivery, 'failed')
    }
    const forged = await this.forge(delivery)
    if (forged === 'instead') return this.finish(delivery, 'failed')
    this.tryPrimary(delivery, waits, 1)
  }

  /** Timers of the simulator's clock sit between attempts, so this is a chain of callbacks and not a loop that sleeps. */
  private tryPrimary(delivery: Delivery, waits: readonly number[], number: number): void {
    const { clock, settings } = this.options
    const run = async () => {
      const receipt = await this.attempt(delivery, delivery.url, number, this.plan(delivery, null))
      if (delivered(receipt)) return this.finish(delivery, 'delivered')
      if (this.closed) return this.finish(delivery, 'failed')
      if (settings.failover === 'each-attempt' && (await this.tryFailover(delivery, number + 1))) return
      const wait = retriable(receipt) ? waits[number - 1] : undefined
      if (wait !== undefined) {
        clock.schedule(clock.now() + wait, () => this.tryPrimary(delivery, waits, number + 1))
        return
      }
      if (settings.failover === 'after-retries' && (await this.tryFailover(delivery, number + 1))) return
      this.finish(delivery, 'failed')
    }
    clock.hold(run())
  }

  private async tryFailover(delivery: Delivery, number: number): Promise<boolean> {
    const { failover_url } = delivery
    if (failover_url === null || refusalOfTarget(failover_url, this.options.settings.allowRemote)) return false
    const receipt = await this.attempt(delivery, failover_url, number, this.plan(delivery, null))
    if (!delivered(receipt)) return false
    this.finish(delivery, 'delivered')
    return true
  }

  /** An attacker's copies. With `instead`, the genuine webhook is not sent: its receiver's 401 is final. */
  private async forge(delivery: Delivery): Promise<'before' | 'instead'> {
    const { faults, clock } = this.options
    const forgeries = ['badSignature', 'staleTimestamp', 'wrongKey'] as const
    let instead = false
    for (const name of forgeries) {
      const struck = faults.strikes(name, delivery.event.event_type, delivery.event.id)
      if (!struck) continue
      delivery.faults.push(name)
      instead ||= struck.instead
      const plan = this.plan(delivery, name)
      if (name === 'badSignature') plan.spoil = true
      if (name === 'staleTimestamp') plan.stampMs = clock.stamp() - HOUR
      if (name === 'wrongKey') plan.signer = this.impostor
      await this.attempt(delivery, delivery.url, 1, plan)
    }
    return instead ? 'instead' : 'before'
  }

  private plan(delivery: Delivery, fault: string | null): Plan {
    const { faults, clock, signer } = this.options
    const { event } = delivery
    const subject = `${event.id} ${delivery.attempts.length}`
    const gzip = faults.strikes('gzip', event.event_type, subject)
    const slow = faults.strikes('slow', event.event_type, subject)
    if (gzip) delivery.faults.push('gzip')
    if (slow) delivery.faults.push('slow')
    return { signer, stampMs: clock.stamp(), spoil: false, gzip: gzip !== null, slowMs: slow?.ms ?? 0, fault }
  }

  private async attempt(delivery: Delivery, url: string, number: number, plan: Plan): Promise<Receipt> {
    const { settings, transport, onChange, chance } = this.options
    const { event } = delivery
    const indent = chance.fraction('indent', event.id, number) < settings.prettyPrintRate ? 2 : undefined
    const body = JSON.stringify({ data: event, meta: { attempt: number, delivered_to: url } }, null, indent)
    const bytes = Buffer.from(body)
    const signature = plan.signer.headers(bytes, plan.stampMs)
    if (plan.spoil) signature['telnyx-signature-ed25519'] = spoiled(signature['telnyx-signature-ed25519'])
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'user-agent': 'telnyx-webhooks',
      ...signature,
      ...(plan.gzip ? { 'content-encoding': 'gzip' } : {}),
    }
    const attempt: Attempt = { ...this.draft(url, number, plan.fault), request: { headers, body } }
    delivery.attempts.push(attempt)
    onChange(delivery)
    const receipt = await transport.send({
      url,
      headers,
      body: plan.gzip ? gzipSync(bytes) : bytes,
      timeoutMs: settings.timeoutMs,
      slowMs: plan.slowMs,
    })
    attempt.finished_at = this.time()
    attempt.status = delivered(receipt) ? 'delivered' : 'failed'
    attempt.error = receipt.error
    if (receipt.status !== null)
      attempt.response = { status: receipt.status, headers: receipt.headers, body: receipt.body }
    onChange(delivery)
    return receipt
  }

  private draft(url: string, number: number, fault: string | null): Attempt {
    return {
      number,
      url,
      started_at: this.time(),
      finished_at: null,
      status: 'pending',
      request: { headers: {}, body: '' },
      response: null,
      error: null,
      fault,
    }
  }

  private finish(delivery: Delivery, status: 'delivered' | 'failed'): void {
    delivery.status = status
    delivery.finished_at = this.time()
    this.options.onChange(delivery)
  }

  private time(): string {
    return new Date(this.options.clock.now()).toISOString()
  }
}

const delivered = ({ status }: Receipt) => status !== null && status >= 200 && status < 300

const retriable = ({ status }: Receipt) =>
  status === null || status < 400 || status === 408 || status === 429 || status >= 500

/** Another signature of the right form. */
function spoiled(signature: string): string {
  const bytes = Buffer.from(signature, 'base64')
  bytes.writeUInt8((bytes[0] ?? 0) ^ 1, 0)
  return bytes.toString('base64')
}
