/**
 * Proof that a client reads. The engine's heartbeat is none: its answer is the same one byte each time, which a client
 * can send unasked while it reads nothing. So each connection is asked to give back a random word, in a ping frame of
 * the websocket, which every browser and library answers by itself with the same content (RFC 6455, section 5.5.3). A
 * frame is read in its turn: whoever gives the word back has read all that was sent before it.
 *
 * On a slow line much may be sent before a word, so more words follow while none has come back: each that does proves
 * that the client reads. So does that it takes what waits for it in this process.
 */
import { randomBytes } from 'node:crypto'
import { type EngineSocket, websocketOf } from './engine-io.ts'

/** How a connection is asked. */
export interface LivenessLimits {
  /** How long after a word the next one is sent, in milliseconds. Default 3000. */
  readonly pingIntervalMs: number
  /** How long no word may come back while one is awaited, in milliseconds. Default 6000. */
  readonly pongTimeoutMs: number
}

const NONCE_BYTES = 8

/**
 * Asks a connection again and again; `silent` is called at most once, when no word comes back. It is not called while
 * `isMoving` says that the client takes what is kept for it.
 */
export function guardLiveness(
  conn: EngineSocket,
  { pingIntervalMs, pongTimeoutMs }: LivenessLimits,
  isMoving: () => boolean,
  silent: () => void,
): void {
  const websocket = websocketOf(conn)
  if (!websocket) return
  /** The words that have not come back, the oldest first. */
  let words: Buffer[] = []
  let patience: NodeJS.Timeout | undefined
  const bePatient = () => {
    clearTimeout(patience)
    patience = setTimeout(() => {
      const [awaited] = words
      // A process that was itself held up has its timers before it reads: what has come meanwhile is read first.
      setImmediate(() => {
        if (awaited && words[0] === awaited) judge()
      })
    }, pongTimeoutMs)
    patience.unref()
  }
  const judge = () => (isMoving() ? bePatient() : end())
  const ask = () => {
    const word = randomBytes(NONCE_BYTES)
    if (words.length === 0) bePatient()
    words.push(word)
    websocket.ping(word)
  }
  const answered = (given: Buffer) => {
    // Anything else is no answer, nor a fault: a pong may be sent unasked (RFC 6455, section 5.5.3).
    const index = words.findIndex((word) => word.equals(given))
    if (index < 0) return
    // Only the latest need be answered, so the earlier ones are not awaited any more (also 5.5.3).
    words = words.slice(index + 1)
    if (words.length > 0) bePatient()
    else clearTimeout(patience)
  }
  const asking = setInterval(ask, pingIntervalMs)
  asking.unref()
  const stop = () => {
    clearInterval(asking)
    clearTimeout(patience)
    words = []
    websocket.off('pong', answered)
  }
  const end = () => {
    stop()
    silent()
  }
  websocket.on('pong', answered)
  conn.once('close', stop)
}
