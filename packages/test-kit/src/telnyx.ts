/** A minimal Telnyx for tests: signs webhooks and receives commands. */
import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A signed webhook: its body and its headers. */
export interface SignedWebhook {
  readonly headers: Record<string, string>
  readonly body: Buffer
}

/** Signs webhooks with an Ed25519 key pair, as Telnyx does. */
export class Signer {
  readonly #privateKey: KeyObject
  /** Base64 of the raw key, as the portal shows it. */
  readonly publicKey: string

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    this.#privateKey = privateKey
    this.publicKey = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64')
  }

  /** Signs bytes, or a value as JSON. */
  sign(content: unknown, at: number = Date.now()): SignedWebhook {
    const body = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content))
    const timestamp = String(Math.floor(at / 1000))
    const signature = sign(null, Buffer.concat([Buffer.from(`${timestamp}|`), body]), this.#privateKey)
    return {
      body,
      headers: {
        'content-type': 'application/json',
        'telnyx-timestamp': timestamp,
        'telnyx-signature-ed25519': signature.toString('base64'),
      },
    }
  }
}

/** Returns a webhook of a call in Telnyx's envelope. */
export function webhookOf(
  eventType: string,
  payload: Record<string, unknown>,
  { id = randomUUID() as string, at = new Date().toISOString() }: { id?: string; at?: string } = {},
) {
  const common = { connection_id: '1', call_leg_id: 'leg', call_session_id: 'session', client_state: null }
  const data = { record_type: 'event', event_type: eventType, id, occurred_at: at, payload: { ...common, ...payload } }
  return { data, meta: { attempt: 1, delivered_to: 'http://127.0.0.1/' } }
}

/** Replies to the two requests of a reconciliation: no failed delivery, and a log with one event. */
export const reconciliationReplies = (webhook: ReturnType<typeof webhookOf>): readonly UpstreamReply[] => [
  { body: { data: [] } },
  { body: { data: [{ type: 'webhook', metadata: webhook }] } },
]

/** A command that the upstream received. */
export interface ReceivedCommand {
  readonly path: string
  readonly body: Record<string, unknown>
  readonly authorization: string | undefined
}

/** The upstream's reply to one request. */
export interface UpstreamReply {
  readonly status?: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly delayMs?: number
  /** Closes the connection instead of replying. */
  readonly hangUp?: boolean
  /** Sends the headers but never the body. */
  readonly stalls?: boolean
}

/** An HTTP server that records commands and sends the queued replies. */
export class Upstream {
  readonly #server: Server
  readonly received: ReceivedCommand[] = []
  /** Replies to the next requests, in order. An empty queue replies `ok`. */
  readonly replies: UpstreamReply[] = []

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request)
        .then(({ status = 200, body = { data: { result: 'ok' } }, headers, hangUp, stalls }) => {
          if (hangUp) response.destroy()
          else if (stalls) response.writeHead(status, { 'content-type': 'application/json' }).flushHeaders()
          else response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
        })
        .catch(() => response.destroy())
    })
  }

  /** Starts an upstream on a free port. */
  static async listen(): Promise<Upstream> {
    const upstream = new Upstream()
    await new Promise<void>((resolve) => upstream.#server.listen(0, '127.0.0.1', resolve))
    return upstream
  }

  /** The base URL, with Telnyx's version path. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v2`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage): Promise<UpstreamReply> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const { authorization } = request.headers
    const text = Buffer.concat(chunks).toString()
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
    this.received.push({ path: request.url ?? '', body, authorization })
    const behaviour = this.replies.shift() ?? {}
    if (behaviour.delayMs) await sleep(behaviour.delayMs)
    return behaviour
  }
}
