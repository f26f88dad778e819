/**
 * Brings webhooks to their receiver: a fresh signature and a new `meta.attempt` for each attempt, retries where Telnyx
 * retries, then the failover URL; and the faults that were asked for on the way.
 *
 * What is retried (Telnyx's voice webhooks): no answer in time, 408, 429, 5xx, and 3xx, which is not followed. Any
 * other 4xx is a refusal and is not retried.
 */
import type { Chance } from '../clock/chance.ts'
import type { Clock } from '../clock/clock.ts'
import type { DeliverySettings } from '../settings/settings.ts'
import type { Attempt, Delivery, Route, WebhookEvent } from './delivery.ts'
import type { Faults } from './faults.ts'
import { Reordering } from './reordering.ts'
import { type Plan, webhookRequest } from './request.ts'
import { createSigner, type Signer } from './signer.ts'
import { refusalOfTarget } from './target.ts'
import type { Receipt, Transport } from './transport.ts'

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

/** What a delivery is made from. */
type Address = Pick<Delivery, 'event' | 'call_control_id' | 'method' | 'url' | 'failover_url'>

const HOUR = 3_600_000

export class Courier {
  private readonly options: CourierOptions
  private readonly impostor: Signer
  private readonly records = new Map<string, Delivery>()
  private readonly reordering: Reordering
  private count = 0
  private closed = false

  constructor(options: CourierOptions) {
    this.options = options
    this.impostor = createSigner(options.chance.bytes('impostor'))
    this.reordering = new Reordering(options.clock)
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
    const ownUrls = route.byType[event.event_type]
    const urls = ownUrls ?? (route.url === null ? [] : [route.url])
    const method = ownUrls ? route.byTypeMethod : route.method
    const overtaken = this.reordering.take(callId)
    for (const url of urls)
      this.dispatch(
        this.record({ event, call_control_id: callId, method, url, failover_url: route.failover }),
        this.waits(event, route),
      )
    for (const release of overtaken) release()
  }

  /** Sends a delivery once more, as a new one. */
  resend(id: string): Delivery | undefined {
    const before = this.records.get(id)
    if (!before) return undefined
    const again = this.record(before)
    this.launch(again, this.options.settings.retriesMs)
    return again
  }

  /** Stops: attempts on their way are cut off, waiting ones never go. */
  close(): void {
    this.closed = true
    this.options.transport.close()
    this.reordering.clear()
  }

  private waits(event: WebhookEvent, route: Route): readonly number[] {
    return route.retries[event.event_type] ?? this.options.settings.retriesMs
  }

  private record({ event, call_control_id, method, url, failover_url }: Address): Delivery {
    const { chance, settings } = this.options
    this.count += 1
    const delivery: Delivery = {
      id: chance.uuid('delivery', this.count),
      call_control_id,
      event,
      method,
      url,
      failover_url,
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
    if (reorder) this.reordering.holdBack(delivery.call_control_id, reorder.ms, go)
    else if (delay) clock.schedule(clock.now() + delay.ms, go)
    else go()
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
        ...this.draft(delivery, delivery.url, 1, null),
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
    const { text, ...parcel } = webhookRequest(delivery, url, number, plan, settings, chance)
    const attempt = this.draft(delivery, url, number, plan.fault)
    attempt.request = { method: parcel.method, url: parcel.url, headers: parcel.headers, body: text }
    delivery.attempts.push(attempt)
    onChange(delivery)
    const receipt = await transport.send(parcel)
    attempt.finished_at = this.time()
    attempt.status = delivered(receipt) ? 'delivered' : 'failed'
    attempt.error = receipt.error
    if (receipt.status !== null)
      attempt.response = { status: receipt.status, headers: receipt.headers, body: receipt.body }
    onChange(delivery)
    return receipt
  }

  private draft({ method }: Delivery, url: string, number: number, fault: string | null): Attempt {
    return {
      number,
      url,
      started_at: this.time(),
      finished_at: null,
      status: 'pending',
      request: { method, url, headers: {}, body: '' },
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
