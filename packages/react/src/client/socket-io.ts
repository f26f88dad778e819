/**
 * As much of socket.io as a link needs: one websocket, one namespace, text only, no second try. socket.io-client has all
 * the rest as well (polling, upgrades, reconnection, binary packets), none of which can be left out of a bundle, and is
 * three quarters of what every page that shows a call would download of ours before the first line of ours.
 *
 * Engine.IO protocol 4 and Socket.IO protocol 5 (socket.io, "The Engine.IO protocol", "The Socket.IO protocol"), which
 * are what a socket.io server of version 3 or later speaks.
 */

/** What is asked of a websocket: a browser's, Node's own from version 22, and that of the package `ws` have it. */
export interface WebSocketLike {
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'open' | 'close' | 'error', listener: () => void): void
  send(text: string): void
  close(): void
}

/** Makes a websocket. */
export type WebSocketConstructor = new (url: string) => WebSocketLike

/** What a connection tells. After `refused` or `closed`, nothing more. */
export interface SocketIoEvents {
  connected(): void
  event(name: string, argument: unknown): void
  /** The server's middleware said no, with the `data` of its error. */
  refused(data: unknown): void
  /** The server closed the connection, or it was lost. */
  closed(by: 'server' | 'loss'): void
}

/** One connection. */
export interface SocketIo {
  emit(name: string, argument: unknown): void
  /** Emits, and calls back once: with the answer, or with an error where none came in time or none can come. */
  ask(name: string, argument: unknown, answer: (error: Error | null, reply: unknown) => void): void
  /** Closes the connection without another word to `events`. */
  close(): void
}

// The first character of a packet of Engine.IO; messages carry a packet of Socket.IO, which begins with its own.
const OPEN = '0'
const CLOSE = '1'
const PING = '2'
const PONG = '3'
const MESSAGE = '4'
const CONNECT = '0'
const DISCONNECT = '1'
const EVENT = '2'
const ACK = '3'
const CONNECT_ERROR = '4'

/** What is no JSON says nothing; that something is wrong shows when no answer comes. */
function read(json: string): object {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

/** The packets of Socket.IO end in JSON; those of an event and an answer have a number before it. */
const numbered = /^(\d*)(.*)$/s

/** Opens a connection. `millis` is how long the server may take for each thing that it must answer. */
export function openSocketIo(
  options: { url: string; auth: object; millis: number; WebSocket: WebSocketConstructor },
  events: SocketIoEvents,
): SocketIo {
  const { millis } = options
  const socket = new options.WebSocket(options.url)
  const asked = new Map<number, (error: Error | null, reply: unknown) => void>()
  let questions = 0
  let over = false
  let patience = setTimeout(lost, millis)
  /** How long the server may be silent, as it says itself. */
  let heartbeat = millis

  function wait(time: number): void {
    clearTimeout(patience)
    patience = setTimeout(lost, time)
  }

  function end(tell?: () => void): void {
    if (over) return
    over = true
    clearTimeout(patience)
    globalThis.removeEventListener?.('offline', lost)
    socket.close()
    tell?.()
    for (const answer of asked.values()) answer(new Error('The connection was closed before an answer came.'), null)
    asked.clear()
  }

  function lost(): void {
    end(() => events.closed('loss'))
  }

  function receive(packet: string): void {
    const content = packet.slice(1)
    if (packet[0] === OPEN) {
      const { pingInterval, pingTimeout } = read(content) as { pingInterval?: unknown; pingTimeout?: unknown }
      heartbeat = Number(pingInterval) + Number(pingTimeout)
      wait(millis)
      socket.send(MESSAGE + CONNECT + JSON.stringify(options.auth))
    } else if (packet[0] === PING) {
      socket.send(PONG)
      wait(heartbeat)
    } else if (packet[0] === MESSAGE) receiveMessage(content[0], content.slice(1))
    else if (packet[0] === CLOSE) lost()
  }

  function receiveMessage(type: string | undefined, content: string): void {
    if (type === CONNECT) {
      wait(heartbeat)
      events.connected()
    } else if (type === DISCONNECT) end(() => events.closed('server'))
    else if (type === CONNECT_ERROR) end(() => events.refused((read(content) as { data?: unknown }).data))
    else if (type === EVENT || type === ACK) {
      const [, number, json = ''] = numbered.exec(content) ?? []
      const values: unknown = read(json)
      if (!Array.isArray(values)) return
      if (type === EVENT) events.event(String(values[0]), values[1])
      else answerOf(Number(number))?.(null, values[0])
    }
  }

  function answerOf(question: number) {
    const answer = asked.get(question)
    asked.delete(question)
    return answer
  }

  socket.addEventListener('message', ({ data }) => {
    if (over) return
    // Nothing here is sent as binary; what is no packet comes from no socket.io server.
    if (typeof data === 'string') receive(data)
    else lost()
  })
  // A close follows every error; unheard, some websockets throw it.
  socket.addEventListener('error', () => {})
  socket.addEventListener('close', lost)
  // Browsers notice a lost network long before a silent line is given up.
  globalThis.addEventListener?.('offline', lost)

  const send = (number: string, name: string, argument: unknown) =>
    socket.send(`${MESSAGE}${EVENT}${number}${JSON.stringify([name, argument])}`)

  return {
    emit: (name, argument) => {
      if (!over) send('', name, argument)
    },
    ask: (name, argument, answer) => {
      if (over) return answer(new Error('The connection is closed.'), null)
      const question = questions++
      const timeout = setTimeout(() => answerOf(question)?.(new Error('No answer came in time.'), null), millis)
      asked.set(question, (error, reply) => {
        clearTimeout(timeout)
        answer(error, reply)
      })
      send(String(question), name, argument)
    },
    close: () => end(),
  }
}
