/**
 * Everything the relay uses of engine.io beyond its public API: the websocket of a connection, and how many bytes have
 * left this process. `engine-io.test.ts` checks it against the supported versions.
 */
import type { EventEmitter } from 'node:events'
import type { RelaySocket } from './rooms.ts'

/** The engine.io connection below a socket.io socket. */
export type EngineSocket = RelaySocket['conn']

/** The part of a `ws` websocket that the relay uses. */
export interface Websocket extends EventEmitter {
  ping(data: Uint8Array): void
}

/** Returns the websocket of a connection; `null` for any other transport. */
export function websocketOf({ transport }: EngineSocket): Websocket | null {
  const socket: unknown = Reflect.get(transport, 'socket')
  return typeof socket === 'object' && socket !== null && 'ping' in socket ? (socket as Websocket) : null
}

/**
 * Returns how many bytes of a connection the operating system has accepted; 0 if unknown. `writableLength` shrinks
 * only when a whole write completes, so it shows no progress during a reply of several megabytes.
 */
export function bytesSent({ request }: EngineSocket): number {
  const handle: unknown = Reflect.get(request.socket, '_handle')
  if (typeof handle !== 'object' || handle === null) return 0
  const [written, queued] = [Reflect.get(handle, 'bytesWritten'), Reflect.get(handle, 'writeQueueSize')]
  return typeof written === 'number' && typeof queued === 'number' ? written - queued : 0
}

/** Destroys a connection immediately. A graceful close waits up to 30 s for a client that does not answer. */
export function terminate(conn: EngineSocket): void {
  conn.request.socket.destroy()
  conn.close(true)
}
