import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { GatherServer } from '../server/gather-server.ts'
import { describeAdapter } from './adapter.contract.ts'
import { nextHandlers } from './next.ts'

/** Serves route handlers as Next.js does: it calls the handler of the method with a real `Request`. */
async function listening(gather: GatherServer, before: (request: Request) => Promise<unknown> = async () => {}) {
  const handlers = nextHandlers(gather)
  const own = async (request: Request) => Response.json(await request.json())
  const server = createServer((message, response) => {
    const url = `http://next.test${message.url}`
    const hasBody = message.method === 'POST'
    const request = new Request(url, {
      method: message.method ?? 'GET',
      headers: Object.entries(message.headers).map(([name, value]) => [name, String(value)] as [string, string]),
      ...(hasBody ? { body: Readable.toWeb(message) as ReadableStream, duplex: 'half' as const } : {}),
    })
    // The route of the folder app/callgather/[...path] gets only requests below that path.
    const isOurs = new URL(url).pathname.startsWith('/callgather/')
    const isOwn = new URL(url).pathname === '/own'
    const handler = isOurs ? handlers[request.method as keyof typeof handlers] : isOwn ? own : null
    before(request)
      .then(() => (handler ? handler(request) : new Response(null, { status: 404 })))
      .then(async (answer) => {
        response
          .writeHead(answer.status, Object.fromEntries(answer.headers))
          .end(Buffer.from(await answer.arrayBuffer()))
      })
      .catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

describeAdapter('Next.js', {
  hasSockets: false,
  start: (gather) => listening(gather),
  startBehindParser: (gather) => listening(gather, (request) => request.text()),
})
