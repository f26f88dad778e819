/**
 * All that the relay uses of engine.io beyond its public API: the websocket below a connection, and how much of what was
 * written to it has left this process. `engine-io.test.ts` checks it against the supported versions.
 */
import type { EventEmitter } from 'node:events'
import type { RelaySocket } from './rooms.ts'

/** A connection, below its socket.io session. */
export type EngineSocket = RelaySocket['conn']

/** What is used of a websocket of `ws`. A pong repeats the content of its ping, which the engine's heartbeat does not. */
export interface Websocket extends EventEmitter {
  ping(data: Uint8Array): void
}

/** The websocket of a connection; `null` for any other transport. */
export function websocketOf({ transport }: EngineSocket): Websocket | null {
  const socket: unknown = Reflect.get(transport, 'socket')
  return typeof socket === 'object' && socket !== null && 'ping' in socket ? (socket as Websocket) : null
}

/**
 * How many bytes the system has taken for a connection so far; 0 where that is not known. The length of the socket's
 * buffer goes down only when a whole write is done, and an answer of megabytes is one write.
 */
export function bytesSent({ request }: EngineSocket): number {
  const handle: unknown = Reflect.get(request.socket, '_handle')
  if (typeof handle !== 'object' || handle === null) return 0
  const [written, waiting] = [Reflect.get(handle, 'bytesWritten'), Reflect.get(handle, 'writeQueueSize')]
  return typeof written === 'number' && typeof waiting === 'number' ? written - waiting : 0
}

/** Ends a connection at once. A close of the engine would wait 30 s for a client that does not answer it. */
export function terminate(conn: EngineSocket): void {
  conn.request.socket.destroy()
  conn.close(true)
}
