/** Sends one webhook or tool request, over HTTP or in-process. Never rejects: `error` of the response describes a failure. */
import http from 'node:http'
import https from 'node:https'
import type { Clock } from '../clock/clock.ts'
import { isInProcess, type WebhookHandler } from './target.ts'

export interface OutgoingRequest {
  method: string
  url: string
  headers: Record<string, string>
  /** Request body, or `null` for a request without a body. */
  body: Buffer | null
  /** Timeout of the receiver's response, in milliseconds. */
  timeoutMs: number
  /** Milliseconds over which the request body is sent in chunks. 0 sends it at once. */
  slowMs: number
  /** Number of bytes of the response body to keep. Default 2048. */
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
 * An in-process receiver that never answers stops a virtual clock, and so the timeout too. The request is aborted when the
 * clock has not moved for this long in real time. A slow computer must not reach this limit.
 */
const MAX_CLOCK_STALL_MS = 30_000

const DEFAULT_KEEP_BYTES = 2048

/** Less than the five seconds after which many servers close an idle connection. */
const MAX_IDLE_MS = 4000

export function createTransport(handler: WebhookHandler | null, clock: Clock): Transport {
  const underway = new Set<(why: string) => void>()
  const idle = { keepAlive: true, timeout: MAX_IDLE_MS }
  const agents: Agents = { http: new http.Agent(idle), https: new https.Agent(idle) }
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
      const response = here
        ? await here(createRequest(parcel, clock))
        : await sendOverSocket(parcel, clock, agents, abort?.signal)
      const isSocket = response instanceof http.IncomingMessage
      return {
        status: isSocket ? (response.statusCode ?? 0) : response.status,
        headers: isSocket ? flatten(response.headers) : Object.fromEntries(response.headers),
        body: await readPrefix(isSocket ? response : response.body, parcel.keepBytes ?? DEFAULT_KEEP_BYTES),
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
      agents.http.destroy()
      agents.https.destroy()
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

function createRequest({ method, url, headers, body, slowMs }: OutgoingRequest, clock: Clock): Request {
  const init: RequestInit & { duplex: 'half' } = { method, headers, duplex: 'half' }
  if (body === null) return new Request(url, init)
  return new Request(url, { ...init, body: slowMs > 0 ? chunkedBody(body, slowMs, clock) : new Uint8Array(body) })
}

interface Agents {
  http: http.Agent
  https: https.Agent
}

/** Sends the request without `fetch`, which adds headers of browsers that Telnyx does not send. */
function sendOverSocket(
  { method, url, headers, body, slowMs }: OutgoingRequest,
  clock: Clock,
  agents: Agents,
  signal: AbortSignal | undefined,
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, ...(signal ? { signal } : {}) }
    const outgoing = url.startsWith('https:')
      ? https.request(url, { ...options, agent: agents.https }, resolve)
      : http.request(url, { ...options, agent: agents.http }, resolve)
    outgoing.on('error', reject)
    if (body === null || slowMs === 0) outgoing.end(body ?? undefined)
    else writeAll(chunkedBody(body, slowMs, clock), outgoing).catch(reject)
  })
}

async function writeAll(chunks: AsyncIterable<Uint8Array>, outgoing: http.ClientRequest): Promise<void> {
  for await (const chunk of chunks) outgoing.write(chunk)
  outgoing.end()
}

const flatten = (headers: http.IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value = '']) => [name, [value].flat().join(', ')]))

/** Streams the body in four chunks with pauses between them. */
function chunkedBody(body: Buffer, slowMs: number, clock: Clock): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieces = 4
  const size = Math.ceil(body.length / pieces)
  let sent = 0
  return new ReadableStream({
    async pull(controller) {
      if (sent > 0) await clock.sleep(slowMs / pieces)
      controller.enqueue(new Uint8Array(body.subarray(sent * size, (sent + 1) * size)))
      sent += 1
      if (sent * size >= body.length) controller.close()
    },
  })
}

async function readPrefix(body: AsyncIterable<Uint8Array> | null, keepBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  // Leaving the loop early cancels the rest, because the response body may never end.
  for await (const chunk of body ?? []) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= keepBytes) break
  }
  return Buffer.concat(chunks).subarray(0, keepBytes).toString('utf8')
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // A host name with several addresses fails with one error per address.
  const [first = error] = error instanceof AggregateError ? (error.errors as Error[]) : []
  return first.message
}
