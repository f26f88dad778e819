// The back end: tickets for your agents, answering and hanging up, and the CallGather server, on one port with the page.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { createGatherServer } from '@callgather/server'
import { memoryStore } from '@callgather/server/memory'
import { sqliteStore } from '@callgather/server/sqlite'
import express, { type Request } from 'express'
import Telnyx from 'telnyx'

// `npm run dev` sets it. Without it, nothing is open.
const isDevelopment = process.argv.includes('--dev')
const port = Number(process.env.PORT ?? 3000)
const here = `http://127.0.0.1:${port}`

const gather = createGatherServer({
  // `npm run dev` sets both for the simulator.
  telnyx: { apiKey: process.env.TELNYX_API_KEY, publicKey: process.env.TELNYX_PUBLIC_KEY },
  // The simulator forgets its calls when it ends, so the calls of `npm run dev` are kept in memory.
  store: isDevelopment ? memoryStore() : sqliteStore({ path: 'calls.db' }),
  tickets: { secret: isDevelopment ? randomBytes(32).toString('base64') : process.env.CALLGATHER_TICKET_SECRET },
  allowedOrigins: isDevelopment ? [here, `http://localhost:${port}`] : [process.env.PUBLIC_ORIGIN ?? ''],
})

/** Returns the signed-in agent. Replace this with your session: without it, `npm start` refuses every request. */
function agentOf(_request: Request): { id: string } | null {
  return isDevelopment ? { id: 'agent-7' } : null
}

const app = express()

app.use('/api', (request, response, next) => {
  if (agentOf(request)) next()
  else response.status(401).type('text').send('Sign in first.')
})

app.post('/api/ticket', async (request, response) => {
  const ticket = await gather.issueTicket({
    subject: agentOf(request)?.id ?? '',
    calls: '*',
    scopes: ['view', 'gather', 'assistant'],
    expiresIn: '15m',
  })
  response.type('text').send(ticket)
})

// Telnyx's SDK reads its key from the environment.
const telnyx = new Telnyx()

app.post('/api/calls/:callId/:action', async (request, response) => {
  const { callId, action } = request.params
  if (action === 'answer') await telnyx.calls.actions.answer(callId, {})
  else if (action === 'hangup') await telnyx.calls.actions.hangup(callId, {})
  else {
    response.status(404).type('text').send('The action is unknown. Use answer or hangup.')
    return
  }
  response.status(204).end()
})

// What your program does with an answer of the caller.
gather.on('call.gather.ended', (event, call) => {
  console.log(`Gather on ${call.callId} ended: ${event.payload.status}`)
})

const server = createServer(app)
gather.attach(server)

// While developing, Vite compiles the page and reloads it in the browser.
if (isDevelopment) {
  const { createServer: createVite } = await import('vite')
  const vite = await createVite({ server: { middlewareMode: true, hmr: { server } } })
  app.use(vite.middlewares)
} else app.use(express.static('dist'))

server.listen(port, '127.0.0.1', () => {
  console.log(`Console          ${here}`)
  if (isDevelopment) console.log("Caller's phone   http://127.0.0.1:12111/phone")
})

let isLeaving = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (isLeaving) return
    isLeaving = true
    server.close()
    gather.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  })
}
