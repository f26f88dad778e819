/**
 * Cuts off whoever does not read. What a client has not read is kept for it in our memory, and the engine sets no bound:
 * a client that stalls, and still answers pings, would be kept for ever. A client that was cut off connects again and
 * resumes by number; it loses nothing but the connection.
 */
import type { RelaySocket } from './rooms.ts'
import { terminate, websocketOf } from './websocket.ts'

/** How much may wait for one client. */
export interface BackpressureLimits {
  /** Bytes, beyond the largest answer it asked for itself. Default 1 MiB. */
  readonly bytes: number
  /** Messages. Default 500. */
  readonly messages: number
  /** How long anything may wait, in milliseconds. Default 10000. */
  readonly ageMillis: number
}

/** The limits unless others are given. */
export const defaultBackpressure: BackpressureLimits = { bytes: 1024 * 1024, messages: 500, ageMillis: 10_000 }

const CHECK_MILLIS = 1_000

interface Packet {
  readonly data?: unknown
}

/** Watches what waits for a client; `cut` is called at most once, and then nothing waits any more. */
export function guardBackpressure(
  socket: RelaySocket,
  limits: BackpressureLimits,
  now: () => number,
  cut: (why: 'bytes' | 'messages' | 'age') => void,
): void {
  const { conn } = socket
  let since: number | null = null
  let asked = 0

  const end = (why: 'bytes' | 'messages' | 'age') => {
    stop()
    cut(why)
    terminate(conn)
  }
  const check = () => {
    const queue = queueOf(conn)
    const bytes = (websocketOf(conn)?.bufferedAmount ?? 0) + queue.reduce((sum, { data }) => sum + sizeOf(data), 0)
    if (bytes === 0) {
      since = null
      asked = 0
      return
    }
    since ??= now()
    if (queue.length > limits.messages) end('messages')
    else if (bytes > limits.bytes + asked) end('bytes')
    else if (now() - since > limits.ageMillis) end('age')
  }
  const created = ({ data }: Packet) => {
    // An answer is as large as what was asked for: the first of a long call may be megabytes.
    if (typeof data === 'string' && /^3\d/.test(data)) asked = Math.max(asked, data.length)
    check()
  }
  const timer = setInterval(check, CHECK_MILLIS)
  timer.unref()
  const stop = () => {
    clearInterval(timer)
    conn.off('packetCreate', created)
  }
  conn.on('packetCreate', created)
  conn.once('close', stop)
}

/** What the engine has not handed to the websocket yet; it has it, but not in its types. */
function queueOf(conn: object): readonly Packet[] {
  const queue: unknown = Reflect.get(conn, 'writeBuffer')
  return Array.isArray(queue) ? (queue as Packet[]) : []
}

const sizeOf = (data: unknown) =>
  typeof data === 'string' ? data.length : ArrayBuffer.isView(data) ? data.byteLength : 0
