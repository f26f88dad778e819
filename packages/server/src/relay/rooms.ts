/** One room a call: what is appended to the call goes to everyone in it. */
import { type ClientToServer, encodeEvent, type ServerToClient } from '@callgather/protocol'
import type { Server, Socket } from 'socket.io'
import type { CallLog } from '../calls/call-log.ts'
import type { Unsubscribe } from '../store/call-store.ts'
import { tellAll } from './websocket.ts'

/** The server's sockets, typed by the protocol. */
export type RelayServer = Server<ClientToServer, ServerToClient>
export type RelaySocket = Socket<ClientToServer, ServerToClient>

interface Room {
  /** For how many it is kept open. */
  holders: number
  /** Who is in it. */
  readonly sockets: Set<RelaySocket>
  /** The number that stands for the call and its epoch; another epoch gets another. */
  channel: { readonly epoch: string; readonly number: number } | null
  readonly stop: Promise<Unsubscribe>
}

/** The rooms in which someone is. */
export class Rooms {
  readonly #log: CallLog
  readonly #relayed: (records: number) => void
  readonly #rooms = new Map<string, Room>()
  #channels = 0

  constructor(log: CallLog, relayed: (records: number) => void) {
    this.#log = log
    this.#relayed = relayed
  }

  /** Keeps a room open for one more, who may then enter it; what is returned ends that. */
  async hold(callId: string): Promise<Unsubscribe> {
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
  enter(callId: string, socket: RelaySocket): void {
    this.#rooms.get(callId)?.sockets.add(socket)
  }

  /** Tells it no longer. */
  leave(callId: string, socket: RelaySocket): void {
    this.#rooms.get(callId)?.sockets.delete(socket)
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
    const sockets = new Set<RelaySocket>()
    const stop = this.#log.follow(callId, {
      grown: ({ cursor: { epoch, seq }, records }) => {
        const channel = this.channelOf(callId, epoch)
        const events = records.map(({ event }) => encodeEvent(event))
        tellAll(sockets, 'call:event', [channel, seq - records.length + 1, ...events])
        this.#relayed(records.length)
      },
      forgotten: () => {
        // No epoch is the empty one: whoever watches asks again, and learns what there is now.
        const heads = [{ call_id: callId, epoch: '', seq: 0 }]
        tellAll(sockets, 'call:head', { now: new Date().toISOString(), heads })
      },
    })
    return { holders: 0, sockets, channel: null, stop }
  }
}
