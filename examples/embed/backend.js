// The back end of every example: the host's web server, and a CallGather server on another origin. The arguments are the
// name of the example and the folder of its page.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { embedFiles } from '@callgather/embed/files'
import { createGatherServer } from '@callgather/server'
import { memoryStore } from '@callgather/server/memory'
import express from 'express'
import Telnyx from 'telnyx'
import policies from './policies.json' with { type: 'json' }

const { PORT = '3000', CALLGATHER_PORT = '8787', TELNYX_API_KEY, TELNYX_PUBLIC_KEY, TELNYX_BASE_URL } = process.env
const [, , example = 'html', folder = example] = process.argv
const pageUrl = `http://localhost:${PORT}`

const gather = createGatherServer({
  telnyx: { apiKey: TELNYX_API_KEY, publicKey: TELNYX_PUBLIC_KEY, baseUrl: TELNYX_BASE_URL },
  store: memoryStore(),
  tickets: { secret: randomBytes(32).toString('base64') },
  allowedOrigins: [pageUrl],
  // Serves the script tag and the frame below /callgather/embed.
  embed: embedFiles,
})

// The host answers its calls. CallGather does not. Telnyx's SDK reads its key and address from the environment.
const telnyx = new Telnyx()
gather.on('call.initiated', async (event, { callId }) => {
  if (event.payload.direction === 'incoming') await telnyx.calls.actions.answer(callId, {})
})

const app = express()
app.use((_request, response, next) => {
  response.set('content-security-policy', policies[example]?.replaceAll(':8787', `:${CALLGATHER_PORT}`) ?? '')
  next()
})
// Authenticate your agent here: the ticket names the agent and the calls that they may see.
app.post('/api/ticket', async (_request, response) => {
  const scopes = ['view', 'gather', 'assistant']
  response.type('text').send(await gather.issueTicket({ subject: 'agent-7', calls: '*', scopes, expiresIn: '15m' }))
})
app.use('/bootstrap', express.static(dirname(fileURLToPath(import.meta.resolve('bootstrap/dist/css/bootstrap.css')))))
app.use(express.static(folder))

const callGather = createServer()
gather.attach(callGather)
callGather.listen(Number(CALLGATHER_PORT), '127.0.0.1', () => {
  app.listen(Number(PORT), '127.0.0.1', () => console.log(JSON.stringify({ page: pageUrl })))
})
