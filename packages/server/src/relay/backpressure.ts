/**
 * Bounds what waits for a client. What it has not read is kept for it in our memory, and the engine sets no bound.
 *
 * What a client asks for is held back until there is room, however much it asks for at once: cutting it off would help
 * nobody, since it would come back and ask for the same. What happens meanwhile cannot be held back, so who falls too
 * far behind is cut off, and so is who makes no progress; a client that stalls, and still answers pings, would be kept
 * for ever. A client that was cut off connects again and resumes by number; it loses nothing but the connection.
 */
import { gatherError } from '@callgather/protocol'
import { bytesSent, terminate } from './engine-io.ts'
import type { RelaySocket } from './rooms.ts'

/** How much may wait for one client. */
export interface BackpressureLimits {
  /** Bytes, beyond the largest answer it asked for itself. Default 1 MiB. */
  readonly maxBytes: number
  /** Messages. Default 500. */
  readonly maxMessages: number
  /** How long anything may wait while less than 16 KiB are taken, in milliseconds. Default 10000. */
  readonly maxStallMs: number
}

/** What those who send over a connection do by it. */
export interface Backpressure {
  /**
   * Does what ends in an answer: one after another, each when the client has taken enough of what waits for it, or is
   * gone. So no more than one answer is made before it is known how much the last has added.
   */
  readonly queueReply: (answer: () => Promise<void>) => Promise<void>
  /** Whether the client is taking what waits for it. */
  readonly isMoving: () => boolean
}

const CHECK_INTERVAL_MS = 1_000
/** Who takes less than this in the time that anything may wait holds our memory, and no more. */
const MIN_PROGRESS_BYTES = 16 * 1024
/** Answers leave the rest of the limit to what happens meanwhile. */
const REPLY_SHARE = 0.25
/** Answers that may wait for their turn: more than the calls one connection may watch, asked for twice. */
const MAX_QUEUED_REPLIES = 500

/** A packet that answers, with the number of what was asked (socket.io protocol 5). */
const REPLY_PACKET = /^3\d/

interface Packet {
  readonly data?: unknown
}

/** Watches what waits for a client; `cut` is called at most once, and then nothing waits any more. */
export function guardBackpressure(
  socket: RelaySocket,
  limits: BackpressureLimits,
  cut: (why: 'bytes' | 'messages' | 'age') => void,
): Backpressure {
  const { conn } = socket
  const { transport } = conn
  const stream = conn.request.socket
  /** Messages, and their bytes, which the engine has not handed to the websocket yet. Counted, lest each adds them up. */
  let messages = 0
  let queued = 0
  /** The largest answer that may be among what waits. */
  let asked = 0
  /**
   * How much had been taken when enough was taken last, and how often it was looked at since; `null` while nothing
   * waits. Counted and not timed: a process that was itself held up has seen nothing of what its clients did.
   */
  let stuck: { readonly sent: number; looks: number } | null = null
  /** How much had been taken when it was last looked at; `null` if nothing waited then. */
  let seen: number | null = null
  let moving = false
  let over = false
  /** Looks while anything waits, or may. */
  let timer: NodeJS.Timeout | undefined
  let forRoom: (() => void) | null = null
  let turn: Promise<void> = Promise.resolve()
  let turns = 0

  const waiting = () => queued + stream.writableLength
  const hasRoom = () => over || waiting() <= limits.maxBytes * REPLY_SHARE
  const letIn = () => {
    if (!forRoom || !hasRoom()) return
    stream.off('drain', letIn)
    forRoom()
    forRoom = null
  }
  const room = async () => {
    if (!hasRoom()) {
      await new Promise<void>((resolve) => {
        forRoom = resolve
        stream.on('drain', letIn)
      })
    }
  }
  const end = (why: 'bytes' | 'messages' | 'age') => {
    stop()
    cut(why)
    terminate(conn)
  }
  const check = () => {
    const bytes = waiting()
    if (bytes === 0) {
      stuck = null
      seen = null
      asked = 0
      return
    }
    stuck ??= { sent: bytesSent(conn), looks: 0 }
    if (messages > limits.maxMessages) end('messages')
    else if (bytes > limits.maxBytes + asked) end('bytes')
  }
  const created = ({ data }: Packet) => {
    timer ??= setInterval(look, CHECK_INTERVAL_MS).unref()
    const size = sizeOf(data)
    const isAnswer = typeof data === 'string' && REPLY_PACKET.test(data)
    // All before it has been taken, and the engine hands it on at once. So it is nearly always.
    if (transport.writable) {
      stuck = null
      seen = null
      asked = isAnswer ? size : 0
      return
    }
    check()
    if (isAnswer) asked = Math.max(asked, size)
    if (messages === 0) conn.once('flush', flushed)
    messages += 1
    queued += size
  }
  const flushed = () => {
    messages = 0
    queued = 0
  }
  const look = () => {
    const sent = bytesSent(conn)
    // Only what leaves while more waits was taken by the client: anything else is taken by the system's buffers first.
    moving = seen !== null && sent > seen && waiting() > 0
    seen = sent
    if (stuck && sent - stuck.sent >= MIN_PROGRESS_BYTES) stuck = { sent, looks: 0 }
    else if (stuck) stuck.looks += 1
    check()
    if (!over && stuck && stuck.looks * CHECK_INTERVAL_MS >= limits.maxStallMs) end('age')
    letIn()
    if (seen === null) rest()
  }
  /** Nothing waits, and nothing can before something is sent. */
  const rest = () => {
    clearInterval(timer)
    timer = undefined
  }
  const stop = () => {
    over = true
    rest()
    conn.off('packetCreate', created)
    conn.off('flush', flushed)
    letIn()
  }
  conn.on('packetCreate', created)
  conn.once('close', stop)
  return {
    queueReply: (answer) => {
      if (turns >= MAX_QUEUED_REPLIES)
        throw gatherError('tooManyRequests', 'Too many requests wait for an answer. Read those.')
      turns += 1
      const answered = turn.then(room).then(answer)
      const done = () => {
        turns -= 1
      }
      turn = answered.then(done, done)
      return answered
    },
    isMoving: () => moving,
  }
}

const sizeOf = (data: unknown) =>
  typeof data === 'string' ? data.length : ArrayBuffer.isView(data) ? data.byteLength : 0
