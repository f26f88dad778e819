/** Sends one request to a receiver, over HTTP or in-process. Never rejects: a failure is part of the response. */
import type { Clock } from '../clock/clock.ts'
import { isInProcess, type WebhookHandler } from './target.ts'

export interface OutgoingRequest {
  method: string
  url: string
  headers: Record<string, string>
  /** `null` for none. */
  body: Buffer | null
  /** Time limit for the response of the receiver, in milliseconds. */
  timeoutMs: number
  /** Time over which the body is spread, in milliseconds. 0 sends it at once. */
  slowMs: number
  /** How many bytes of the response body are kept. Default 2048. */
  keepBytes?: number
}

export type ReceiverResponse =
  | { status: number; headers: Record<string, string>; body: string; error: null }
  | { status: null; headers: Record<string, string>; body: string; error: string }

export interface Transport {
  send(parcel: OutgoingRequest): Promise<ReceiverResponse>
  /** Aborts pending requests. */
  close(): void
}

/**
 * An in-process receiver that never answers stops a virtual clock, and with it the timeout. The request is aborted when
 * the clock has not moved for this long in real time. A slow machine must not reach this limit.
 */
const MAX_CLOCK_STALL_MS = 30_000

const DEFAULT_KEEP_BYTES = 2048

export function createTransport(handler: WebhookHandler | null, clock: Clock): Transport {
  const underway = new Set<(why: string) => void>()
  const deliver = async (parcel: OutgoingRequest): Promise<ReceiverResponse> => {
    const here = handler !== null && isInProcess(parcel.url) ? handler : null
    // An in-process receiver cannot be aborted, and creating the controller costs more than the signature.
    const abort = here ? null : new AbortController()
    let giveUp: (why: string) => void = () => {}
    const cut = new Promise<never>((_, reject) => {
      giveUp = (why) => {
        abort?.abort()
        reject(new Error(why))
      }
    })
    const late = () => giveUp(`no answer within ${parcel.timeoutMs} ms`)
    // A receiver on a socket is timed in real time, an in-process receiver with the simulator's clock.
    const cancel = here ? inClockTime(clock, parcel.timeoutMs, late) : inRealTime(parcel.timeoutMs, late)
    underway.add(giveUp)
    const exchange = async (): Promise<ReceiverResponse> => {
      const asked = request(parcel, clock, abort?.signal)
      const response = await (here ? here(asked) : fetch(asked))
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await readPrefix(response, parcel.keepBytes ?? DEFAULT_KEEP_BYTES),
        error: null,
      }
    }
    try {
      return await Promise.race([exchange(), cut])
    } catch (error) {
      return { status: null, headers: {}, body: '', error: reason(error) }
    } finally {
      cancel()
      underway.delete(giveUp)
    }
  }
  return {
    send: deliver,
    close() {
      for (const giveUp of underway) giveUp('the simulator was closed')
    },
  }
}

function inClockTime(clock: Clock, ms: number, late: () => void) {
  let timer: NodeJS.Timeout
  const watch = () => {
    const seen = clock.now()
    timer = setTimeout(() => (clock.now() === seen ? late() : watch()), MAX_CLOCK_STALL_MS)
  }
  watch()
  const cancel = clock.schedule(clock.now() + ms, late)
  return () => {
    clearTimeout(timer)
    cancel()
  }
}

function inRealTime(ms: number, late: () => void) {
  const timer = setTimeout(late, ms)
  return () => clearTimeout(timer)
}

function request(
  { method, url, headers, body, slowMs }: OutgoingRequest,
  clock: Clock,
  signal: AbortSignal | undefined,
): Request {
  const init: RequestInit & { duplex?: 'half' } = {
    method,
    headers,
    redirect: 'manual',
    duplex: 'half',
    ...(signal ? { signal } : {}),
  }
  if (body === null) return new Request(url, init)
  return new Request(url, {
    ...init,
    body: slowMs > 0 ? chunkedBody(body, (pieces) => clock.sleep(slowMs / pieces)) : new Uint8Array(body),
  })
}

/** Streams the body in four chunks with pauses between them. */
function chunkedBody(body: Buffer, pause: (pieces: number) => Promise<void>): ReadableStream<Uint8Array<ArrayBuffer>> {
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

async function readPrefix(response: Response, keepBytes: number): Promise<string> {
  if (!response.body) return ''
  const reader = response.body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  while (length < keepBytes) {
    const { done, value } = await reader.read()
    if (done) break
    chunks.push(value)
    length += value.length
  }
  // Ignore the rest, because the response body may never end.
  await reader.cancel()
  return Buffer.concat(chunks).subarray(0, keepBytes).toString('utf8')
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error
    ? `${error.message}: ${'code' in cause ? String(cause.code) : cause.message}`
    : error.message
}
