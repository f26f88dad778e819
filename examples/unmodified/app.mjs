// A voice program without code for the simulator: it hard-codes Telnyx's address and uses only Node.js.
// Run it offline with `callgather-simulator run -- node app.mjs`.
import { createServer } from 'node:http'

const headers = { authorization: `Bearer ${process.env.TELNYX_API_KEY}`, 'content-type': 'application/json' }

async function command(callId, action, body = {}) {
  const url = `https://api.telnyx.com/v2/calls/${callId}/actions/${action}`
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) console.error(`${action}: ${response.status} ${await response.text()}`)
}

async function handle({ event_type, payload }) {
  const id = payload.call_control_id
  if (event_type === 'call.initiated' && payload.direction === 'incoming') await command(id, 'answer')
  if (event_type === 'call.answered')
    await command(id, 'gather_using_speak', {
      payload: 'Please enter your PIN.',
      voice: 'female',
      minimum_digits: 4,
      maximum_digits: 4,
    })
  if (event_type === 'call.gather.ended') {
    console.log(`The PIN has ${payload.digits.length} digits.`)
    await command(id, 'hangup')
  }
}

async function receive(request, response) {
  if (request.method !== 'POST' || request.url !== '/webhooks/voice') return response.writeHead(404).end()
  let body = ''
  for await (const chunk of request) body += chunk
  response.end()
  await handle(JSON.parse(body).data)
}

const server = createServer((request, response) => {
  receive(request, response).catch((error) => console.error(error))
})
server.listen(process.env.PORT ?? 0, '127.0.0.1', () => console.log(`Listening on port ${server.address().port}.`))
