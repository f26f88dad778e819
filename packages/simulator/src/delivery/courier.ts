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
import type { FaultName, Faults } from './faults.ts'
import { type Plan, webhookRequest } from './request.ts'
import { createSigner, type Signer } from './signer.ts'
import { refusalOfTarget } from './target.ts'
import type { Receipt, Transport } from './transport.ts'

interface CourierOptions {
  clock: Clock
  chance: Chance
  faults: Faults
  signer: Signer
  settings: DeliverySettings
  transport: Transport
  /** The address that a webhook for `url` is sent to. */
  locate(url: string): string
  /** Called when an attempt starts, after each attempt, and when the delivery ends. */
  onChange(delivery: Delivery): void
}

/** What a delivery is made from. */
type Address = Pick<Delivery, 'event' | 'call_control_id' | 'method' | 'url' | 'failover_url'>

const HOUR = 3_600_000

export class Courier {
  private readonly options: CourierOptions
  private readonly impostor: Signer
  private readonly records = new Map<string, Delivery>()
  /** Webhooks held back until the next one of their call has gone (the fault `reorder`), by call. */
  private readonly heldBack = new Map<string, Set<() => void>>()
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
  send(event: WebhookEvent, call_control_id: string, route: Route): void {
    const ownUrls = route.byType[event.event_type]
    const urls = ownUrls ?? (route.url === null ? [] : [route.url])
    const method = ownUrls ? route.byTypeMethod : route.method
    const waits = route.retries[event.event_type] ?? this.options.settings.retriesMs
    const overtaken = [...(this.heldBack.get(call_control_id) ?? [])]
    for (const url of urls)
      this.dispatch(this.record({ event, call_control_id, method, url, failover_url: route.failover }), waits)
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
    this.heldBack.clear()
  }

  private record({ event, call_control_id, method, url, failover_url }: Address): Delivery {
    this.count += 1
    const { locate } = this.options
    const delivery: Delivery = {
      id: this.options.chance.uuid('delivery', this.count),
      call_control_id,
      event,
      method,
      url: locate(url),
      failover_url: failover_url === null ? null : locate(failover_url),
      status: 'pending',
      started_at: this.time(),
      finished_at: null,
      attempts: [],
      faults: [],
    }
    this.records.set(delivery.id, delivery)
    const [oldest] = this.records.keys()
    if (oldest !== undefined && this.records.size > this.options.settings.historySize) this.records.delete(oldest)
    return delivery
  }

  /** Decides on the faults of a delivery, and starts it when they let it. */
  private dispatch(delivery: Delivery, waits: readonly number[]): void {
    const { clock } = this.options
    if (this.strikes('drop', delivery)) {
      this.finish(delivery, 'failed')
      return
    }
    const duplicate = this.strikes('duplicate', delivery)
    const go = () => {
      this.launch(delivery, waits)
      if (duplicate)
        clock.schedule(clock.now() + duplicate.ms, () =>
          clock.track(this.attempt(delivery, delivery.url, 1, { fault: 'duplicate' })),
        )
    }
    const reorder = this.strikes('reorder', delivery)
    const delay = reorder ? null : this.strikes('delay', delivery)
    if (reorder) this.holdBack(delivery.call_control_id, reorder.ms, go)
    else if (delay) clock.schedule(clock.now() + delay.ms, go)
    else go()
  }

  private strikes(name: FaultName, { event, faults }: Delivery, subject = event.id) {
    const strike = this.options.faults.strikes(name, event.event_type, subject)
    if (strike) faults.push(name)
    return strike
  }

  /** Holds `go` back, for `ms` at most: the last webhook of a call has no next. */
  private holdBack(callId: string, ms: number, go: () => void): void {
    const { clock } = this.options
    const held = this.heldBack.get(callId) ?? new Set()
    this.heldBack.set(callId, held)
    const release = () => {
      if (!held.delete(release)) return
      if (held.size === 0) this.heldBack.delete(callId)
      go()
    }
    held.add(release)
    clock.schedule(clock.now() + ms, release)
  }

  private launch(delivery: Delivery, waits: readonly number[]): void {
    this.options.clock.track(this.carry(delivery, waits))
  }

  /** The forged copies, then the attempts at the primary, then the failover. */
  private async carry(delivery: Delivery, waits: readonly number[]): Promise<void> {
    const { clock, settings } = this.options
    const error = refusalOfTarget(delivery.url, settings.allowRemote)
    if (error !== null) {
      const finished_at = this.time()
      delivery.attempts.push({ ...this.draft(delivery, delivery.url, 1), status: 'failed', finished_at, error })
      return this.finish(delivery, 'failed')
    }
    if (await this.forge(delivery)) return this.finish(delivery, 'failed')
    for (let number = 1; ; number += 1) {
      const receipt = await this.attempt(delivery, delivery.url, number)
      if (isDelivered(receipt)) return this.finish(delivery, 'delivered')
      if (this.closed) return this.finish(delivery, 'failed')
      const wait = isRetriable(receipt) ? waits[number - 1] : undefined
      const isFailoverDue = settings.failover === 'each-attempt' || wait === undefined
      if (isFailoverDue && (await this.tryFailover(delivery, number + 1))) return this.finish(delivery, 'delivered')
      if (wait === undefined) return this.finish(delivery, 'failed')
      await clock.sleep(wait)
    }
  }

  private async tryFailover(delivery: Delivery, number: number): Promise<boolean> {
    const { failover_url } = delivery
    if (failover_url === null || refusalOfTarget(failover_url, this.options.settings.allowRemote)) return false
    return isDelivered(await this.attempt(delivery, failover_url, number))
  }

  /** An attacker's copies. True with `instead`: the genuine webhook is not sent, for its receiver's 401 is final. */
  private async forge(delivery: Delivery): Promise<boolean> {
    const forgeries = {
      badSignature: () => ({ spoil: true }),
      staleTimestamp: () => ({ stampMs: this.options.clock.signingTime() - HOUR }),
      wrongKey: () => ({ signer: this.impostor }),
    }
    let isInstead = false
    for (const name of ['badSignature', 'staleTimestamp', 'wrongKey'] as const) {
      const strike = this.strikes(name, delivery)
      if (!strike) continue
      isInstead ||= strike.instead
      await this.attempt(delivery, delivery.url, 1, { fault: name, ...forgeries[name]() })
    }
    return isInstead
  }

  private async attempt(
    delivery: Delivery,
    url: string,
    number: number,
    departure: Partial<Plan> = {},
  ): Promise<Receipt> {
    const { settings, transport, onChange, chance, clock, signer } = this.options
    const subject = `${delivery.event.id} ${delivery.attempts.length}`
    const gzip = this.strikes('gzip', delivery, subject) !== null
    const slowMs = this.strikes('slow', delivery, subject)?.ms ?? 0
    const plan: Plan = { signer, stampMs: clock.signingTime(), spoil: false, gzip, slowMs, fault: null, ...departure }
    const { text, ...parcel } = webhookRequest(delivery, url, number, plan, settings, chance)
    const { method, headers } = parcel
    const attempt: Attempt = {
      ...this.draft(delivery, url, number),
      fault: plan.fault,
      request: { method, url: parcel.url, headers, body: text },
    }
    delivery.attempts.push(attempt)
    onChange(delivery)
    const receipt = await transport.send(parcel)
    attempt.finished_at = this.time()
    attempt.status = isDelivered(receipt) ? 'delivered' : 'failed'
    attempt.error = receipt.error
    if (receipt.status !== null)
      attempt.response = { status: receipt.status, headers: receipt.headers, body: receipt.body }
    onChange(delivery)
    return receipt
  }

  private draft({ method }: Delivery, url: string, number: number): Attempt {
    return {
      number,
      url,
      started_at: this.time(),
      finished_at: null,
      status: 'pending',
      request: { method, url, headers: {}, body: '' },
      response: null,
      error: null,
      fault: null,
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

const isDelivered = ({ status }: Receipt) => status !== null && status >= 200 && status < 300

const isRetriable = ({ status }: Receipt) =>
  status === null || status < 400 || status === 408 || status === 429 || status >= 500
