/** Reads what a server sends on one socket: events as JSON, and channels that stand for logs. */
import type { CallEvent } from '../events/event.ts'
import type { CallEventFrame, CallRecord, WatchReply, WireEventFrame, WireWatchReply } from './socket.ts'

/** Frames name their log by a channel, which the answer to `call:watch` on the same socket has announced. */
export class WireReader {
  readonly #logs = new Map<number, { readonly call_id: string; readonly epoch: string }>()

  /** Reads the answer to a `call:watch`. Call it before anything that follows on the socket, which may be a frame. */
  readReply(callId: string, reply: WireWatchReply): WatchReply {
    if (!reply.ok) return reply
    const { channel, events: text, ...rest } = reply
    const events = JSON.parse(text) as CallEvent[]
    this.#logs.set(channel, { call_id: callId, epoch: reply.cursor.epoch })
    return { ...rest, records: numbered(reply.cursor.seq - events.length + 1, events) }
  }

  /** Reads a frame; `null` if its channel was not announced here, or its call is no longer watched. */
  readFrame([channel, first, ...events]: WireEventFrame): CallEventFrame | null {
    const log = this.#logs.get(channel)
    return log ? { ...log, records: numbered(first, events) } : null
  }

  /** Ignores the frames of a call from now on. */
  release(callId: string): void {
    for (const [channel, { call_id }] of this.#logs) if (call_id === callId) this.#logs.delete(channel)
  }
}

const numbered = (first: number, events: readonly CallEvent[]): CallRecord[] =>
  events.map((event, index) => ({ seq: first + index, event }))
