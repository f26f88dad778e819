/** The client of the pages: server-sent events for activity, and the HTTP API under `/_sim` for actions. */
import type { Activity, CallView, TelnyxError } from '../../call/activity.ts'
import type { Delivery } from '../../delivery/delivery.ts'
import type { Message } from '../../message/message.ts'

export type { Activity, CallView, PendingInput as Collecting, TranscriptLine } from '../../call/activity.ts'
export type { Attempt, Delivery } from '../../delivery/delivery.ts'
export type { Message } from '../../message/message.ts'

/** The snapshot that the simulator sends at the start of each connection. */
export interface Hello {
  calls: CallView[]
  now: string
  /** Number of activity log entries recorded before this connection. */
  logged: number
}

export interface ClockView {
  kind: 'virtual' | 'real'
  now: string
}

/** The active faults. Each rule can have more fields than `rate`. */
export type Faults = Record<string, { rate: number }>

/** A failed request, with the error message of the simulator. */
class SimulatorError extends Error {
  override readonly name = 'Refused'
}

export const simulator = {
  dial: (from: string, to: string) => send<CallView>('POST', '/calls', { from, to }),
  press: (id: string, digits: string) => inOrder(() => send<CallView>('POST', `${call(id)}/press`, { digits })),
  say: (id: string, text: string) => send<CallView>('POST', `${call(id)}/say`, { text }),
  hangUp: (id: string) => send<CallView>('POST', `${call(id)}/hangup`),
  answer: (id: string) => send<CallView>('POST', `${call(id)}/answer`),
  decline: (id: string) => send<CallView>('POST', `${call(id)}/decline`),
  messages: () => send<Message[]>('GET', '/messages'),
  /** Sends a text message of a phone to the program. */
  text: (from: string, to: string, text: string) => send<Message>('POST', '/messages', { from, to, text }),
  deliveries: () => send<Delivery[]>('GET', '/deliveries'),
  /** Returns the first `until` entries of the activity log, oldest first. */
  log: (until: number) => send<Activity[]>('GET', `/log?until=${until}`),
  resend: (id: string) => send<Delivery>('POST', `/deliveries/${encodeURIComponent(id)}/resend`),
  faults: () => sendWhole<{ data: Faults; meta: { known: Record<string, string> } }>('GET', '/faults'),
  setFaults: (faults: Faults) => send<Faults>('PUT', '/faults', faults),
  clock: () => send<ClockView>('GET', '/clock'),
  advance: (ms: number) => send<ClockView>('POST', '/clock/advance', { ms }),
}

const kinds: readonly Activity['type'][] = [
  'call.created',
  'call.updated',
  'prompt.started',
  'prompt.ended',
  'key',
  'dtmf.sent',
  'said',
  'command',
  'message.created',
  'message.updated',
  'webhook',
  'delivery',
  'faults',
  'tool',
  'trouble',
  'notice',
]

/**
 * Subscribes to all activity of the simulator; with the role `phone`, outgoing calls ring on this page. The browser
 * reconnects by itself, and `hello` then carries a new snapshot. Returns a function that unsubscribes.
 */
export function subscribe(
  role: 'phone' | 'watcher',
  on: { hello(hello: Hello): void; activity(activity: Activity): void; lost(): void },
): () => void {
  const source = new EventSource(`/_sim/stream${role === 'phone' ? '?role=phone' : ''}`)
  source.addEventListener('hello', (event) => on.hello(JSON.parse(event.data)))
  for (const kind of kinds) source.addEventListener(kind, (event) => on.activity(JSON.parse(event.data)))
  source.addEventListener('error', () => on.lost())
  return () => source.close()
}

let last: Promise<unknown> = Promise.resolve()

/** Sends a request after the one before it has ended, because requests of a page may overtake each other. */
function inOrder<Result>(request: () => Promise<Result>): Promise<Result> {
  const own = last.then(request, request)
  last = own
  return own
}

function call(id: string): string {
  return `/calls/${encodeURIComponent(id)}`
}

async function send<Data>(method: string, path: string, body?: Record<string, unknown>): Promise<Data> {
  return (await sendWhole<{ data: Data }>(method, path, body)).data
}

async function sendWhole<Body>(method: string, path: string, body?: Record<string, unknown>): Promise<Body> {
  let response: Response
  try {
    response = await fetch(`/_sim${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
  } catch {
    throw new SimulatorError('The simulator does not respond. Check that it is running.')
  }
  const answer: Body & { errors?: TelnyxError[] } = await response.json()
  if (response.ok) return answer
  throw new SimulatorError(answer.errors?.[0]?.detail ?? `The simulator answered ${response.status}.`)
}

/** Replaces a call in the list, or adds a new call at the front. */
export function withCall(calls: readonly CallView[], call: CallView, maxCalls: number): readonly CallView[] {
  const at = calls.findIndex(({ id }) => id === call.id)
  return at === -1 ? [call, ...calls].slice(0, maxCalls) : calls.with(at, call)
}
