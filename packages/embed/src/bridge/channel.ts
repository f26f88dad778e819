/**
 * The message channel between a host page and its frame. The frame greets the page around it, and the page answers with
 * a `MessagePort`. Both name the exact origin of the other side, and both accept a greeting only from one window and an
 * allowed origin. All further messages go through the port, so a page that replaces the frame or the host gets none.
 */

/** Sent by the frame: the document in the frame has loaded. */
export const HELLO = 'callgather:hello'
/** Sent by the host, with a port. */
export const CONNECT = 'callgather:connect'

/** Maximum number of messages from the other side in a second. Further messages are dropped. */
export const MAX_MESSAGES_PER_SECOND = 300
const SECOND_MS = 1_000

/** Receives the messages of a port. */
export interface Receiver {
  /** Called with each message, which isn't validated. */
  readonly onMessage: (message: unknown, port: MessagePort) => void
  /** Called once when messages of a second are dropped because there are too many. */
  readonly onFlood: () => void
}

/** Returns whether a message may pass, and calls `onFlood` for the first of a second that may not. */
export function messageLimit(onFlood: () => void, now = () => performance.now()): () => boolean {
  let second = now()
  let count = 0
  return () => {
    if (now() - second >= SECOND_MS) {
      second = now()
      count = 0
    }
    count++
    if (count === MAX_MESSAGES_PER_SECOND + 1) onFlood()
    return count <= MAX_MESSAGES_PER_SECOND
  }
}

/**
 * Connects with each document of the origin that is loaded into the frame, and calls `onConnect` with its port. Returns a
 * function that closes the channel.
 */
export function acceptFrame(
  frame: HTMLIFrameElement,
  origin: string,
  { onConnect, onMessage, onFlood }: Receiver & { readonly onConnect: (port: MessagePort) => void },
): () => void {
  const mayPass = messageLimit(onFlood)
  let port: MessagePort | undefined
  const greet = ({ source, origin: from, data }: MessageEvent) => {
    if (source === null || source !== frame.contentWindow || from !== origin || data !== HELLO || !mayPass()) return
    port?.close()
    const { port1, port2 } = new MessageChannel()
    port = port1
    port1.onmessage = (event) => mayPass() && onMessage(event.data, port1)
    frame.contentWindow?.postMessage(CONNECT, origin, [port2])
    onConnect(port1)
  }
  addEventListener('message', greet)
  return () => {
    removeEventListener('message', greet)
    port?.close()
  }
}

/** Greets the page around this window, if it has one of the origins, and accepts a port from it. */
export function connectToHost(host: Window, origins: readonly string[], { onMessage, onFlood }: Receiver): () => void {
  const mayPass = messageLimit(onFlood)
  let port: MessagePort | undefined
  const accept = ({ source, origin, data, ports: [given] }: MessageEvent) => {
    if (source !== host || !origins.includes(origin) || data !== CONNECT || !given || !mayPass()) return
    port?.close()
    port = given
    given.onmessage = (event) => mayPass() && onMessage(event.data, given)
  }
  addEventListener('message', accept)
  // Browsers report a greeting to another origin in the console, so the likely origin is the only one if it is known.
  const [parent] = location.ancestorOrigins ?? []
  for (const origin of origins) if (parent === undefined || parent === origin) host.postMessage(HELLO, origin)
  return () => {
    removeEventListener('message', accept)
    port?.close()
  }
}
