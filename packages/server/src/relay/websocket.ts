/** The websocket below a connection; the engine has it, but not in its types. */
import type { EventEmitter } from 'node:events'
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
