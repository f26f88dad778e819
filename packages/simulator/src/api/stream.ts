/** `GET /_sim/stream`: the activity feed as server-sent events (WHATWG HTML, "Server-sent events"). */
import type { ServerResponse } from 'node:http'
import type { Exchange } from '../call/exchange.ts'

const HEARTBEAT_MS = 15_000
/** A client with more unread data than this is disconnected. It reloads the state when it reconnects. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024

/** Streams activity until `response` closes. With `isPhone`, outgoing calls ring at this client, not at a simulated callee. */
export function streamActivity(exchange: Exchange, response: ServerResponse, isPhone: boolean): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  const send = (type: string, data: unknown) => {
    if (response.writableLength > MAX_UNREAD_BYTES) response.destroy()
    else response.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`)
  }
  send('hello', {
    calls: exchange.calls().map((call) => call.view()),
    now: new Date(exchange.clock.now()).toISOString(),
    logged: exchange.log.count,
  })
  const unsubscribe = exchange.watch((activity) => send(activity.type, activity))
  const removePhone = isPhone ? exchange.addPhone(() => true) : () => {}
  const heartbeat = setInterval(() => response.write(': still here\n\n'), HEARTBEAT_MS)
  response.on('close', () => {
    clearInterval(heartbeat)
    unsubscribe()
    removePhone()
  })
}
