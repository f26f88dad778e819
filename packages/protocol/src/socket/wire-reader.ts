/** Decodes the replies and frames that a server sends on a socket. */
import type { CallEvent } from '../events/event.ts'
import type { CallEventFrame, CallRecord, FrameTrace, WatchReply, WireEventFrame, WireWatchReply } from './socket.ts'

/** A frame identifies its log by a channel number. The reply to `call:watch` on the same socket assigns the channel. */
export class WireReader {
  readonly #logs = new Map<number, { readonly call_id: string; readonly epoch: string }>()

  /** Reads the reply to `call:watch`. Call it before you read a later frame, which may use the reply's channel. */
  readReply(callId: string, reply: WireWatchReply): WatchReply {
    if (!reply.ok) return reply
    const { channel, events: text, ...rest } = reply
    const events = JSON.parse(text) as CallEvent[]
    this.#logs.set(channel, { call_id: callId, epoch: reply.cursor.epoch })
    return { ...rest, records: numbered(reply.cursor.seq - events.length + 1, events) }
  }

  /** Reads a frame; `null` if its channel is unknown on this socket, or its call is no longer watched. */
  readFrame([channel, first, ...events]: WireEventFrame, trace?: FrameTrace): CallEventFrame | null {
    const log = this.#logs.get(channel)
    return log ? { ...log, records: numbered(first, events), ...(trace && { trace }) } : null
  }

  /** Ignores the frames of a call from now on. */
  release(callId: string): void {
    for (const [channel, { call_id }] of this.#logs) if (call_id === callId) this.#logs.delete(channel)
  }
}

const numbered = (first: number, events: readonly CallEvent[]): CallRecord[] =>
  events.map((event, index) => ({ seq: first + index, event }))
