/** The websocket below a connection; the engine has it, but not in its types. */
import type { EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import type { RelaySocket } from './rooms.ts'

/** A connection, below its socket.io session. */
export type EngineSocket = RelaySocket['conn']

/** What is used of a websocket of `ws`. */
export interface Websocket extends EventEmitter {
  readonly bufferedAmount: number
  ping(data: Uint8Array): void
  terminate(): void
}

/** The websocket of a connection; `null` once it is gone. */
export function websocketOf({ transport }: EngineSocket): Websocket | null {
  const socket: unknown = Reflect.get(transport, 'socket')
  return typeof socket === 'object' && socket !== null && 'terminate' in socket ? (socket as Websocket) : null
}

/** Ends the connection without waiting for a goodbye that the other end may never say; the engine would wait 30 s. */
export function terminate(conn: EngineSocket): void {
  websocketOf(conn)?.terminate()
  conn.close(true)
}

/**
 * How many bytes the system has taken for a connection so far; 0 where that is not known. What a websocket says to be
 * waiting goes down only when a whole write is done, and an answer of megabytes is one.
 */
export function sentOver(conn: EngineSocket): number {
  const websocket = websocketOf(conn)
  const socket: unknown = websocket && Reflect.get(websocket, '_socket')
  const handle: unknown = socket instanceof Socket ? Reflect.get(socket, '_handle') : null
  if (typeof handle !== 'object' || handle === null) return 0
  const [written, waiting] = [Reflect.get(handle, 'bytesWritten'), Reflect.get(handle, 'writeQueueSize')]
  return typeof written === 'number' && typeof waiting === 'number' ? written - waiting : 0
}
