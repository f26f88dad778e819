/**
 * Detects clients that have stopped reading. The engine's heartbeat does not: its answer is always the same byte, which a
 * client can send without reading anything. So each connection gets websocket pings with a random nonce.
 *
 * Browsers and libraries answer a ping with the same content (RFC 6455, section 5.5.3). Frames are read in order, so a
 * matching pong proves that the client has read everything sent before the ping. Pings continue while none is answered:
 * on a slow connection a lot of data may precede each.
 */
import { randomBytes } from 'node:crypto'
import { type EngineSocket, websocketOf } from './engine-io.ts'

/** How often the server pings a client, and how soon the client must answer. */
export interface LivenessLimits {
  /** Interval between pings, in milliseconds. Default 3000. */
  readonly pingIntervalMs: number
  /** How long a client may answer none of its pending pings, in milliseconds. Default 6000. */
  readonly pongTimeoutMs: number
}

const NONCE_BYTES = 8

/**
 * Pings a connection at intervals.
 *
 * @param isReading Whether the client is reading its buffered data, which extends the timeout.
 * @param onTimeout Called at most once, when the client has answered no ping in time.
 */
export function guardLiveness(
  conn: EngineSocket,
  { pingIntervalMs, pongTimeoutMs }: LivenessLimits,
  isReading: () => boolean,
  onTimeout: () => void,
): void {
  const websocket = websocketOf(conn)
  if (!websocket) return
  /** The nonces of unanswered pings, oldest first. */
  let pending: Buffer[] = []
  let timeout: NodeJS.Timeout | undefined
  const restartTimeout = () => {
    clearTimeout(timeout)
    timeout = setTimeout(() => {
      const [oldest] = pending
      // After an event loop stall, timers run before sockets are read. Read the pongs that have arrived first.
      setImmediate(() => {
        if (oldest && pending[0] === oldest) expire()
      })
    }, pongTimeoutMs)
    timeout.unref()
  }
  const expire = () => (isReading() ? restartTimeout() : end())
  const ping = () => {
    const nonce = randomBytes(NONCE_BYTES)
    if (pending.length === 0) restartTimeout()
    pending.push(nonce)
    websocket.ping(nonce)
  }
  const onPong = (content: Buffer) => {
    // Unsolicited pongs are allowed and prove nothing (RFC 6455, section 5.5.3).
    const index = pending.findIndex((nonce) => nonce.equals(content))
    if (index < 0) return
    // A client may answer only the latest ping (also section 5.5.3), so the earlier ones count as answered.
    pending = pending.slice(index + 1)
    if (pending.length > 0) restartTimeout()
    else clearTimeout(timeout)
  }
  const pingTimer = setInterval(ping, pingIntervalMs)
  pingTimer.unref()
  const stop = () => {
    clearInterval(pingTimer)
    clearTimeout(timeout)
    pending = []
    websocket.off('pong', onPong)
  }
  const end = () => {
    stop()
    onTimeout()
  }
  websocket.on('pong', onPong)
  conn.once('close', stop)
}
