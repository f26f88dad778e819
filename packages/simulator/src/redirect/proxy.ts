/**
 * Redirects `https://api.telnyx.com` to the simulator. One port terminates TLS for that host, for redirected sockets.
 * The second port is an HTTP proxy, for programs that use `HTTPS_PROXY`.
 */
import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { TELNYX_HOST } from '../api/server.ts'
import type { Certificate } from './certificate.ts'

/** The TLS port and the proxy port. Both accept connections from this machine only. */
export interface Redirection {
  readonly tlsPort: number
  readonly proxyPort: number
  close(): Promise<void>
}

/** Starts the TLS port and the proxy port, which forward to the simulator's own port. */
export async function startRedirection(certificate: Certificate, simulatorPort: number): Promise<Redirection> {
  const sockets = new Set<Socket>()
  const tls = createTlsServer({ ...certificate, ALPNProtocols: ['http/1.1'] }, (socket) =>
    join(socket, connect(simulatorPort, '127.0.0.1')),
  )
  // A program that does not trust the certificate ends the TLS handshake and reports the error itself.
  tls.on('tlsClientError', () => {})
  const tlsPort = await listen(tls, sockets)

  const proxy = createHttpServer((incoming, response) => forward(incoming, response, simulatorPort))
  proxy.on('connect', ({ url = '' }, client: Socket, head: Buffer) => {
    const [, host = '', port = '443'] = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(url) ?? []
    const target = host.toLowerCase() === TELNYX_HOST ? connect(tlsPort, '127.0.0.1') : connect(Number(port), host)
    target.once('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      target.write(head)
    })
    target.once('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
    join(client, target)
  })
  const proxyPort = await listen(proxy, sockets)

  return {
    tlsPort,
    proxyPort,
    async close() {
      const closed = [tls, proxy].map((server) => new Promise((resolve) => server.close(resolve)))
      for (const socket of sockets) socket.destroy()
      await Promise.all(closed)
    },
  }
}

/** Forwards a request of a client that sends the full `https` URL to the proxy instead of opening a tunnel. */
function forward(incoming: IncomingMessage, response: ServerResponse, simulatorPort: number): void {
  const target = URL.canParse(incoming.url ?? '') ? new URL(incoming.url ?? '') : null
  if (target?.hostname !== TELNYX_HOST) {
    response
      .writeHead(501, { 'content-type': 'text/plain' })
      .end(`This proxy forwards requests to ${TELNYX_HOST} only.\n`)
    return
  }
  const { method, headers } = incoming
  const forwarded = request({
    host: '127.0.0.1',
    port: simulatorPort,
    path: `${target.pathname}${target.search}`,
    method,
    headers,
  })
  forwarded.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  forwarded.on('error', () => response.destroy())
  incoming.pipe(forwarded)
}

async function listen(server: Server, sockets: Set<Socket>): Promise<number> {
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

/** Pipes two sockets into each other and destroys both when either closes or fails. */
function join(one: Socket, other: Socket): void {
  one.on('error', () => other.destroy())
  other.on('error', () => one.destroy())
  one.once('close', () => other.destroy())
  other.once('close', () => one.destroy())
  one.pipe(other)
  other.pipe(one)
}
