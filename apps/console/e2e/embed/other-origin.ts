/** A CallGather server and a host's web server on another origin, with a simulated Telnyx. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { embedFiles } from '@callgather/embed/files'
import { createGatherServer, type GatherServer } from '@callgather/server'
import { memoryStore } from '@callgather/server/memory'
import { createSimulator } from '@callgather/simulator'
import { FaultProxy } from '@callgather/test-kit/fault-proxy'

/** A file of the host. `{server}` and `{socket}` become the addresses of the CallGather server. */
export interface HostFile {
  readonly type: 'text/html' | 'text/javascript' | 'text/css'
  readonly body: string
  /** The page's Content-Security-Policy. */
  readonly policy?: string
}

/** Who an agent is, and the calls that their ticket covers. */
export interface AgentTicket {
  readonly subject: string
  readonly calls: '*' | readonly string[]
}

/** The running programs of a test; `await using` stops them. */
export interface OtherOrigin extends AsyncDisposable {
  readonly gather: GatherServer
  /** The address of the CallGather server for browsers, behind a proxy that can cut connections. */
  readonly server: string
  readonly proxy: FaultProxy
  /** The origin of the host's pages. */
  readonly host: string
  /** The simulator's address, without `/v2`. */
  readonly simulator: string
  /** The tickets that the host's server has given to its page, in order. */
  readonly tickets: { readonly subject: string; readonly ticket: string }[]
}

/** Starts the servers. `POST /api/ticket?agent=NAME` of the host answers with the ticket of `agents[NAME]`. */
export async function startOtherOrigin(
  files: Readonly<Record<string, HostFile>>,
  agents: Readonly<Record<string, AgentTicket>>,
): Promise<OtherOrigin> {
  const http = createServer()
  const behind = await portOf(http)
  const proxy = await FaultProxy.listen(behind)
  const server = proxy.origin
  const simulator = await createSimulator({ webhookUrl: `http://127.0.0.1:${behind}/callgather/webhooks` })
  const tickets: { subject: string; ticket: string }[] = []

  const web = createServer((request, response) => {
    answer(new URL(request.url ?? '/', 'http://localhost'))
      .then(({ status = 200, type, body, policy }) => {
        const replaced = (text: string) =>
          text.replaceAll('{server}', server).replaceAll('{socket}', server.replace(/^http/, 'ws'))
        response.writeHead(status, {
          'content-type': `${type}; charset=utf-8`,
          ...(policy ? { 'content-security-policy': replaced(policy) } : {}),
        })
        response.end(replaced(body))
      })
      .catch((error: Error) => response.destroy(error))
  })
  const host = `http://localhost:${await portOf(web)}`
  const gather = createGatherServer({
    telnyx: { apiKey: 'KEY_E2E', publicKey: simulator.publicKey, baseUrl: simulator.url },
    store: memoryStore(),
    tickets: { secret: 'a secret for the end-to-end tests, long enough' },
    allowedOrigins: [host],
    embed: embedFiles,
    logger: silent,
  })
  gather.attach(http)

  async function answer({
    pathname,
    searchParams,
  }: URL): Promise<Omit<HostFile, 'type'> & { status?: number; type: string }> {
    const file = files[pathname]
    if (file) return file
    const agent = agents[searchParams.get('agent') ?? '']
    if (pathname !== '/api/ticket' || !agent)
      return { status: pathname === '/favicon.ico' ? 204 : 404, type: 'text/plain', body: '' }
    const ticket = await gather.issueTicket({ ...agent, scopes: ['view', 'gather', 'assistant'] })
    tickets.push({ subject: agent.subject, ticket })
    return { type: 'text/plain', body: ticket }
  }

  return {
    ...{ gather, server, proxy, host, simulator: simulator.url.replace(/\/v2$/, ''), tickets },
    async [Symbol.asyncDispose]() {
      await proxy.close()
      await gather.close()
      for (const each of [http, web]) each.close()
      await simulator.close()
    },
  }
}

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }
