/** One socket.io room per call: records that are appended to the call are broadcast to the sockets in its room. */
import type { CallEvent, ClientToServer, ServerToClient } from '@callgather/protocol'
import type { Server, Socket } from 'socket.io'
import type { CallFeed } from '../calls/call-feed.ts'
import { withRemoteParent } from '../edge/tracing.ts'
import type { Unsubscribe } from '../store/call-store.ts'

/** The socket.io server, typed by the protocol. */
export type RelayServer = Server<ClientToServer, ServerToClient>
/** One client's socket, typed by the protocol. */
export type RelaySocket = Socket<ClientToServer, ServerToClient>

interface Room {
  /** How many callers of `acquire` have not released the room. */
  refCount: number
  /** A short number for the call and its epoch; a new epoch gets a new number. */
  channel: { readonly epoch: string; readonly number: number } | null
  readonly subscription: Promise<Unsubscribe>
}

/** The name of a call's room. The prefix keeps it apart from the rooms that socket.io names after socket ids. */
const roomOf = (callId: string) => `call:${callId}`

/** The open rooms. A room subscribes to its call's log while at least one session has acquired it. */
export class Rooms {
  readonly #io: RelayServer
  readonly #feed: CallFeed
  readonly #countRelayed: (records: number) => void
  readonly #rooms = new Map<string, Room>()
  #channels = 0

  constructor(io: RelayServer, feed: CallFeed, countRelayed: (records: number) => void) {
    this.#io = io
    this.#feed = feed
    this.#countRelayed = countRelayed
  }

  /** Opens a room, or keeps it open, until the returned function is called. Resolves once the room receives records. */
  async acquire(callId: string): Promise<Unsubscribe> {
    const room = this.#rooms.get(callId) ?? this.#open(callId)
    this.#rooms.set(callId, room)
    room.refCount += 1
    let isReleased = false
    const release = () => {
      if (isReleased) return
      isReleased = true
      room.refCount -= 1
      if (room.refCount > 0) return
      if (this.#rooms.get(callId) === room) this.#rooms.delete(callId)
      room.subscription.then((unsubscribe) => unsubscribe()).catch(() => {})
    }
    try {
      await room.subscription
      return release
    } catch (error) {
      release()
      throw error
    }
  }

  /** Adds a client to a call's room, which must be acquired. */
  join(callId: string, socket: RelaySocket): void {
    this.#io.in(socket.id).socketsJoin(roomOf(callId))
  }

  /** Removes a client from a call's room. */
  leave(callId: string, socket: RelaySocket): void {
    this.#io.in(socket.id).socketsLeave(roomOf(callId))
  }

  /** The number that frames carry for a call and this epoch. The call's room must be acquired. */
  channelOf(callId: string, epoch: string): number {
    const room = this.#rooms.get(callId)
    if (room?.channel?.epoch === epoch) return room.channel.number
    const number = ++this.#channels
    if (room) room.channel = { epoch, number }
    return number
  }

  #open(callId: string): Room {
    const subscription = this.#feed.subscribe(callId, {
      onGrowth: ({ cursor: { epoch, seq }, records, traceparent }) => {
        const channel = this.channelOf(callId, epoch)
        const events = records.map(({ event }) => event)
        const frame = [channel, seq - records.length + 1, ...events] as const
        const room = this.#io.to(roomOf(callId))
        if (traceparent === undefined) room.emit('call:event', frame)
        else {
          withRemoteParent('callgather.relay', relayAttributes(events), traceparent, (own) => {
            if (own === undefined) room.emit('call:event', frame)
            else room.emit('call:event', frame, { traceparent: own })
          })
        }
        this.#countRelayed(records.length)
      },
      onForgotten: () => {
        // The empty epoch matches no log, so every client resyncs.
        const heads = [{ call_id: callId, epoch: '', seq: 0 }]
        this.#io.to(roomOf(callId)).emit('call:head', { now: new Date().toISOString(), heads })
      },
    })
    return { refCount: 0, channel: null, subscription }
  }
}

const relayAttributes = (events: readonly CallEvent[]) => ({
  'callgather.event_type': events[0]?.event_type ?? 'none',
  'callgather.events': events.length,
})
