/**
 * Validates every event that a client sends. Frames are untrusted: an unknown event, a missing acknowledgement, too many
 * arguments or deep JSON gets a typed error and never crashes the process.
 */
import { type ClientToServer, type GatherError, gatherError, type SocketError } from '@callgather/protocol'
import { clientMessageSchemas } from '@callgather/protocol/schema'
import type { Socket } from 'socket.io'
import { findExcess } from '../base/json.ts'
import { toGatherError } from '../edge/message.ts'

/** The name of an event that clients may send. */
export type ClientEvent = keyof ClientToServer

/** A handler for each client event. It gets a validated request and calls `reply` at most once. */
export type ClientEventHandlers = {
  readonly [Event in ClientEvent]: (request: never, reply: (value: unknown) => void) => Promise<void>
}

/** Limits on the JSON of a frame. */
const frameLimits = { depth: 32, nodes: 2_000 } as const

const isClientEvent = (name: string): name is ClientEvent => Object.hasOwn(clientMessageSchemas, name)

/** Converts an error to its form on the wire. */
export function socketError(error: GatherError): SocketError {
  const [{ code, title, detail } = { code: '', title: '' }] = error.errors
  return { status: error.status, code, title, ...(detail === undefined ? {} : { detail }) }
}

/**
 * Routes a client's events to their handlers and rejects all others.
 *
 * @param countRequest Counts a request; throws when the client exceeds its rate limit.
 * @param reportError Receives unexpected failures of handlers.
 */
export function handleClientEvents(
  socket: Socket,
  countRequest: () => void,
  handlers: ClientEventHandlers,
  reportError: (error: unknown) => void,
): void {
  socket.use((packet) => {
    // `next` is not called, so no other listener receives the event.
    handleEvent(socket, countRequest, handlers, packet).catch(reportError)
  })
}

async function handleEvent(
  socket: Socket,
  countRequest: () => void,
  handlers: ClientEventHandlers,
  [name, ...rest]: readonly unknown[],
): Promise<void> {
  const last = rest.at(-1)
  const acknowledge = typeof last === 'function' ? (last as (value: unknown) => void) : null
  const args = acknowledge ? rest.slice(0, -1) : rest
  let hasReplied = false
  const reply = (value: unknown) => {
    if (hasReplied) return
    hasReplied = true
    acknowledge?.(value)
  }
  try {
    countRequest()
    if (typeof name !== 'string' || !isClientEvent(name))
      throw gatherError('notFound', 'Unknown event. Check its name.')
    const request = parseRequest(name, args)
    await handlers[name](request as never, reply)
  } catch (error) {
    const refusal = socketError(toGatherError(error))
    if (acknowledge) reply({ ok: false, error: refusal })
    else socket.emit('error', refusal)
    // Other errors are expected: a 503 is reported where it occurs, and clients retry it often.
    if (refusal.status === 500) throw error
  }
}

function parseRequest(name: ClientEvent, args: readonly unknown[]): unknown {
  const request = args[0] ?? {}
  if (args.length > 1 || findExcess(request, frameLimits)) {
    throw gatherError(
      'unknownParameter',
      'The event is too large or has too many arguments. Send one small object as its argument.',
    )
  }
  const parsed = clientMessageSchemas[name].safeParse(request)
  if (!parsed.success) throw gatherError('unknownParameter', `The \`${name}\` request is invalid. Check its fields.`)
  return parsed.data
}
