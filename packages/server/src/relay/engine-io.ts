/** The websocket below a connection; the engine has it, but not in its types. */
import type { EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import type { ServerToClient } from '@callgather/protocol'
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

/**
 * Says the same to many. Its frame is made once and in one piece, which costs each connection one plain write; through
 * socket.io's rooms it would be two pieces for each, put together by the system.
 */
export function tellAll<Name extends keyof ServerToClient>(
  sockets: Iterable<RelaySocket>,
  name: Name,
  ...said: Parameters<ServerToClient[Name]>
): void {
  // An event of the main namespace (socket.io protocol 5), without what it is to the engine: a message, `4`.
  const packet = `2${JSON.stringify([name, ...said])}`
  const options = { compress: false, wsPreEncodedFrame: [textFrame(`4${packet}`)] }
  for (const { conn } of sockets) conn.write(packet, options)
}

/** An unfragmented text frame from a server, which is never masked (RFC 6455, section 5.2). */
function textFrame(text: string): Buffer {
  const size = Buffer.byteLength(text)
  const start = size < 126 ? 2 : size < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(start + size)
  frame[0] = 0x81
  frame[1] = size < 126 ? size : size < 65_536 ? 126 : 127
  if (start === 4) frame.writeUInt16BE(size, 2)
  if (start === 10) frame.writeBigUInt64BE(BigInt(size), 2)
  frame.write(text, start)
  return frame
}
