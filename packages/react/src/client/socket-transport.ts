/** Links over socket.io. Websocket only: no sticky sessions, and no cookie that another site's page could use. */
import {
  type ClientToServer,
  type ServerToClient,
  type SocketError,
  type WatchReply,
  WireReader,
} from '@callgather/protocol'
import { io, type Socket } from 'socket.io-client'
import type { Link, Transport } from './transport.ts'

/** How long it may take to open a link. */
const CONNECT_TIMEOUT_MS = 8_000
/** The longest that a timer can be set to. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Where the server's socket is. */
export interface SocketAddress {
  /** The server's origin, such as `https://calls.example.com`. */
  origin: string
  /** The path of its socket.io endpoint. */
  path: string
}

export function socketTransport({ origin, path }: SocketAddress): Transport {
  return {
    open(auth, events) {
      const socket: Socket<ServerToClient, ClientToServer> = io(origin, {
        path,
        auth: { ...auth },
        transports: ['websocket'],
        // One link, one socket: reconnecting is done above, with a fresh ticket and from a cursor.
        reconnection: false,
        forceNew: true,
        timeout: CONNECT_TIMEOUT_MS,
      })
      let over = false
      let reason: SocketError | null = null
      const end = (error: SocketError | null) => {
        if (over) return
        over = true
        socket.disconnect()
        events.close(error)
      }
      socket.on('connect', () => events.open())
      socket.on('connect_error', (error) => end(socketErrorOf(error)))
      socket.on('error', (error) => {
        reason = error
      })
      // An error that did not close the link says nothing about why it closed later.
      socket.on('disconnect', (why) => end(why === 'io server disconnect' ? reason : null))
      const reader = new WireReader()
      socket.on('call:event', (written) => {
        const frame = reader.frame(written)
        if (frame) events.callEvent(frame)
      })
      socket.on('call:head', (frame) => events.callHead(frame))
      socket.on('calls:event', (frame) => events.callsEvent(frame))

      // How long an answer may take is the connection's business, which knows what else comes over the link. Requests
      // have a timeout all the same, since socket.io tells only those that have one when the link is lost. Asked for
      // anew each time: socket.io forgets a timeout with the first request that has it.
      const answering = () => socket.timeout(MAX_TIMER_MS)
      const link: Link = {
        watchCall: (callId, cursor) =>
          new Promise<WatchReply>((resolve, reject) => {
            const request = { call_id: callId, ...(cursor ? { cursor } : {}) }
            // By callback, not by promise: the answer must be read before the frame that comes behind it.
            answering().emit('call:watch', request, (error, reply) => {
              if (error) reject(error)
              else resolve(reader.reply(callId, reply))
            })
          }),
        unwatchCall: (callId) => {
          reader.forget(callId)
          if (!over) socket.emit('call:unwatch', { call_id: callId })
        },
        watchCalls: () => answering().emitWithAck('calls:watch', {}),
        unwatchCalls: () => {
          if (!over) socket.emit('calls:unwatch', {})
        },
        refreshTicket: (ticket) => answering().emitWithAck('ticket:refresh', { ticket }),
        close: () => {
          over = true
          socket.disconnect()
        },
      }
      return link
    },
  }
}

/** socket.io hands a refusal over as the `data` of an error. */
function socketErrorOf(error: Error & { data?: unknown }): SocketError | null {
  const data = error.data as Partial<SocketError> | undefined
  return typeof data?.status === 'number' && typeof data.code === 'string' && typeof data.title === 'string'
    ? (data as SocketError)
    : null
}
