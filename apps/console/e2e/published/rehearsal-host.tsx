// What a host writes, to be compiled and run against the installed packages.
import { createGatherClient, GatherPanel, GatherProvider } from '@callgather/react'
import { createGatherServer } from '@callgather/server'
import { memoryStore } from '@callgather/server/memory'
import { createSimulator } from '@callgather/simulator'
import { renderToString } from 'react-dom/server'

const simulator = await createSimulator({ port: 0 })
const server = createGatherServer({
  telnyx: { apiKey: 'KEY', publicKey: simulator.publicKey, baseUrl: `${simulator.url}/v2` },
  store: memoryStore(),
  insecure: true,
})
const client = createGatherClient({ url: 'http://127.0.0.1:1', getTicket: async () => 'ticket' })
const html = renderToString(
  <GatherProvider client={client}>
    <GatherPanel callId="call-1" />
  </GatherProvider>,
)
if (!html.includes('cg')) throw new Error('The panel rendered nothing.')
client.close()
await server.close()
await simulator.close()
