import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { Signer, webhookOf } from '@callgather/test-kit/telnyx'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { StoreUnavailableError } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { CALL, testServer, watch } from '../testing/server.ts'

const metricsOf = async (url: string) => (await fetch(`${url}/metrics`)).text()

const digit = (id?: string) => webhookOf('call.dtmf.received', { call_control_id: CALL, digit: '5' }, id ? { id } : {})

it.each(['__proto__', 'constructor', 'toString'])(
  'stores a webhook whose event type is `%s` when a command precedes it',
  async (type) => {
    await using server = await testServer()
    await server.webhook('call.answered')
    expect((await server.command('gather', {})).status).toBe(200)
    expect((await server.webhook(type)).status).toBe(200)
  },
)

describe('the end of a masked gather', () => {
  it.each([4_071_407_140_714_071, 4071, -4071, 40.71])(
    'drops the implausible digit count %d from the end of a masked gather',
    async (digit_count) => {
      const store = memoryStore()
      await using server = await testServer({ store, policy: { mask: 'digits' } })
      expect((await server.webhook('call.gather.ended', { status: 'valid', digit_count })).status).toBe(200)
      const [record] = (await store.read(CALL, 0))?.records ?? []
      expect(record?.event.payload).toMatchObject({ status: 'valid' })
      // The rest of the record has random ids and times, which may contain these digits.
      expect(JSON.stringify(record?.event.payload)).not.toContain(String(digit_count))
    },
  )
})

describe('a webhook that is not Telnyx’s', () => {
  it('rejects a tampered webhook with 401 and stores nothing', async () => {
    const store = memoryStore()
    await using server = await testServer({ store })
    const good = server.signer.sign(digit())
    const forged = new Signer().sign(digit())
    const stale = server.signer.sign(digit(), Date.now() - 301_000)
    const altered = { ...good, body: Buffer.from(good.body.toString().replace('"5"', '"6"')) }
    const { 'telnyx-timestamp': _, ...withoutTime } = good.headers
    const attempts = [forged, stale, altered, { ...good, headers: withoutTime }, { body: good.body, headers: {} }]
    for (const attempt of attempts) {
      const answer = await server.post(attempt)
      expect(answer.status).toBe(401)
      const text = await answer.text()
      expect(text).not.toContain(CALL)
      expect(JSON.parse(text)).toMatchObject({ errors: [{ code: '10009' }] })
    }
    expect(await store.head(CALL)).toBeNull()
    expect((await server.post(good)).status).toBe(200)
    expect(await store.head(CALL)).toMatchObject({ seq: 1 })
  })

  it('rejects a webhook of random bytes and headers with 401', async () => {
    await using server = await testServer()
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.base64String({ minLength: 88, maxLength: 88 }),
        fc.integer(),
        async (bytes, signature, time) => {
          const headers = { 'telnyx-signature-ed25519': signature, 'telnyx-timestamp': String(time) }
          expect((await server.post({ headers, body: Buffer.from(bytes) })).status).toBe(401)
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('a webhook that is Telnyx’s', () => {
  it('accepts webhooks of two sibling legs at once without a deadlock', async () => {
    const store = memoryStore()
    await using server = await testServer({ store })
    const legs = ['v3:one-leg-of-three-0', 'v3:one-leg-of-three-1', 'v3:one-leg-of-three-2']
    const posts = Array.from({ length: 30 }, (_, index) =>
      server.webhook('call.dtmf.received', { call_control_id: legs[index % 3], digit: '5' }),
    )
    expect((await Promise.all(posts)).map(({ status }) => status)).toEqual(posts.map(() => 200))
    expect(await Promise.all(legs.map((leg) => store.head(leg)))).toMatchObject(legs.map(() => ({ seq: 10 })))
  })

  it('stores a webhook that is sent twice only once', async () => {
    const store = memoryStore()
    await using server = await testServer({ store })
    const socket = await server.connect()
    await server.webhook('call.initiated')
    const { frames } = await watch(socket)
    const signed = server.signer.sign(digit())
    for (let time = 0; time < 5; time++) expect((await server.post(signed)).status).toBe(200)
    // Telnyx signs each attempt separately, with a different body.
    const again = JSON.parse(signed.body.toString())
    expect((await server.post(server.signer.sign({ ...again, meta: { attempt: 2 } }))).status).toBe(200)
    expect(await store.head(CALL)).toMatchObject({ seq: 2 })
    await vi.waitFor(() => expect(frames).toHaveLength(1))
  })

  it('stores the first of two different events with the same id and counts the second as a conflict', async () => {
    const store = memoryStore()
    await using server = await testServer({ store })
    await server.webhook('call.dtmf.received', { digit: '5' }, { id: 'same', at: '2026-11-22T10:41:00Z' })
    expect(
      (await server.webhook('call.dtmf.received', { digit: '6' }, { id: 'same', at: '2026-11-22T10:41:00Z' })).status,
    ).toBe(200)
    const log = await store.read(CALL, 0)
    expect(log?.records.map(({ event }) => event.payload)).toEqual([{ digit: '5' }])
    expect(await metricsOf(server.url)).toContain('callgather_webhooks_total{outcome="conflict"} 1')
  })

  const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`
  const unusable: Record<string, Buffer> = {
    'no JSON': Buffer.from('{"data":'),
    'no UTF-8': Buffer.from([0x7b, 0xff, 0x7d]),
    'too deep': Buffer.from(deep),
    'too large in nodes': Buffer.from(JSON.stringify({ data: Array.from({ length: 20_001 }, () => 0) })),
    'no event': Buffer.from('null'),
    'an event without an id': Buffer.from(
      JSON.stringify({ data: { event_type: 'call.x', occurred_at: '2026-11-22T10:41:00Z', payload: {} } }),
    ),
    'an event of no time': Buffer.from(
      JSON.stringify({ data: { id: 'a', event_type: 'call.x', occurred_at: 'soon', payload: {} } }),
    ),
    'another product’s event': Buffer.from(
      JSON.stringify({
        data: { id: 'a', event_type: 'message.received', occurred_at: '2026-11-22T10:41:00Z', payload: { text: 'hi' } },
      }),
    ),
  }
  for (const [name, body] of Object.entries(unusable)) {
    it(`answers 200 to a webhook that is ${name}, counts it and does not store it`, async () => {
      const store = memoryStore()
      await using server = await testServer({ store })
      expect((await server.post(server.signer.sign(body))).status).toBe(200)
      const outcome = name.startsWith('another product') ? 'foreign' : 'unreadable'
      expect(await metricsOf(server.url)).toContain(`callgather_webhooks_total{outcome="${outcome}"} 1`)
      expect(await store.list({ limit: 10 })).toEqual([])
    })
  }

  it('stores and relays a webhook of an unknown type unchanged', async () => {
    const store = memoryStore()
    await using server = await testServer({ store })
    await server.webhook('call.telepathy.received', { thought: { depth: 1 } })
    await server.webhook('command.requested', { command: 'gather' })
    const log = await store.read(CALL, 0)
    expect(log?.records.map(({ event }) => event.event_type)).toEqual([
      'call.telepathy.received',
      'unreadable:command.requested',
    ])
    expect(log?.records[0]?.event.payload).toMatchObject({ thought: { depth: 1 } })
  })

  it('answers a webhook with 503 and stores nothing when the store is unavailable', async () => {
    const store = memoryStore()
    const append = vi.spyOn(store, 'append').mockRejectedValueOnce(new StoreUnavailableError('disk full'))
    await using server = await testServer({ store })
    const signed = server.signer.sign(digit())
    expect((await server.post(signed)).status).toBe(503)
    expect(await store.head(CALL)).toBeNull()
    append.mockRestore()
    expect((await server.post(signed)).status).toBe(200)
    expect(await store.head(CALL)).toMatchObject({ seq: 1 })
  })

  it('names the cause when it rejects a webhook whose body cannot be read', async () => {
    await using server = await testServer({ maxWebhookBytes: 1000 })
    const signed = server.signer.sign(digit())
    const url = `${server.url}/webhooks`
    expect((await fetch(url)).status).toBe(405)
    const zipped = { ...signed.headers, 'content-encoding': 'gzip' }
    expect((await fetch(url, { method: 'POST', headers: zipped, body: new Uint8Array(signed.body) })).status).toBe(415)
    const large = server.signer.sign({ ...digit(), filler: 'x'.repeat(2000) })
    expect((await server.post(large)).status).toBe(413)
  })

  it('rejects a webhook whose body a body parser has already read, and names the cause', async () => {
    await using server = await testServer()
    const parser = createServer((request, response) => {
      request.resume().once('end', () => server.gather.handle(request, response))
    })
    await new Promise<void>((resolve) => parser.listen(0, '127.0.0.1', resolve))
    const signed = server.signer.sign(digit())
    const answer = await fetch(`http://127.0.0.1:${(parser.address() as AddressInfo).port}/callgather/webhooks`, {
      method: 'POST',
      headers: signed.headers,
      body: new Uint8Array(signed.body),
    })
    expect(answer.status).toBe(500)
    expect(await answer.text()).toContain('express.json()')
    parser.closeAllConnections()
    await new Promise((resolve) => parser.close(resolve))
  })

  it('rejects a webhook with a duplicated signature header', async () => {
    await using server = await testServer()
    const { headers, body } = server.signer.sign(digit())
    const { port } = new URL(server.url)
    const socket = connect(Number(port), '127.0.0.1')
    const twice = `telnyx-timestamp: ${headers['telnyx-timestamp']}\r\n`.repeat(2)
    socket.write(
      `POST /callgather/webhooks HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\n${twice}` +
        `telnyx-signature-ed25519: ${headers['telnyx-signature-ed25519']}\r\n\r\n`,
    )
    socket.write(body)
    const chunks: Buffer[] = []
    for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 401/)
  })
})
