/**
 * Proof that a client reads. The engine's heartbeat is none: its answer is the same one byte each time, which a client
 * can send unasked while it reads nothing. So each connection is asked to give back a random word, in a ping frame of
 * the websocket, which every browser and library answers by itself with the same content (RFC 6455, section 5.5.3). A
 * frame is read in its turn: whoever gives the word back has read all that was sent before it.
 */
import { randomBytes } from 'node:crypto'
import { type EngineSocket, websocketOf } from './websocket.ts'

/** How a connection is asked. */
export interface LivenessLimits {
  /** How long after an answer the next word is sent, in milliseconds. Default 3000. */
  readonly everyMillis: number
  /** How long a word may take to come back, in milliseconds. Default 6000. */
  readonly patienceMillis: number
}

/** The limits unless others are given: whoever stops reading is found out within 10 s. */
export const defaultLiveness: LivenessLimits = { everyMillis: 3_000, patienceMillis: 6_000 }

const WORD_BYTES = 8

/** Asks a connection again and again; `silent` is called at most once, when a word does not come back. */
export function guardLiveness(
  conn: EngineSocket,
  { everyMillis, patienceMillis }: LivenessLimits,
  silent: () => void,
): void {
  const websocket = websocketOf(conn)
  if (!websocket) return
  let word: Buffer | null = null
  let timer: NodeJS.Timeout | undefined
  const ask = () => {
    word = randomBytes(WORD_BYTES)
    websocket.ping(word)
    timer = setTimeout(end, patienceMillis)
    timer.unref()
  }
  const rest = () => {
    timer = setTimeout(ask, everyMillis)
    timer.unref()
  }
  const answered = (given: Buffer) => {
    // Anything else is no answer, nor a fault: a pong may be sent unasked (RFC 6455, section 5.5.3).
    if (!word?.equals(given)) return
    word = null
    clearTimeout(timer)
    rest()
  }
  const stop = () => {
    clearTimeout(timer)
    websocket.off('pong', answered)
  }
  const end = () => {
    stop()
    silent()
  }
  websocket.on('pong', answered)
  conn.once('close', stop)
  rest()
}
