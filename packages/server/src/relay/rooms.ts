/** One room a call: what is appended to the call goes to everyone in it. Only the server lets anyone in. */
import { type ClientToServer, encodeEvent, type ServerToClient } from '@callgather/protocol'
import type { Server, Socket } from 'socket.io'
import type { CallLog } from '../calls/call-log.ts'
import type { Unsubscribe } from '../calls/call-store.ts'

/** The server's sockets, typed by the protocol. */
export type RelayServer = Server<ClientToServer, ServerToClient>
export type RelaySocket = Socket<ClientToServer, ServerToClient>

interface Room {
  members: number
  /** The number that stands for the call and its epoch; another epoch gets another. */
  channel: { readonly epoch: string; readonly number: number } | null
  stop: Promise<Unsubscribe>
}

/** The rooms in which someone is. */
export class Rooms {
  readonly #io: RelayServer
  readonly #log: CallLog
  readonly #relayed: (records: number) => void
  readonly #rooms = new Map<string, Room>()
  #channels = 0

  constructor(io: RelayServer, log: CallLog, relayed: (records: number) => void) {
    this.#io = io
    this.#log = log
    this.#relayed = relayed
  }

  /** Keeps a room open for one more; the way out is what is returned. Joining the room is the caller's. */
  async hold(callId: string): Promise<Unsubscribe> {
    const room = this.#rooms.get(callId) ?? { members: 0, channel: null, stop: this.#open(callId) }
    this.#rooms.set(callId, room)
    room.members += 1
    let held = true
    const letGo = () => {
      if (!held) return
      held = false
      room.members -= 1
      if (room.members > 0) return
      if (this.#rooms.get(callId) === room) this.#rooms.delete(callId)
      void room.stop.then(
        (stop) => stop(),
        () => {},
      )
    }
    try {
      await room.stop
      return letGo
    } catch (error) {
      letGo()
      throw error
    }
  }

  /** The name of a call's room. A client cannot join by name, so it need not be secret. */
  nameOf(callId: string): string {
    return `call:${callId}`
  }

  /** The number by which the frames of a call go while its log has this epoch. Its room must be held. */
  channelOf(callId: string, epoch: string): number {
    const room = this.#rooms.get(callId)
    if (room?.channel?.epoch === epoch) return room.channel.number
    const number = ++this.#channels
    if (room) room.channel = { epoch, number }
    return number
  }

  #open(callId: string): Promise<Unsubscribe> {
    const room = this.nameOf(callId)
    return this.#log.follow(callId, {
      grown: ({ cursor: { epoch, seq }, records }) => {
        const channel = this.channelOf(callId, epoch)
        // Written short once, and once as text, however many are in the room.
        const events = records.map(({ event }) => encodeEvent(event))
        this.#io.to(room).emit('call:event', [channel, seq - records.length + 1, ...events])
        this.#relayed(records.length)
      },
      forgotten: () => {
        // No epoch is the empty one: whoever watches asks again, and learns what there is now.
        const heads = [{ call_id: callId, epoch: '', seq: 0 }]
        this.#io.to(room).emit('call:head', { now: new Date().toISOString(), heads })
      },
    })
  }
}
