/** One socket.io room a call: what is appended to the call is broadcast to the sockets in it. */
import type { ClientToServer, ServerToClient } from '@callgather/protocol'
import type { Server, Socket } from 'socket.io'
import type { CallFeed } from '../calls/call-feed.ts'
import type { Unsubscribe } from '../store/call-store.ts'

/** The server's sockets, typed by the protocol. */
export type RelayServer = Server<ClientToServer, ServerToClient>
export type RelaySocket = Socket<ClientToServer, ServerToClient>

interface Room {
  /** For how many it is kept open. */
  holders: number
  /** The number that stands for the call and its epoch; another epoch gets another. */
  channel: { readonly epoch: string; readonly number: number } | null
  readonly stop: Promise<Unsubscribe>
}

/** The name of a call's room; a socket is in a room of its own too, which is called by its id. */
const roomOf = (callId: string) => `call:${callId}`

/** The rooms that have sockets in them, or soon will. */
export class Rooms {
  readonly #io: RelayServer
  readonly #feed: CallFeed
  readonly #relayed: (records: number) => void
  readonly #rooms = new Map<string, Room>()
  #channels = 0

  constructor(io: RelayServer, feed: CallFeed, relayed: (records: number) => void) {
    this.#io = io
    this.#feed = feed
    this.#relayed = relayed
  }

  /** Keeps a room open for one more, who may then enter it; what is returned ends that. */
  async acquire(callId: string): Promise<Unsubscribe> {
    const room = this.#rooms.get(callId) ?? this.#open(callId)
    this.#rooms.set(callId, room)
    room.holders += 1
    let held = true
    const letGo = () => {
      if (!held) return
      held = false
      room.holders -= 1
      if (room.holders > 0) return
      if (this.#rooms.get(callId) === room) this.#rooms.delete(callId)
      room.stop.then((stop) => stop()).catch(() => {})
    }
    try {
      await room.stop
      return letGo
    } catch (error) {
      letGo()
      throw error
    }
  }

  /** Tells a client from now on what happens to a call. Its room must be held. */
  join(callId: string, socket: RelaySocket): void {
    this.#io.in(socket.id).socketsJoin(roomOf(callId))
  }

  /** Tells it no longer. */
  leave(callId: string, socket: RelaySocket): void {
    this.#io.in(socket.id).socketsLeave(roomOf(callId))
  }

  /** The number by which the frames of a call go while its log has this epoch. Its room must be held. */
  channelOf(callId: string, epoch: string): number {
    const room = this.#rooms.get(callId)
    if (room?.channel?.epoch === epoch) return room.channel.number
    const number = ++this.#channels
    if (room) room.channel = { epoch, number }
    return number
  }

  #open(callId: string): Room {
    const stop = this.#feed.subscribe(callId, {
      onGrowth: ({ cursor: { epoch, seq }, records }) => {
        const channel = this.channelOf(callId, epoch)
        const events = records.map(({ event }) => event)
        this.#io.to(roomOf(callId)).emit('call:event', [channel, seq - records.length + 1, ...events])
        this.#relayed(records.length)
      },
      onForgotten: () => {
        // No epoch is the empty one: whoever watches asks again, and learns what there is now.
        const heads = [{ call_id: callId, epoch: '', seq: 0 }]
        this.#io.to(roomOf(callId)).emit('call:head', { now: new Date().toISOString(), heads })
      },
    })
    return { holders: 0, channel: null, stop }
  }
}
