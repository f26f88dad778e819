/** Links over socket.io. Websocket only: no sticky sessions, and no cookie that another site's page could use. */
import {
  type ClientToServer,
  type ServerToClient,
  type SocketError,
  type WatchReply,
  WireReader,
} from '@callgather/protocol'
import { openSocketIo, type WebSocketConstructor } from './socket-io.ts'
import type { Link, Transport } from './transport.ts'

/** How long an answer may take before the link is thought dead. */
const ANSWER_MILLIS = 8_000

/** Where the server's socket is. */
export interface SocketAddress {
  /** The server's origin, such as `https://calls.example.com`; `''` for the page's own. */
  origin: string
  /** The path of its socket.io endpoint. */
  path: string
  /** What to open it with, where the runtime has no `WebSocket` of its own. */
  WebSocket?: WebSocketConstructor | undefined
}

type Question = 'call:watch' | 'calls:watch' | 'ticket:refresh'
type ReplyTo<Name extends Question> = Parameters<Parameters<ClientToServer[Name]>[1]>[0]

export function socketTransport(address: SocketAddress): Transport {
  return {
    open(auth, events) {
      let reason: SocketError | null = null
      const reader = new WireReader()
      const handlers: ServerToClient = {
        'call:event': (written) => {
          const frame = reader.frame(written)
          if (frame) events.callEvent(frame)
        },
        'call:head': events.callHead,
        'calls:event': events.callsEvent,
        error: (error) => {
          reason = error
        },
      }
      const socket = openSocketIo(
        { url: socketUrl(address), auth, millis: ANSWER_MILLIS, WebSocket: address.WebSocket ?? ownWebSocket() },
        {
          connected: events.open,
          event: (name, argument) => {
            // A newer server may say more than this client knows.
            if (Object.hasOwn(handlers, name))
              (handlers[name as keyof ServerToClient] as (said: unknown) => void)(argument)
          },
          refused: (data) => events.close(errorIn(data)),
          // An error that did not close the link says nothing about why it closed later.
          closed: (by) => events.close(by === 'server' ? reason : null),
        },
      )
      // By callback, not by promise: an answer must be read before the frame that comes behind it.
      const ask = <Name extends Question, Read>(
        name: Name,
        request: Parameters<ClientToServer[Name]>[0],
        read: (reply: ReplyTo<Name>) => Read,
      ) =>
        new Promise<Read>((resolve, reject) => {
          socket.ask(name, request, (error, reply) => {
            if (error) reject(error)
            else resolve(read(reply as ReplyTo<Name>))
          })
        })
      const asIs = <Reply>(reply: Reply) => reply
      const link: Link = {
        watchCall: (callId, cursor) =>
          ask<'call:watch', WatchReply>('call:watch', { call_id: callId, ...(cursor ? { cursor } : {}) }, (reply) =>
            reader.reply(callId, reply),
          ),
        unwatchCall: (callId) => {
          reader.forget(callId)
          socket.emit('call:unwatch', { call_id: callId })
        },
        watchCalls: () => ask('calls:watch', {}, asIs),
        unwatchCalls: () => socket.emit('calls:unwatch', {}),
        refreshTicket: (ticket) => ask('ticket:refresh', { ticket }, asIs),
        close: socket.close,
      }
      return link
    },
  }
}

/** `EIO` is the version of the protocol, and `transport` the way, that socket.io's server asks to be told. */
function socketUrl({ origin, path }: SocketAddress): string {
  const url = new URL(`${origin || location.origin}${path}/?EIO=4&transport=websocket`)
  url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:'
  return url.href
}

function ownWebSocket(): WebSocketConstructor {
  if (typeof WebSocket === 'function') return WebSocket
  throw new Error(
    'CallGather: this runtime has no WebSocket of its own (Node has one from version 22). Install the package `ws` and give its class to createGatherClient({ WebSocket }).',
  )
}

function errorIn(data: unknown): SocketError | null {
  const error = data as Partial<SocketError> | null | undefined
  return typeof error?.status === 'number' && typeof error.code === 'string' && typeof error.title === 'string'
    ? (error as SocketError)
    : null
}
