/**
 * Limits the data that is buffered for one client. Unread data stays in server memory, and the engine sets no limit.
 *
 * Replies are queued until the client has read enough: disconnecting it would not help, since it would reconnect and
 * send the same requests. Broadcasts can't be queued, so a client that falls too far behind, or reads almost nothing, is
 * disconnected. It resumes from its cursor when it reconnects.
 */
import { gatherError } from '@callgather/protocol'
import { bytesSent, terminate } from './engine-io.ts'
import type { RelaySocket } from './rooms.ts'

/** How much unread data is buffered for one client before it is disconnected. */
export interface BackpressureLimits {
  /** Maximum number of unread bytes, beyond the largest reply that the client requested. Default 1 MiB. */
  readonly maxBytes: number
  /** Maximum number of unread messages. Default 500. */
  readonly maxMessages: number
  /** How long data may stay unread while the client reads less than 16 KiB, in milliseconds. Default 10000. */
  readonly maxStallMs: number
}

/** Flow control of one connection. */
export interface Backpressure {
  /**
   * Runs a task that sends a reply. Tasks run one at a time, each once the client has read enough or is gone, so at most
   * one reply is added to the buffer before its size is known.
   *
   * @throws GatherError when too many replies are queued.
   */
  readonly queueReply: (task: () => Promise<void>) => Promise<void>
  /** Whether the client is reading its buffered data. */
  readonly isReading: () => boolean
}

const CHECK_INTERVAL_MS = 1_000
/** A client that reads slower than this per `maxStallMs` is disconnected, because its unread data stays in server memory. */
const MIN_PROGRESS_BYTES = 16 * 1024
/** The share of `maxBytes` that replies may fill. The rest is left for broadcasts. */
const REPLY_SHARE = 0.25
/** Maximum number of queued replies: more than two for each call that one connection may watch. */
const MAX_QUEUED_REPLIES = 500

/** A packet that acknowledges a request by its number (socket.io protocol 5). */
const REPLY_PACKET = /^3\d/

interface Packet {
  readonly data?: unknown
}

type Limit = 'bytes' | 'messages' | 'age'

/** Monitors a client's unread data. `onDisconnect` is called at most once, when the client exceeds a limit. */
export function guardBackpressure(
  socket: RelaySocket,
  limits: BackpressureLimits,
  onDisconnect: (limit: Limit) => void,
): Backpressure {
  const { conn } = socket
  const { transport } = conn
  const stream = conn.request.socket
  /** The number of messages that the engine has not yet handed to the websocket, and their bytes. */
  let messages = 0
  let queuedBytes = 0
  /** The size of the largest reply that the client may not have read yet. */
  let largestReply = 0
  /**
   * Bytes sent at the last sufficient progress, and the number of checks since; `null` while nothing is unread. Counts
   * checks instead of time, because a stalled event loop sees none of its clients' progress.
   */
  let stall: { readonly sent: number; checks: number } | null = null
  /** Bytes sent at the last check; `null` if no data was unread. */
  let lastSent: number | null = null
  let isProgressing = false
  let isOver = false
  /** The timer of the checks. It runs while data is or may be unread. */
  let timer: NodeJS.Timeout | undefined
  let resolveRoom: (() => void) | null = null
  let lastReply: Promise<void> = Promise.resolve()
  let queuedReplies = 0

  const unreadBytes = () => queuedBytes + stream.writableLength
  const hasRoom = () => isOver || unreadBytes() <= limits.maxBytes * REPLY_SHARE
  const releaseReply = () => {
    if (!resolveRoom || !hasRoom()) return
    stream.off('drain', releaseReply)
    resolveRoom()
    resolveRoom = null
  }
  const waitForRoom = async () => {
    if (!hasRoom()) {
      await new Promise<void>((resolve) => {
        resolveRoom = resolve
        stream.on('drain', releaseReply)
      })
    }
  }
  const disconnect = (limit: Limit) => {
    stop()
    onDisconnect(limit)
    terminate(conn)
  }
  const checkSize = () => {
    const bytes = unreadBytes()
    if (bytes === 0) {
      stall = null
      lastSent = null
      largestReply = 0
      return
    }
    stall ??= { sent: bytesSent(conn), checks: 0 }
    if (messages > limits.maxMessages) disconnect('messages')
    else if (bytes > limits.maxBytes + largestReply) disconnect('bytes')
  }
  const onPacket = ({ data }: Packet) => {
    timer ??= setInterval(checkProgress, CHECK_INTERVAL_MS).unref()
    const size = sizeOf(data)
    const isReply = typeof data === 'string' && REPLY_PACKET.test(data)
    // The usual case: everything before was accepted, and the engine sends this packet at once.
    if (transport.writable) {
      stall = null
      lastSent = null
      largestReply = isReply ? size : 0
      return
    }
    checkSize()
    if (isReply) largestReply = Math.max(largestReply, size)
    if (messages === 0) conn.once('flush', onFlush)
    messages += 1
    queuedBytes += size
  }
  const onFlush = () => {
    messages = 0
    queuedBytes = 0
  }
  const checkProgress = () => {
    const sent = bytesSent(conn)
    // The system's buffers take data first. Only what leaves while more is unread was read by the client.
    isProgressing = lastSent !== null && sent > lastSent && unreadBytes() > 0
    lastSent = sent
    if (stall && sent - stall.sent >= MIN_PROGRESS_BYTES) stall = { sent, checks: 0 }
    else if (stall) stall.checks += 1
    checkSize()
    if (!isOver && stall && stall.checks * CHECK_INTERVAL_MS >= limits.maxStallMs) disconnect('age')
    releaseReply()
    if (lastSent === null) stopTimer()
  }
  const stopTimer = () => {
    clearInterval(timer)
    timer = undefined
  }
  const stop = () => {
    isOver = true
    stopTimer()
    conn.off('packetCreate', onPacket)
    conn.off('flush', onFlush)
    releaseReply()
  }
  conn.on('packetCreate', onPacket)
  conn.once('close', stop)
  return {
    queueReply: (task) => {
      if (queuedReplies >= MAX_QUEUED_REPLIES) {
        throw gatherError(
          'tooManyRequests',
          'Too many replies are pending. Read the pending replies before you send more requests.',
        )
      }
      queuedReplies += 1
      const reply = lastReply.then(waitForRoom).then(task)
      const onDone = () => {
        queuedReplies -= 1
      }
      lastReply = reply.then(onDone, onDone)
      return reply
    },
    isReading: () => isProgressing,
  }
}

const sizeOf = (data: unknown) =>
  typeof data === 'string' ? data.length : ArrayBuffer.isView(data) ? data.byteLength : 0
