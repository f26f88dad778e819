/**
 * Delivers webhooks with retries, the failover URL and faults. Each attempt has a new signature and `meta.attempt`.
 * As with Telnyx's voice webhooks, a timeout, 3xx (not followed), 408, 429 and 5xx are retried; any other 4xx is final.
 */
import type { Chance } from '../clock/chance.ts'
import type { Clock } from '../clock/clock.ts'
import type { DeliverySettings } from '../settings/settings.ts'
import type { Attempt, Delivery, Route, WebhookEvent } from './delivery.ts'
import type { FaultName, Faults } from './faults.ts'
import { type AttemptPlan, webhookRequest } from './request.ts'
import { createSigner, type Signer } from './signer.ts'
import { refusalOfTarget } from './target.ts'
import type { ReceiverResponse, Transport } from './transport.ts'

interface CourierOptions {
  clock: Clock
  chance: Chance
  faults: Faults
  signer: Signer
  settings: DeliverySettings
  transport: Transport
  /** Returns the address to send a webhook to, given its URL. */
  locate(url: string): string
  /** Called when an attempt starts, when an attempt ends, and when the delivery ends. */
  onChange(delivery: Delivery): void
}

/** The event of a delivery, its call and the URLs to send it to. */
type Address = Pick<Delivery, 'event' | 'call_control_id' | 'method' | 'url' | 'failover_url'>

const HOUR = 3_600_000

export class Courier {
  private readonly options: CourierOptions
  private readonly forger: Signer
  private readonly records = new Map<string, Delivery>()
  /** Webhooks queued until the next webhook of their call or message is sent (the fault `reorder`), by `subjectOf`. */
  private readonly reorderQueue = new Map<string, Set<() => void>>()
  private count = 0
  private closed = false

  constructor(options: CourierOptions) {
    this.options = options
    this.forger = createSigner(options.chance.bytes('impostor'))
  }

  /** The stored deliveries, oldest first. */
  deliveries(): Delivery[] {
    return [...this.records.values()]
  }

  find(id: string): Delivery | undefined {
    return this.records.get(id)
  }

  /** Sends an event of a call, or of a text message (`null`), to the URLs of its route. */
  send(event: WebhookEvent, call_control_id: string | null, route: Route): void {
    const ownUrls = route.byType[event.event_type]
    const urls = ownUrls ?? (route.url === null ? [] : [route.url])
    const method = ownUrls ? route.byTypeMethod : route.method
    const waits = route.retries[event.event_type] ?? this.options.settings.retriesMs
    const overtaken = [...(this.reorderQueue.get(subjectOf({ event, call_control_id })) ?? [])]
    for (const url of urls)
      this.dispatch(this.record({ event, call_control_id, method, url, failover_url: route.failover }), waits)
    for (const release of overtaken) release()
  }

  /** Resends the event of a delivery as a new delivery. Returns `undefined` for an unknown id. */
  resend(id: string): Delivery | undefined {
    const before = this.records.get(id)
    if (!before) return undefined
    const again = this.record(before)
    this.launch(again, this.options.settings.retriesMs)
    return again
  }

  /** Aborts pending attempts and drops queued webhooks. */
  close(): void {
    this.closed = true
    this.options.transport.close()
    this.reorderQueue.clear()
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

  /** Applies the faults to a new delivery, then starts it unless it is dropped. */
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
    if (reorder) this.queueUntilNext(subjectOf(delivery), reorder.ms, go)
    else if (delay) clock.schedule(clock.now() + delay.ms, go)
    else go()
  }

  private strikes(name: FaultName, { event, faults }: Delivery, subject = event.id) {
    const strike = this.options.faults.strikes(name, event.event_type, subject)
    if (strike) faults.push(name)
    return strike
  }

  /** Delays `go` until the next webhook of the subject, at most `ms`, because the last webhook has no successor. */
  private queueUntilNext(subject: string, ms: number, go: () => void): void {
    const { clock } = this.options
    const held = this.reorderQueue.get(subject) ?? new Set()
    this.reorderQueue.set(subject, held)
    const release = () => {
      if (!held.delete(release)) return
      if (held.size === 0) this.reorderQueue.delete(subject)
      go()
    }
    held.add(release)
    clock.schedule(clock.now() + ms, release)
  }

  private launch(delivery: Delivery, waits: readonly number[]): void {
    this.options.clock.track(this.deliver(delivery, waits))
  }

  /** Sends forged copies, then the webhook to its primary URL, and after failures to the failover URL. */
  private async deliver(delivery: Delivery, waits: readonly number[]): Promise<void> {
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

  /** Sends forged copies. Returns true when a fault has `instead`: then the genuine webhook must not follow. */
  private async forge(delivery: Delivery): Promise<boolean> {
    const forgeries = {
      badSignature: () => ({ shouldCorruptSignature: true }),
      staleTimestamp: () => ({ stampMs: this.options.clock.signingTime() - HOUR }),
      wrongKey: () => ({ signer: this.forger }),
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
    departure: Partial<AttemptPlan> = {},
  ): Promise<ReceiverResponse> {
    const { settings, transport, onChange, chance, clock, signer } = this.options
    const subject = `${delivery.event.id} ${delivery.attempts.length}`
    const gzip = this.strikes('gzip', delivery, subject) !== null
    const slowMs = this.strikes('slow', delivery, subject)?.ms ?? 0
    const plan: AttemptPlan = {
      signer,
      stampMs: clock.signingTime(),
      shouldCorruptSignature: false,
      gzip,
      slowMs,
      fault: null,
      ...departure,
    }
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

/** Returns the id of the call or text message that a webhook is about. */
const subjectOf = ({ event, call_control_id }: Pick<Delivery, 'event' | 'call_control_id'>) =>
  call_control_id ?? String(event.payload.id)

const isDelivered = ({ status }: ReceiverResponse) => status !== null && status >= 200 && status < 300

const isRetriable = ({ status }: ReceiverResponse) =>
  status === null || status < 400 || status === 408 || status === 429 || status >= 500
