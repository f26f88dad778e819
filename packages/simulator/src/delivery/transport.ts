/** One request to a receiver, over HTTP or within this process. Never throws: what went wrong is part of the answer. */
import type { Clock } from '../clock/clock.ts'
import { isInProcess, type WebhookHandler } from './target.ts'

export interface Parcel {
  method: string
  url: string
  headers: Record<string, string>
  /** `null` for none. */
  body: Buffer | null
  /** Milliseconds the receiver has. */
  timeoutMs: number
  /** Spreads the body over so many milliseconds. */
  slowMs: number
  /** How much of the answer is kept. Default 2048 bytes. */
  keepBytes?: number
}

export type Receipt =
  | { status: number; headers: Record<string, string>; body: string; error: null }
  | { status: null; headers: Record<string, string>; body: string; error: string }

export interface Transport {
  send(parcel: Parcel): Promise<Receipt>
  /** Cuts off what is on its way. */
  close(): void
}

/**
 * A receiver in this process that never answers holds a virtual clock still, and so the timeout that would end it. When
 * time has not moved for so long in real time, it is given up all the same. Only then: how fast a busy machine gets
 * through virtual time must not decide what happens in it.
 */
const PATIENCE_MS = 30_000

const USUALLY_KEPT_BYTES = 2048

export function createTransport(handler: WebhookHandler | null, clock: Clock): Transport {
  const underway = new Set<(why: string) => void>()
  const deliver = async (parcel: Parcel): Promise<Receipt> => {
    const here = handler !== null && isInProcess(parcel.url) ? handler : null
    // A function in this process cannot be aborted, and the two objects would cost more than the signature.
    const abort = here ? null : new AbortController()
    let giveUp: (why: string) => void = () => {}
    const cut = new Promise<never>((_, reject) => {
      giveUp = (why) => {
        abort?.abort()
        reject(new Error(why))
      }
    })
    const late = () => giveUp(`no answer within ${parcel.timeoutMs} ms`)
    // A receiver on a socket lives in real time; one in this process in the simulator's, whatever that costs to compute.
    const cancel = here ? inClockTime(clock, parcel.timeoutMs, late) : inRealTime(parcel.timeoutMs, late)
    underway.add(giveUp)
    const exchange = async (): Promise<Receipt> => {
      const asked = request(parcel, clock, abort?.signal)
      const response = await (here ? here(asked) : fetch(asked))
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await start(response, parcel.keepBytes ?? USUALLY_KEPT_BYTES),
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
    timer = setTimeout(() => (clock.now() === seen ? late() : watch()), PATIENCE_MS)
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
  { method, url, headers, body, slowMs }: Parcel,
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
    body: slowMs > 0 ? drops(body, (pieces) => clock.sleep(slowMs / pieces)) : new Uint8Array(body),
  })
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

async function start(response: Response, keepBytes: number): Promise<string> {
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
  // The rest is of no interest, and a receiver that never stops talking must not keep us.
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
