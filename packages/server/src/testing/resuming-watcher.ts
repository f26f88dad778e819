/**
 * A client that watches one call, reconnects to the next server after each failure, and resumes by cursor. It accepts
 * only the next sequence number and collects conflicting records, so that a test can assert that there were none.
 */
import { type CallRecord, type Cursor, PROTOCOL_VERSION, type WatchReply, WireReader } from '@callgather/protocol'
import { io } from 'socket.io-client'
import type { ClientSocket } from './server.ts'

/** A client that watches one call and resumes on the next server. */
export class ResumingWatcher {
  readonly #origins: readonly string[]
  readonly #ticket: string
  readonly #callId: string
  #socket: ClientSocket | null = null
  #attempts = 0
  #cursor: Cursor | undefined
  #asking = false
  #stopped = false
  /** The records that the client has received. */
  records: CallRecord[] = []
  /** The kinds of the server's answers to the client's watch requests. */
  readonly replies: string[] = []
  /** Records with a sequence number that this client already has for a different event. */
  readonly contradictions: CallRecord[] = []

  constructor(parts: { origins: readonly string[]; ticket: string; callId: string }) {
    this.#origins = parts.origins
    this.#ticket = parts.ticket
    this.#callId = parts.callId
    this.#connect()
  }

  get epoch(): string | undefined {
    return this.#cursor?.epoch
  }

  /** The ids of the received events, in order. */
  get ids(): string[] {
    return this.records.map(({ event }) => event.id)
  }

  /** Disconnects from the current server and connects to the next. */
  move(): void {
    this.#socket?.close()
    this.#connect()
  }

  stop(): void {
    this.#stopped = true
    this.#socket?.close()
  }

  [Symbol.dispose](): void {
    this.stop()
  }

  #connect(): void {
    if (this.#stopped) return
    const origin = this.#origins[this.#attempts++ % this.#origins.length] as string
    const socket: ClientSocket = io(origin, {
      path: '/callgather/socket.io',
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      timeout: 2_000,
      auth: { ticket: this.#ticket, protocol: PROTOCOL_VERSION },
    })
    this.#socket = socket
    this.#asking = false
    const again = () => {
      if (this.#socket === socket) setTimeout(() => this.#socket === socket && this.#connect(), 50)
    }
    const reader = new WireReader()
    socket.on('connect', () => this.#ask(socket, reader))
    socket.on('connect_error', again)
    socket.on('disconnect', again)
    socket.on('call:event', (written) => {
      const frame = reader.readFrame(written)
      if (frame && frame.epoch === this.#cursor?.epoch) this.#take(frame.records, socket, reader)
      else this.#ask(socket, reader)
    })
    socket.on('call:head', ({ heads }) => {
      const head = heads.find(({ call_id }) => call_id === this.#callId)
      if (head && (head.epoch !== this.#cursor?.epoch || head.seq > this.#cursor.seq)) this.#ask(socket, reader)
    })
  }

  #ask(socket: ClientSocket, reader: WireReader): void {
    if (this.#asking) return
    this.#asking = true
    const request = { call_id: this.#callId, ...(this.#cursor ? { cursor: this.#cursor } : {}) }
    socket.timeout(3_000).emit('call:watch', request, (error, written) => {
      // Subscribe synchronously: frames of the same read arrive before a promise resolves.
      if (this.#socket === socket)
        this.#answered(error ? null : reader.readReply(this.#callId, written), socket, reader)
    })
  }

  #answered(reply: WatchReply | null, socket: ClientSocket, reader: WireReader): void {
    this.#asking = false
    if (!reply?.ok) {
      this.replies.push(reply ? String(reply.error.status) : 'no answer')
      setTimeout(() => this.#socket === socket && socket.connected && this.#ask(socket, reader), 100)
      return
    }
    this.replies.push(reply.kind)
    if (reply.kind === 'snapshot') this.records = []
    this.#cursor = { epoch: reply.cursor.epoch, seq: this.records.length }
    this.#take(reply.records, socket, reader)
  }

  #take(records: readonly CallRecord[], socket: ClientSocket, reader: WireReader): void {
    for (const record of records) {
      const held = this.records[record.seq - 1]
      if (held && held.event.id !== record.event.id) this.contradictions.push(record)
      if (record.seq === this.records.length + 1) this.records.push(record)
      else if (record.seq > this.records.length + 1) {
        this.#ask(socket, reader)
        return
      }
    }
    if (this.#cursor) this.#cursor = { ...this.#cursor, seq: this.records.length }
  }
}
