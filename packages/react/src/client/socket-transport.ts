/** The transport over socket.io. It uses only websockets, so a load balancer needs no sticky sessions or cookies. */
import {
  type ClientToServer,
  type ServerToClient,
  type SocketError,
  type WatchReply,
  WireReader,
} from '@callgather/protocol'
import { io, type Socket } from 'socket.io-client'
import type { Link, Transport } from './transport.ts'

const CONNECT_TIMEOUT_MS = 8_000
/** The longest delay of a browser timer. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** The address of the server's socket. */
export interface SocketAddress {
  /** The server's origin, such as `https://calls.example.com`. */
  origin: string
  /** The path of the server's socket.io endpoint. */
  path: string
}

export function socketTransport({ origin, path }: SocketAddress): Transport {
  return {
    open(auth, events) {
      const socket: Socket<ServerToClient, ClientToServer> = io(origin, {
        path,
        auth: { ...auth },
        transports: ['websocket'],
        // `Connection` reconnects with a fresh ticket, and subscriptions resume from their cursors.
        reconnection: false,
        forceNew: true,
        timeout: CONNECT_TIMEOUT_MS,
      })
      let isClosed = false
      let lastError: SocketError | null = null
      const end = (error: SocketError | null) => {
        if (isClosed) return
        isClosed = true
        socket.disconnect()
        events.close(error)
      }
      socket.on('connect', () => events.open())
      socket.on('connect_error', (error) => end(socketErrorOf(error)))
      socket.on('error', (error) => {
        lastError = error
      })
      // The last error from the server explains the disconnection only if the server closed the socket.
      socket.on('disconnect', (cause) => end(cause === 'io server disconnect' ? lastError : null))
      const reader = new WireReader()
      socket.on('call:event', (message, trace) => {
        const frame = reader.readFrame(message, trace)
        if (frame) events.callEvent(frame)
      })
      socket.on('call:head', (frame) => events.callHead(frame))
      socket.on('calls:event', (frame) => events.callsEvent(frame))

      // On disconnect, socket.io rejects only pending requests with a timeout. So each request gets a timeout that
      // never fires; `Connection` limits how long a reply may take. The timeout applies to a single emit.
      const withTimeout = () => socket.timeout(MAX_TIMER_MS)
      const link: Link = {
        watchCall: (callId, cursor) =>
          new Promise<WatchReply>((resolve, reject) => {
            const request = { call_id: callId, ...(cursor ? { cursor } : {}) }
            // A callback, not a promise: the reply must be read before the next frame arrives.
            withTimeout().emit('call:watch', request, (error, reply) => {
              if (error) reject(error)
              else resolve(reader.readReply(callId, reply))
            })
          }),
        unwatchCall: (callId) => {
          reader.release(callId)
          if (!isClosed) socket.emit('call:unwatch', { call_id: callId })
        },
        watchCalls: () => withTimeout().emitWithAck('calls:watch', {}),
        unwatchCalls: () => {
          if (!isClosed) socket.emit('calls:unwatch', {})
        },
        refreshTicket: (ticket) => withTimeout().emitWithAck('ticket:refresh', { ticket }),
        close: () => {
          isClosed = true
          socket.disconnect()
        },
      }
      return link
    },
  }
}

/** Returns the server's error from a socket.io error, which carries it as `data`; `null` if there is none. */
function socketErrorOf(error: Error & { data?: unknown }): SocketError | null {
  const data = error.data as Partial<SocketError> | undefined
  return typeof data?.status === 'number' && typeof data.code === 'string' && typeof data.title === 'string'
    ? (data as SocketError)
    : null
}
