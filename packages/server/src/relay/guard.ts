/**
 * The one shell around everything a client says. A frame is a stranger's: it may name no event of ours, bring no
 * acknowledgement, too many arguments, or JSON too deep to be written again; each gets a typed error, never a throw.
 */
import { type ClientToServer, type GatherError, gatherError, type SocketError } from '@callgather/protocol'
import { upSchemas } from '@callgather/protocol/schema'
import type { Socket } from 'socket.io'
import { findExcess } from '../base/json.ts'
import { toGatherError } from '../edge/message.ts'

/** What a client may say, by name. */
export type ClientEvent = keyof ClientToServer

/** What each word does with its (checked) request; what it returns is the reply. */
export type ClientEventHandlers = {
  readonly [Event in ClientEvent]: (request: never, reply: (value: unknown) => void) => Promise<void>
}

/** Bounds on the JSON of a frame. */
const frameBounds = { depth: 32, nodes: 2_000 } as const

const isClientEvent = (name: string): name is ClientEvent => Object.hasOwn(upSchemas, name)

/** An error as it goes over the socket. */
export function socketError(error: GatherError): SocketError {
  const [{ code, title, detail } = { code: '', title: '' }] = error.errors
  return { status: error.status, code, title, ...(detail === undefined ? {} : { detail }) }
}

/** Lets a client say what is in the table, and nothing else. `countRequest` throws when it asks too often. */
export function handleClientEvents(
  socket: Socket,
  countRequest: () => void,
  handlers: ClientEventHandlers,
  report: (error: unknown) => void,
): void {
  socket.use((packet) => {
    // `next` is never called: nothing reaches listeners of other kinds.
    answer(socket, countRequest, handlers, packet).catch(report)
  })
}

async function answer(
  socket: Socket,
  countRequest: () => void,
  handlers: ClientEventHandlers,
  [name, ...rest]: readonly unknown[],
): Promise<void> {
  const last = rest.at(-1)
  const acknowledge = typeof last === 'function' ? (last as (value: unknown) => void) : null
  const args = acknowledge ? rest.slice(0, -1) : rest
  let answered = false
  const reply = (value: unknown) => {
    if (answered) return
    answered = true
    acknowledge?.(value)
  }
  try {
    countRequest()
    if (typeof name !== 'string' || !isClientEvent(name)) throw gatherError('notFound', 'There is no such event.')
    const request = parseRequest(name, args)
    await handlers[name](request as never, reply)
  } catch (error) {
    const refusal = socketError(toGatherError(error))
    if (acknowledge) reply({ ok: false, error: refusal })
    else socket.emit('error', refusal)
    // What is unavailable is known already, and asked for again and again.
    if (refusal.status === 500) throw error
  }
}

function parseRequest(name: ClientEvent, args: readonly unknown[]): unknown {
  const request = args[0] ?? {}
  if (args.length > 1 || findExcess(request, frameBounds)) {
    throw gatherError('unknownParameter', 'An event takes one object of moderate size, and an acknowledgement.')
  }
  const parsed = upSchemas[name].safeParse(request)
  if (!parsed.success) throw gatherError('unknownParameter', `The request of \`${name}\` does not have the right form.`)
  return parsed.data
}
