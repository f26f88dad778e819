/** Creates a simulator from a clock, an exchange, a courier, the APIs and an HTTP server. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createFetch } from '../api/in-process.ts'
import { createHandler, createHttpServer } from '../api/server.ts'
import { createSimApi } from '../api/sim-api.ts'
import { createTelnyxApi } from '../api/telnyx-api.ts'
import type { Activity, CallView } from '../call/activity.ts'
import { Exchange } from '../call/exchange.ts'
import { createChance } from '../clock/chance.ts'
import { realClock, type VirtualClock } from '../clock/clock.ts'
import { Courier } from '../delivery/courier.ts'
import type { Delivery, Route } from '../delivery/delivery.ts'
import { createExplainer } from '../delivery/explain.ts'
import { type FaultControls, Faults, type FaultsInput } from '../delivery/faults.ts'
import { createSigner, signerOfSeed } from '../delivery/signer.ts'
import { IN_PROCESS_URL, isLoopback, refusalOfTarget, type WebhookHandler } from '../delivery/target.ts'
import { createTransport } from '../delivery/transport.ts'
import type { Message } from '../message/message.ts'
import { Messages } from '../message/messages.ts'
import { page } from '../pages/index.ts'
import { createPhone, type Phone } from '../scenario/phone.ts'
import { resolveSettings, type Settings, type SettingsInput } from '../settings/settings.ts'

/** Options of `createSimulator`. All are optional. */
export interface SimulatorOptions {
  /** Webhook URL on this machine, or an in-process webhook handler. Default: events are recorded but not delivered. */
  webhookUrl?: string | WebhookHandler | undefined
  /** Failover webhook URL, for webhooks that `webhookUrl` rejects. Default: none. */
  webhookFailoverUrl?: string | undefined
  /** Webhook URL for text messages, on this machine. Default: `webhookUrl`. The `webhook_url` of a message overrides it. */
  messageWebhookUrl?: string | undefined
  /**
   * Redirects webhooks for other machines, such as a hard-coded tunnel URL, to the same path on the host and port of
   * `webhookUrl`. Default false: these webhooks fail.
   */
  redirectWebhooks?: boolean | undefined
  /** Port to listen on. Default 0: any free port. */
  port?: number
  /** Address to listen on. Default `127.0.0.1`. Any other address opens the simulator to your network. */
  host?: string | undefined
  /** Clock of the simulator. Default: real time. Use `virtualClock()` to advance time yourself. */
  clock?: VirtualClock | undefined
  /** Seed that makes ids, faults and the signing key repeatable. Default: random. */
  seed?: string | number | undefined
  /** Faults to inject. Default: none. */
  faults?: FaultsInput
  /** Settings of behaviour that Telnyx does not document. Default: see RULES.md. */
  settings?: SettingsInput
  /** `connection_id` of incoming calls: the id of the Call Control application. Default `1684641123236054244`. */
  connectionId?: string | undefined
}

/** A running simulator. `await using` closes it. */
export interface Simulator extends AsyncDisposable {
  /** Base URL for a Telnyx SDK, including `/v2`. */
  readonly url: string
  /** Public key for webhook verification, as the Telnyx portal shows it: 32 bytes in base64. */
  readonly publicKey: string
  /** Simulated phones: `dial` the application, or wait for its call. */
  readonly phone: Phone
  /** URL of the phone page. */
  readonly phoneUrl: string
  /** URL of the page that lists calls, commands and deliveries. */
  readonly eventsUrl: string
  /** The virtual clock in the options, or `null` in real time. */
  readonly clock: VirtualClock | null
  /** Reads and replaces the active faults. */
  readonly faults: FaultControls
  /** The active settings: the options merged with the defaults. */
  readonly settings: Settings
  /** Returns the stored webhook deliveries, oldest first. */
  deliveries(): Delivery[]
  /** Resends a webhook as a new delivery. Returns `undefined` if no stored delivery has this id. */
  resend(deliveryId: string): Delivery | undefined
  /** Returns the stored calls, oldest first. */
  calls(): CallView[]
  /** Returns the stored text messages, oldest first. */
  messages(): Message[]
  /** Subscribes to all activity, or to some types only. Returns the unsubscribe function. */
  watch(watcher: (activity: Activity) => void, types?: readonly Activity['type'][]): () => void
  /** Calls the API without a socket, like `fetch`. For `new Telnyx({ fetch: sim.fetch })`. */
  readonly fetch: typeof fetch
  /** Changes the webhook URL for new calls. */
  setWebhookUrl(url: string): void
  /** Changes the webhook URL for new text messages. */
  setMessageWebhookUrl(url: string): void
  /** Stops the server, drops all calls and aborts all deliveries. */
  close(): Promise<void>
}

/**
 * Starts a simulator.
 *
 * @throws TypeError when an option, a setting or a fault does not exist or is out of range, or a webhook URL is not on
 *   this machine. Rejects when the port is already in use.
 */
export async function createSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const {
    webhookUrl,
    webhookFailoverUrl,
    port = 0,
    host = '127.0.0.1',
    seed,
    connectionId = '1684641123236054244',
  } = options
  const settings = resolveSettings(options.settings)
  const chance = createChance(seed ?? randomBytes(16).toString('hex'))
  const clock = options.clock ?? realClock()
  const faults = new Faults(chance, options.faults)
  // A seed also determines the signing key, so the public key in a `.env` file stays valid after a restart.
  const signer = seed === undefined ? createSigner() : signerOfSeed(seed)
  const inProcess = typeof webhookUrl === 'function' ? webhookUrl : null
  const route: Route = {
    url: target(typeof webhookUrl === 'function' ? IN_PROCESS_URL : webhookUrl, settings),
    method: 'POST',
    failover: target(webhookFailoverUrl, settings),
    byType: {},
    byTypeMethod: 'POST',
    retries: {},
  }
  const transport = createTransport(inProcess, clock)
  const explain = createExplainer({ publicKey: signer.publicKey, timeoutMs: settings.delivery.timeoutMs })
  const courier = new Courier({
    clock,
    chance,
    faults,
    signer,
    settings: settings.delivery,
    transport,
    locate: (url) => (options.redirectWebhooks && route.url !== null ? onThisMachine(url, route.url) : url),
    onChange: (delivery) => {
      const call_id = delivery.call_control_id
      exchange.publish({ type: 'delivery', call_id, delivery })
      const text = explain(delivery)
      if (text !== null) exchange.publish({ type: 'notice', call_id, text })
    },
  })
  const messageRoute: Pick<Route, 'url'> = { url: target(options.messageWebhookUrl, settings) }
  const messages = new Messages({
    clock,
    chance,
    settings,
    courier,
    route: () => ({ ...route, url: messageRoute.url ?? route.url }),
    onCreate: (message) => exchange.publish({ type: 'message.created', message }),
    onUpdate: (message) => exchange.publish({ type: 'message.updated', message }),
    onEvent: (event) => exchange.publish({ type: 'webhook', call_id: null, event }),
  })
  const exchange = new Exchange({
    clock,
    chance,
    settings,
    courier,
    transport,
    route,
    connectionId,
    origin: () => origin(),
  })
  const telnyx = createTelnyxApi({ exchange, courier, faults, messages, publicKey: signer.publicKey })
  const virtualClock = options.clock ?? null
  const { publicKey } = signer
  const about = () => ({ ...addresses(), publicKey, seed: seed ?? null })
  const sim = createSimApi({ exchange, courier, faults, messages, virtualClock, about })
  const handle = createHandler({ telnyx, sim, page })
  const server = createHttpServer({ handle, exchange, isOpenToNetwork: !isLocal(host) })
  await once(server.listen(port, host), 'listening')
  const origin = () => {
    const { port } = server.address() as AddressInfo
    // Clients cannot connect to a wildcard address.
    const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
    return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
  }
  const addresses = () => ({ url: `${origin()}/v2`, phone: `${origin()}/phone`, events: `${origin()}/events` })
  const { url, phone: phoneUrl, events: eventsUrl } = addresses()

  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= (async () => {
      courier.close()
      exchange.close()
      if (!options.clock) (clock as ReturnType<typeof realClock>).stop()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    })()
    return closing
  }
  return {
    url,
    publicKey,
    phone: createPhone(exchange, messages),
    phoneUrl,
    eventsUrl,
    clock: virtualClock,
    faults,
    settings,
    deliveries: () => courier.deliveries(),
    resend: (id) => courier.resend(id),
    calls: () => exchange.calls().map((call) => call.view()),
    messages: () => messages.list(),
    watch: (watcher, types) => exchange.watch(watcher, types),
    fetch: createFetch(handle, settings.api.maxBodyBytes),
    setWebhookUrl: (url) => {
      route.url = target(url, settings)
    },
    setMessageWebhookUrl: (url) => {
      messageRoute.url = target(url, settings)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Returns `url`, with the host and port of `local` when it is not on this machine. */
function onThisMachine(url: string, local: string): string {
  if (!URL.canParse(url) || isLoopback(new URL(url).hostname)) return url
  const { pathname, search } = new URL(url)
  return new URL(`${pathname}${search}`, local).href
}

function target(url: string | undefined, { delivery }: Settings): string | null {
  if (url === undefined) return null
  const refusal = refusalOfTarget(url, delivery.allowRemote)
  if (refusal) throw new TypeError(refusal)
  return url
}

const isLocal = (host: string) => host === 'localhost' || host === '::1' || host.startsWith('127.')
