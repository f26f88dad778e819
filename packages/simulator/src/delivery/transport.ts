/** One request to a receiver, over HTTP or within this process. Never throws: what went wrong is part of the answer. */
import { IN_PROCESS_URL, type WebhookHandler } from './target.ts'

export interface Parcel {
  url: string
  headers: Record<string, string>
  body: Buffer
  /** Real milliseconds the receiver has. */
  timeoutMs: number
  /** Spreads the body over so many milliseconds. */
  slowMs: number
  /** The simulator's clock's. */
  sleep(ms: number): Promise<void>
}

export type Receipt =
  | { status: number; headers: Record<string, string>; body: string; error: null }
  | { status: null; headers: Record<string, string>; body: string; error: string }

/** `abort` cuts the request off: the transport does so at the timeout, its user when everything closes. */
export type Transport = (parcel: Parcel, abort: AbortController) => Promise<Receipt>

/** How much of a receiver's answer is kept. */
const KEPT_ANSWER = 2048

export function createTransport(handler: WebhookHandler | null): Transport {
  return async (parcel, abort) => {
    let late = false
    const timer = setTimeout(() => {
      late = true
      abort.abort()
    }, parcel.timeoutMs)
    const { signal } = abort
    try {
      const response = await Promise.race([
        handler && parcel.url === IN_PROCESS_URL ? handler(request(parcel, signal)) : fetch(request(parcel, signal)),
        aborted(signal),
      ])
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await start(response),
        error: null,
      }
    } catch (error) {
      const why = late ? `no answer within ${parcel.timeoutMs} ms` : reason(error)
      return { status: null, headers: {}, body: '', error: why }
    } finally {
      clearTimeout(timer)
    }
  }
}

function request({ url, headers, body, slowMs, sleep }: Parcel, signal: AbortSignal): Request {
  const init: RequestInit & { duplex?: 'half' } = {
    method: 'POST',
    headers,
    signal,
    redirect: 'manual',
    duplex: 'half',
  }
  return new Request(url, { ...init, body: slowMs > 0 ? drops(body, (pieces) => sleep(slowMs / pieces)) : new Uint8Array(body) })
}

/** The body in a few pieces, with pauses between them. */
function drops(body: Buffer, pause: (pieces: number) => Promise<void>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieces = 4
  const size = Math.ceil(body.length / pieces)
  let sent = 0
  return new ReadableStream({
    async pull(controller) {
      if (sent > 0) await pause(pieces)
      controller.enqueue(new Uint8Array(body.subarray(sent * size, (sent + 1) * size)))
      sent += 1
      if (sent * size >= body.length) controller.close()
    },
  })
}

async function start(response: Response): Promise<string> {
  if (!response.body) return ''
  const reader = response.body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  while (length < KEPT_ANSWER) {
    const { done, value } = await reader.read()
    if (done) break
    chunks.push(value)
    length += value.length
  }
  // The rest is of no interest, and a receiver that never stops talking must not keep us.
  await reader.cancel()
  return Buffer.concat(chunks).subarray(0, KEPT_ANSWER).toString('utf8')
}

const aborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const give = () => reject(new Error('the simulator was closed'))
    if (signal.aborted) give()
    else signal.addEventListener('abort', give, { once: true })
  })

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error
    ? `${error.message}: ${'code' in cause ? String(cause.code) : cause.message}`
    : error.message
}
