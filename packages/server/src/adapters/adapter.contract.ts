/** The contract suite of every adapter. An adapter's test calls it with an app that is set up as the docs describe. */
import { brotliCompressSync } from 'node:zlib'
import { PROTOCOL_VERSION } from '@callgather/protocol'
import { Signer, Upstream, webhookOf } from '@callgather/test-kit/telnyx'
import { pino } from 'pino'
import { io } from 'socket.io-client'
import { describe, expect, it, vi } from 'vitest'
import { createGatherServer } from '../server/create-gather-server.ts'
import type { GatherServer } from '../server/gather-server.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { CALL, SECRET, watch } from '../testing/server.ts'

/** An app that listens. Its route `POST /own` answers with the request body. */
export interface RunningApp {
  readonly origin: string
  readonly close: () => Promise<unknown>
}

/** How the suite starts an app with the adapter under test. */
export interface AdapterCase {
  /** Starts an app as the documentation describes, with the framework's body parser on for the app's own routes. */
  readonly start: (gather: GatherServer) => Promise<RunningApp>
  /** Starts an app in which a body parser reads the bodies of webhooks before the adapter. */
  readonly startBehindParser: (gather: GatherServer) => Promise<RunningApp>
  /** Whether the app serves sockets. */
  readonly hasSockets: boolean
}

/** Runs the contract suite for one adapter. */
export function describeAdapter(name: string, { start, startBehindParser, hasSockets }: AdapterCase): void {
  const opened = async (open = start) => {
    const signer = new Signer()
    const upstream = await Upstream.listen()
    const store = memoryStore()
    const gather = createGatherServer({
      reconcile: false,
      store,
      tickets: { secret: SECRET },
      telnyx: { apiKey: 'KEY-test', publicKey: signer.publicKey, baseUrl: upstream.url },
      logger: pino({ level: 'silent' }),
    })
    const app = await open(gather)
    const ticket = await gather.issueTicket({ subject: 'agent-7', calls: [CALL], scopes: ['view', 'gather'] })
    const post = (path: string, body: Buffer | string, headers: Record<string, string>) =>
      fetch(app.origin + path, { method: 'POST', body: new Uint8Array(Buffer.from(body)), headers })
    return {
      signer,
      upstream,
      store,
      app,
      ticket,
      post,
      webhook: ({ headers, body }: ReturnType<Signer['sign']>) => post('/callgather/webhooks', body, headers),
      async [Symbol.asyncDispose]() {
        await gather.close()
        await app.close()
        await upstream.close()
      },
    }
  }
  const answered = webhookOf('call.answered', { call_control_id: CALL })

  describe(`the ${name} adapter`, () => {
    it('the adapter verifies a webhook over its raw bytes while the app’s body parser is on', async () => {
      await using it = await opened()
      const odd = Buffer.from(
        `${JSON.stringify(answered, null, 3).replace('call.answered', 'call\\u002eanswered')}\r\n `,
      )
      expect((await it.webhook(it.signer.sign(odd))).status).toBe(200)
      expect(await it.store.head(CALL)).toMatchObject({ seq: 1 })
    })

    it('the adapter rejects forged, compressed and oversized webhooks, each with its own status', async () => {
      await using it = await opened()
      const forged = await it.webhook(new Signer().sign(answered))
      expect(forged.status).toBe(401)
      expect(await forged.json()).toMatchObject({ errors: [{ code: '10009' }] })
      const { headers, body } = it.signer.sign(answered)
      const packed = await it.webhook({
        headers: { ...headers, 'content-encoding': 'br' },
        body: brotliCompressSync(body),
      })
      expect(packed.status).toBe(415)
      expect((await it.webhook(it.signer.sign(Buffer.alloc(1024 * 1024 + 1, ' ')))).status).toBe(413)
      expect(await it.store.head(CALL)).toBeNull()
    })

    it('the adapter answers a webhook with 500 and names the cause when a body parser has read its body', async () => {
      await using it = await opened(startBehindParser)
      const answer = await it.webhook(it.signer.sign(answered))
      expect(answer.status).toBe(500)
      expect(JSON.stringify(await answer.json())).toMatch(/read before CallGather.*express\.json/)
      expect(await it.store.head(CALL)).toBeNull()
    })

    it('the adapter sends a command to Telnyx and answers in Telnyx’s format', async () => {
      await using it = await opened()
      await it.webhook(it.signer.sign(answered))
      const authorized = { authorization: `Bearer ${it.ticket}`, 'content-type': 'application/json' }
      const command = (body: string) => it.post(`/callgather/v2/calls/${CALL}/actions/gather`, body, authorized)
      const given = await command('{"maximum_digits":4}')
      expect([given.status, await given.json()]).toEqual([200, { data: { result: 'ok' } }])
      expect(given.headers.get('x-command-id')).toBe(it.upstream.received[0]?.body.command_id)
      const refused = await command('{"maximum_digits":0}')
      expect([refused.status, await refused.json()]).toMatchObject([
        422,
        { errors: [{ source: { pointer: '/maximum_digits' } }] },
      ])
      const events = await fetch(`${it.app.origin}/callgather/calls/${CALL}/events?after=1`, { headers: authorized })
      expect(await events.json()).toMatchObject({
        data: [{ seq: 2, event: { event_type: 'command.requested' } }, { seq: 3 }],
      })
    })

    it('the adapter answers 404 below its base path and leaves the app’s own routes and body parser alone', async () => {
      await using it = await opened()
      expect((await fetch(`${it.app.origin}/callgather/nothing`)).status).toBe(404)
      expect((await fetch(`${it.app.origin}/callgatherer/webhooks`)).status).toBe(404)
      const own = await it.post('/own', '{"a":1}', { 'content-type': 'application/json' })
      expect(await own.json()).toEqual({ a: 1 })
    })

    if (!hasSockets) return
    it('an app with the adapter relays the events of a call to a socket', async () => {
      await using it = await opened()
      await it.webhook(it.signer.sign(answered))
      const socket = io(it.app.origin, {
        path: '/callgather/socket.io',
        transports: ['websocket'],
        auth: { ticket: it.ticket, protocol: PROTOCOL_VERSION },
      })
      const { reply, frames } = await watch(socket)
      expect(reply).toMatchObject({ ok: true, cursor: { seq: 1 } })
      await it.webhook(it.signer.sign(webhookOf('call.dtmf.received', { call_control_id: CALL, digit: '7' })))
      await vi.waitFor(() => expect(frames).toMatchObject([{ records: [{ seq: 2 }] }]))
      socket.close()
    })
  })
}
