/** Telnyx, as far as the server's own tests need it: signed webhooks, and a place to send commands to. */
import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** The headers of a signed body. */
export interface SignedWebhook {
  readonly headers: Record<string, string>
  readonly body: Buffer
}

/** A key pair that signs as Telnyx does. */
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

/** A webhook of a call, in Telnyx's envelope. */
export function webhookOf(
  eventType: string,
  payload: Record<string, unknown>,
  { id = randomUUID() as string, at = new Date().toISOString() }: { id?: string; at?: string } = {},
) {
  const common = { connection_id: '1', call_leg_id: 'leg', call_session_id: 'session', client_state: null }
  const data = { record_type: 'event', event_type: eventType, id, occurred_at: at, payload: { ...common, ...payload } }
  return { data, meta: { attempt: 1, delivered_to: 'http://127.0.0.1/' } }
}

/** How the upstream answers the two requests of a reconciliation: no failed delivery, and a log of calls with one event. */
export const reconciliationReplies = (webhook: ReturnType<typeof webhookOf>): readonly UpstreamReply[] => [
  { body: { data: [] } },
  { body: { data: [{ type: 'webhook', metadata: webhook }] } },
]

/** A command that reached the upstream. */
export interface ReceivedCommand {
  readonly path: string
  readonly body: Record<string, unknown>
  readonly authorization: string | undefined
}

/** How the upstream answers one request. */
export interface UpstreamReply {
  readonly status?: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly delayMs?: number
  /** Close the connection instead of answering. */
  readonly hangUp?: boolean
  /** Send the head of the answer and never its body. */
  readonly stalls?: boolean
}

/** Where commands go: remembers what came, and answers as it is told. */
export class Upstream {
  readonly #server: Server
  readonly received: ReceivedCommand[] = []
  /** How the next requests are answered, in turn; when there is none left, with `ok`. */
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

  /** An upstream that listens. */
  static async listen(): Promise<Upstream> {
    const upstream = new Upstream()
    await new Promise<void>((resolve) => upstream.#server.listen(0, '127.0.0.1', resolve))
    return upstream
  }

  /** Its base URL, with the version that Telnyx's has. */
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
