/**
 * The console's backend. It stands in for a contact centre's own backend (sign-in, answer and hang-up) and attaches a
 * gather server. Environment variables configure it. It prints one line of JSON when it is ready.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createGatherServer } from '@callgather/server'
import { memoryStore } from '@callgather/server/memory'
import { sqliteStore } from '@callgather/server/sqlite'
import Telnyx from 'telnyx'
import { servePage } from './pages.ts'

function required(name: string): string {
  const value = process.env[name]
  if (value) return value
  process.stderr.write(`${name} is not set. Start the demo with \`npm start\`, which sets it.\n`)
  process.exit(1)
}

const host = process.env.HOST ?? '127.0.0.1'
const port = Number(process.env.PORT ?? 4000)
const origins = [`http://${host}:${port}`, `http://localhost:${port}`]
const baseURL = required('TELNYX_BASE_URL')
const apiKey = required('TELNYX_API_KEY')
const phone = process.env.PHONE_URL ?? null
const storeUrl = process.env.CALLGATHER_STORE ?? 'memory:'

const gather = createGatherServer({
  telnyx: { apiKey, publicKey: required('TELNYX_PUBLIC_KEY'), baseUrl: baseURL },
  store: storeUrl.startsWith('file:') ? sqliteStore({ path: storeUrl.slice('file:'.length) }) : memoryStore(),
  tickets: { secret: process.env.CALLGATHER_TICKET_SECRET ?? randomBytes(32).toString('base64') },
  allowedOrigins: origins,
  // Hosts whose audio an agent may play. The simulator downloads nothing, so any name works.
  policy: { mediaHosts: ['media.example.com'] },
})

// The host answers and hangs up calls. CallGather does neither.
const telnyx = new Telnyx({ apiKey, baseURL, maxRetries: 0, timeout: 5000 })
const publicFolder = join(dirname(fileURLToPath(import.meta.url)), 'public')

/** Whether a request comes from the demo's own page. The demo has no passwords, so it refuses all others. */
function isOwnPage(request: IncomingMessage): boolean {
  const { origin, host: requestedHost } = request.headers
  const own = origins.some((each) => each === `http://${requestedHost}`)
  return own && (origin === undefined ? request.method === 'GET' : origins.includes(origin))
}

function sendJson(response: ServerResponse, status: number, body: unknown) {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

async function handle(request: IncomingMessage, response: ServerResponse) {
  const { pathname, searchParams } = new URL(request.url ?? '/', `http://${host}`)
  if (!pathname.startsWith('/api/')) return servePage(publicFolder, pathname, response)
  if (!isOwnPage(request))
    return sendJson(response, 403, {
      error: 'The request does not come from the demo page. Open the agent console and use it there.',
    })

  if (request.method === 'GET' && pathname === '/api/demo') return sendJson(response, 200, { simulated: true, phone })
  if (request.method === 'POST' && pathname === '/api/ticket') {
    const supervisor = searchParams.get('role') === 'supervisor'
    const ticket = await gather.issueTicket({
      subject: supervisor ? 'supervisor-1' : 'agent-7',
      calls: '*',
      scopes: supervisor ? ['view'] : ['view', 'gather', 'assistant'],
      expiresIn: '15m',
    })
    return sendJson(response, 200, { ticket })
  }
  const [, callId, action] = /^\/api\/calls\/([^/]+)\/(answer|hangup)$/.exec(pathname) ?? []
  if (request.method === 'POST' && callId && action) {
    try {
      const id = decodeURIComponent(callId)
      await (action === 'answer' ? telnyx.calls.actions.answer(id, {}) : telnyx.calls.actions.hangup(id, {}))
      return sendJson(response, 200, { result: 'ok' })
    } catch (error) {
      const status = error instanceof Telnyx.APIError ? (error.status ?? 502) : 502
      return sendJson(response, status, {
        error: `Telnyx could not ${action === 'answer' ? 'answer' : 'hang up'} the call.`,
      })
    }
  }
  sendJson(response, 404, { error: 'The address is unknown. Check the URL.' })
}

const server = createServer((request, response) => {
  handle(request, response).catch(() => {
    if (!response.headersSent) sendJson(response, 500, { error: 'The server failed to handle the request. Try again.' })
  })
})
gather.attach(server)
server.listen(port, host, () => {
  process.stdout.write(`${JSON.stringify({ console: `http://${host}:${port}/` })}\n`)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close()
    gather.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
    setTimeout(() => process.exit(0), 10_000).unref()
  })
}
