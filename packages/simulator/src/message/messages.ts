/**
 * Text messages: stores them, moves outbound messages from `queued` to `delivered`, and sends their webhooks. The seed
 * and the number of earlier messages determine each id, so that runs are repeatable.
 */
import type { Chance } from '../clock/chance.ts'
import type { Clock } from '../clock/clock.ts'
import type { Courier } from '../delivery/courier.ts'
import type { Route, WebhookEvent } from '../delivery/delivery.ts'
import type { Settings } from '../settings/settings.ts'
import { measure } from './encoding.ts'
import { asTelnyxMessage, type Message } from './message.ts'

interface MessagesOptions {
  clock: Clock
  chance: Chance
  settings: Settings
  courier: Courier
  /** Returns the route of messages that have no webhook URL of their own. */
  route(): Route
  onCreate(message: Message): void
  onUpdate(message: Message): void
  onEvent(event: WebhookEvent): void
}

/** The content of a new message. */
interface Draft {
  from: string
  to: string
  text?: string | undefined
  media_urls?: readonly string[] | undefined
  subject?: string | null | undefined
}

interface OutboundDraft extends Draft {
  messaging_profile_id: string | null
  /** Webhook URLs of this message, which replace the default route. */
  webhook_url: string | undefined
  webhook_failover_url: string | undefined
  isUcs2?: boolean | undefined
  /** When to send the message, in milliseconds since the Unix epoch. */
  sendAt: number
}

/** Attempts per URL of a message webhook. Telnyx documents three. */
const MAX_ATTEMPTS = 3

export class Messages {
  private readonly options: MessagesOptions
  private readonly byId = new Map<string, Message>()
  private count = 0

  constructor(options: MessagesOptions) {
    this.options = options
  }

  /** Returns the stored messages, oldest first. With `number`, only the messages of the phone with this number. */
  list(number?: string): Message[] {
    return [...this.byId.values()].filter(
      ({ direction, from, to }) => number === undefined || number === (direction === 'outbound' ? to : from),
    )
  }

  find(id: string): Message | undefined {
    return this.byId.get(id)
  }

  /** Sends a message of the application to a phone. Returns the queued message. */
  send({ webhook_url, webhook_failover_url, isUcs2, sendAt, ...draft }: OutboundDraft): Message {
    const { clock, settings } = this.options
    const { sentAfterMs, finalizedAfterMs, outcomes } = settings.messaging
    const route: Route = {
      ...this.route(),
      ...(webhook_url === undefined ? {} : { url: webhook_url, failover: null }),
      ...(webhook_failover_url === undefined ? {} : { failover: webhook_failover_url }),
    }
    const message = this.create({ ...draft, direction: 'outbound', status: 'queued' }, route, isUcs2)
    const sentAt = Math.max(clock.now(), sendAt) + sentAfterMs
    const outcome = outcomes[message.to] ?? 'delivered'
    clock.schedule(sentAt, () => {
      if (outcome === 'sending_failed') this.finalize(message.id, outcome, route)
      else this.emit('message.sent', this.update(message.id, { status: 'sent', sent_at: this.time() }), route)
    })
    if (outcome !== 'sending_failed')
      clock.schedule(sentAt + finalizedAfterMs, () => this.finalize(message.id, outcome, route))
    return message
  }

  /** Delivers a message of Telnyx itself to a phone. The application gets no webhooks for it. */
  deliver(draft: Draft): void {
    const { id } = this.create(
      { ...draft, messaging_profile_id: null, direction: 'outbound', status: 'queued' },
      this.route(),
    )
    this.update(id, { status: 'delivered', sent_at: this.time(), completed_at: this.time() })
  }

  /** Sends a message of a phone to the application. */
  receive(draft: Draft): Message {
    const route = this.route()
    const message = this.create(
      { ...draft, messaging_profile_id: null, direction: 'inbound', status: 'received' },
      route,
    )
    this.emit('message.received', message, route)
    return message
  }

  private create(
    {
      text = '',
      media_urls = [],
      subject = null,
      ...rest
    }: Draft & Pick<Message, 'direction' | 'status' | 'messaging_profile_id'>,
    route: Route,
    isUcs2?: boolean,
  ): Message {
    this.count += 1
    const message: Message = {
      ...rest,
      id: this.options.chance.uuid('message', this.count),
      text,
      media_urls,
      subject,
      encoding: measure(text, isUcs2).encoding,
      webhook_url: route.url,
      webhook_failover_url: route.failover,
      received_at: this.time(),
      sent_at: null,
      completed_at: null,
    }
    this.byId.set(message.id, message)
    const [oldest] = this.byId.keys()
    if (oldest !== undefined && this.byId.size > this.options.settings.delivery.historySize) this.byId.delete(oldest)
    this.options.onCreate(message)
    return message
  }

  private finalize(id: string, status: 'delivered' | 'delivery_failed' | 'sending_failed', route: Route): void {
    this.emit('message.finalized', this.update(id, { status, completed_at: this.time() }), route)
  }

  /** Returns undefined for a message that is no longer stored. */
  private update(id: string, change: Partial<Message>): Message | undefined {
    const message = this.byId.get(id)
    if (!message) return undefined
    const updated = { ...message, ...change }
    this.byId.set(id, updated)
    this.options.onUpdate(updated)
    return updated
  }

  private emit(event_type: string, message: Message | undefined, route: Route): void {
    if (!message) return
    const { chance, courier, onEvent } = this.options
    const event: WebhookEvent = {
      record_type: 'event',
      event_type,
      id: chance.uuid('message', message.id, event_type),
      occurred_at: this.time(),
      payload: asTelnyxMessage(message),
    }
    onEvent(event)
    courier.send(event, null, route)
  }

  private route(): Route {
    const waits = this.options.settings.delivery.retriesMs.slice(0, MAX_ATTEMPTS - 1)
    const types = ['message.sent', 'message.finalized', 'message.received']
    return { ...this.options.route(), retries: Object.fromEntries(types.map((type) => [type, waits])) }
  }

  /** Telnyx's message webhooks write UTC as `+00:00`, unlike its voice webhooks. */
  private time(): string {
    return new Date(this.options.clock.now()).toISOString().replace('Z', '+00:00')
  }
}
