/** A server on a free port with an upstream in place of Telnyx, for tests. `await using` closes both. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CallEventFrame, ClientToServer, ServerToClient, WatchReply } from '@callgather/protocol'
import { PROTOCOL_VERSION, WireReader } from '@callgather/protocol'
import { Signer, Upstream, webhookOf } from '@callgather/test-kit/telnyx'
import { pino } from 'pino'
import { io, type Socket } from 'socket.io-client'
import type { TicketRequest } from '../access/tickets.ts'
import { createGatherServer } from '../server/create-gather-server.ts'
import type { GatherServerOptions } from '../server/gather-server.ts'
import { memoryStore } from '../store/memory/memory-store.ts'

/** The call id that most tests use. */
export const CALL = 'v3:test-call-000000000000'

/** A ticket secret of valid length. */
export const SECRET = 'a secret of at least thirty-two bytes'

/** A client's socket, typed by the protocol. */
export type ClientSocket = Socket<ServerToClient, ClientToServer>

/** Starts a test server. The given options override the test defaults. */
export async function testServer(options: Partial<GatherServerOptions> = {}) {
  const signer = new Signer()
  const upstream = await Upstream.listen()
  const gather = createGatherServer({
    store: memoryStore(),
    tickets: { secret: SECRET },
    allowedOrigins: ['http://console.test'],
    // Reconciliation is off by default, so that the upstream receives only commands.
    reconcile: false,
    logger: pino({ level: 'silent' }),
    ...options,
    telnyx: { apiKey: 'KEY-test', publicKey: signer.publicKey, baseUrl: upstream.url, ...options.telnyx },
  })
  const server = createServer()
  gather.attach(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const url = origin + gather.basePath
  const sockets: ClientSocket[] = []

  const ticket = (request: Partial<TicketRequest> = {}) =>
    gather.issueTicket({ subject: 'agent-7', calls: [CALL], scopes: ['view', 'gather', 'assistant'], ...request })

  return {
    gather,
    signer,
    upstream,
    url,
    ticket,

    /** Posts a signed request to the webhook route. */
    post: (signed: { headers: Record<string, string>; body: Buffer }) =>
      fetch(`${url}/webhooks`, { method: 'POST', headers: signed.headers, body: new Uint8Array(signed.body) }),

    /** Sends a signed webhook of the test's call. */
    async webhook(type: string, payload: Record<string, unknown> = {}, at?: { id?: string; at?: string }) {
      const content = webhookOf(type, { call_control_id: CALL, ...payload }, at)
      return this.post(signer.sign(content))
    },

    /** Sends a command over HTTP. */
    async command(command: string, body: unknown, headers: Record<string, string> = {}, callId = CALL) {
      const response = await fetch(`${url}/v2/calls/${encodeURIComponent(callId)}/actions/${command}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await ticket()}`, 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
      return { status: response.status, headers: response.headers, body: (await response.json()) as ErrorOrData }
    },

    /** Connects a socket client. Rejects with the error with which the server refused the client. */
    async connect(
      auth: Record<string, unknown> = {},
      extraHeaders: Record<string, string> = {},
    ): Promise<ClientSocket> {
      const socket: ClientSocket = io(origin, {
        path: `${gather.basePath}/socket.io`,
        transports: ['websocket'],
        reconnection: false,
        forceNew: true,
        extraHeaders,
        auth: { ticket: await ticket(), protocol: PROTOCOL_VERSION, ...auth },
      })
      sockets.push(socket)
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve)
        socket.once('connect_error', reject)
      })
      return socket
    },

    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.close()
      await gather.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await upstream.close()
    },
  }
}

/** A response of the command route. */
export interface ErrorOrData {
  readonly data?: Record<string, unknown>
  readonly errors?: { code: string; title: string; detail?: string; source?: { pointer: string } }[]
}

/** Watches the test's call and collects the frames that follow. */
export async function watch(socket: ClientSocket, cursor?: { epoch: string; seq: number }, callId = CALL) {
  const frames: CallEventFrame[] = []
  const reader = new WireReader()
  socket.on('call:event', (written) => {
    const frame = reader.readFrame(written)
    if (frame) frames.push(frame)
  })
  const request = { call_id: callId, ...(cursor ? { cursor } : {}) }
  const reply = await new Promise<WatchReply>((resolve) => {
    socket.emit('call:watch', request, (written) => resolve(reader.readReply(callId, written)))
  })
  return { reply, frames }
}
