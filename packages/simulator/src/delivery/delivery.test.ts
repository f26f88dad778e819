/** Tests webhooks over real sockets: retries, backoff, signatures, and each fault from the receiver's side. */
import { createPublicKey, verify } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { expectContract } from '@callgather/test-kit/telnyx-contract'
import Telnyx from 'telnyx'
import { describe, expect, it } from 'vitest'
import {
  createSimulator,
  type FaultsInput,
  type Simulator,
  type SimulatorOptions,
  type VirtualClock,
  virtualClock,
} from '../index.ts'

interface Arrival {
  path: string
  type: string
  id: string
  attempt: number
  headers: IncomingMessage['headers']
  raw: Buffer
  text: string
  at: number
}

/** Starts a webhook receiver on a socket. `answer` gets each webhook and the response to write. */
async function receiver(
  answer: (arrival: Arrival, response: ServerResponse) => void = (_, response) => response.end('ok'),
) {
  const arrivals: Arrival[] = []
  const receive = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const raw = Buffer.concat(chunks)
    const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString()
    const { data, meta } = JSON.parse(text)
    const arrival: Arrival = {
      path: request.url ?? '',
      type: data.event_type,
      id: data.id,
      attempt: meta.attempt,
      headers: request.headers,
      raw,
      text,
      at: Date.now(),
    }
    arrivals.push(arrival)
    answer(arrival, response)
  }
  const server = createServer((request, response) => void receive(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`
  return {
    url,
    arrivals,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Running {
  sim: Simulator
  clock: VirtualClock
}

async function simulator(options: SimulatorOptions): Promise<Running & AsyncDisposable> {
  const clock = virtualClock()
  const sim = await createSimulator({ ...options, clock })
  sim.watch((activity) => activity.type === 'webhook' && expectContract(activity.event), ['webhook'])
  return { sim, clock, [Symbol.asyncDispose]: () => sim.close() }
}

/** Dials one call that rings. Its `call.initiated` is the webhook under test. */
async function ring({ sim, clock }: Running, forMs = 30_000) {
  const caller = await sim.phone.dial()
  await clock.settle()
  await clock.advance(forMs)
  return caller
}

const verified = async (sim: Simulator, { text, headers }: Arrival) => {
  const plain = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
  return new Telnyx({ apiKey: 'KEY', publicKey: sim.publicKey }).webhooks.unwrap(text, { headers: plain }).then(
    () => true,
    () => false,
  )
}

describe('webhook delivery', () => {
  it('posts a JSON webhook with signature headers that the official SDK verifies', async () => {
    await using inbox = await receiver()
    await using running = await simulator({ webhookUrl: inbox.url })
    await ring(running)
    const [arrival] = inbox.arrivals
    expect(inbox.arrivals).toHaveLength(1)
    expect(arrival).toMatchObject({ type: 'call.initiated', attempt: 1, path: '/webhooks' })
    expect(arrival?.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'telnyx-webhooks' })
    expect(Object.keys(arrival?.headers ?? {}).sort()).toEqual([
      'connection',
      'content-length',
      'content-type',
      'host',
      'telnyx-signature-ed25519',
      'telnyx-timestamp',
      'user-agent',
    ])
    expect(arrival && (await verified(running.sim, arrival))).toBe(true)
    expect(running.sim.publicKey).toHaveLength(44)
  })

  it('explains once in the live log why a receiver rejects its webhooks', async () => {
    await using inbox = await receiver((_, response) => response.writeHead(500).end())
    await using running = await simulator({ webhookUrl: inbox.url })
    const notices: string[] = []
    running.sim.watch((activity) => activity.type === 'notice' && notices.push(activity.text), ['notice'])
    await ring(running)
    expect(inbox.arrivals).toHaveLength(4)
    expect(notices).toEqual([expect.stringContaining(`${inbox.url} answered 500: the program failed.`)])
  })

  it.each([
    [500, 4],
    [503, 4],
    [429, 4],
    [408, 4],
    [302, 4],
    [400, 1],
    [401, 1],
    [404, 1],
    [204, 1],
  ])('a receiver that responds to a webhook with status %i gets %i delivery attempts', async (status, times) => {
    await using inbox = await receiver((_, response) =>
      response.writeHead(status, { location: 'http://127.0.0.1:1/elsewhere' }).end(),
    )
    await using running = await simulator({ webhookUrl: inbox.url })
    await ring(running)
    expect(inbox.arrivals.map(({ attempt }) => attempt)).toEqual(Array.from({ length: times }, (_, index) => index + 1))
    expect(new Set(inbox.arrivals.map(({ id }) => id)).size).toBe(1)
    const [delivery] = running.sim.deliveries()
    expect(delivery?.status).toBe(status < 300 ? 'delivered' : 'failed')
  })

  it('signs each delivery attempt of a webhook with its own timestamp', async () => {
    await using inbox = await receiver((_, response) => response.writeHead(500).end())
    await using running = await simulator({ webhookUrl: inbox.url })
    await ring(running)
    expect(new Set(inbox.arrivals.map(({ headers }) => headers['telnyx-signature-ed25519'])).size).toBe(4)
    for (const arrival of inbox.arrivals) expect(await verified(running.sim, arrival)).toBe(true)
  })

  it('retries a webhook after 1, 2 and 5 seconds and stops when the receiver accepts it', async () => {
    let refusals = 2
    await using inbox = await receiver((_, response) => response.writeHead(refusals-- > 0 ? 500 : 200).end())
    await using running = await simulator({ webhookUrl: inbox.url })
    await ring(running, 999)
    expect(inbox.arrivals).toHaveLength(1)
    await running.clock.advance(1)
    expect(inbox.arrivals).toHaveLength(2)
    await running.clock.advance(1999)
    expect(inbox.arrivals).toHaveLength(2)
    await running.clock.advance(1)
    expect(inbox.arrivals).toHaveLength(3)
    await running.clock.advance(20_000)
    expect(inbox.arrivals).toHaveLength(3)
  })

  it('retries a webhook after the delays in the webhook_retries_policies of its call', async () => {
    await using inbox = await receiver(({ type }, response) =>
      response.writeHead(type === 'call.hangup' ? 500 : 200).end(),
    )
    await using running = await simulator({ webhookUrl: inbox.url })
    const client = new Telnyx({ apiKey: 'KEY', baseURL: running.sim.url })
    const caller = await ring(running, 0)
    await client.calls.actions.answer(caller.id, { webhook_retries_policies: { 'call.hangup': { retries_ms: [100] } } })
    await caller.hangUp()
    await running.clock.advance(60_000)
    expect(inbox.arrivals.filter(({ type }) => type === 'call.hangup').map(({ attempt }) => attempt)).toEqual([1, 2])
  })

  it('retries a webhook when the receiver does not answer before the timeout', async () => {
    let first = true
    await using inbox = await receiver((_, response) => {
      if (!first) response.end()
      first = false
    })
    await using running = await simulator({ webhookUrl: inbox.url, settings: { delivery: { timeoutMs: 50 } } })
    await ring(running)
    expect(inbox.arrivals).toHaveLength(2)
    const [delivery] = running.sim.deliveries()
    expect(delivery?.attempts[0]).toMatchObject({ status: 'failed', error: 'no answer within 50 ms', response: null })
    expect(delivery?.status).toBe('delivered')
  })

  it('measures the timeout of an in-process receiver with the clock of the simulator', async () => {
    const clock = virtualClock()
    let calls = 0
    await using sim = await createSimulator({
      clock,
      webhookUrl: async () => {
        calls += 1
        if (calls === 1) await clock.sleep(2500)
        return new Response('ok')
      },
    })
    await sim.phone.dial()
    await clock.advance(10_000)
    expect(sim.deliveries()[0]?.attempts.map(({ error }) => error)).toEqual(['no answer within 2000 ms', null])
  })

  it('sends a webhook to the failover URL after the primary URL rejects it', async () => {
    await using broken = await receiver((_, response) => response.writeHead(404).end())
    await using spare = await receiver()
    await using running = await simulator({ webhookUrl: broken.url, webhookFailoverUrl: spare.url })
    await ring(running)
    expect(broken.arrivals).toHaveLength(1)
    expect(spare.arrivals.map(({ attempt }) => attempt)).toEqual([2])
    expect(JSON.parse(spare.arrivals[0]?.text ?? '{}').meta.delivered_to).toBe(spare.url)
    expect(running.sim.deliveries()[0]?.status).toBe('delivered')
  })

  it('sends a webhook to the failover URL after each failed attempt when failover is each-attempt', async () => {
    await using broken = await receiver((_, response) => response.writeHead(500).end())
    await using spare = await receiver()
    await using running = await simulator({
      webhookUrl: broken.url,
      webhookFailoverUrl: spare.url,
      settings: { delivery: { failover: 'each-attempt' } },
    })
    await ring(running)
    expect([broken.arrivals.length, spare.arrivals.length]).toEqual([1, 1])
  })

  it('marks a webhook delivery as failed when no receiver listens on the port', async () => {
    await using running = await simulator({ webhookUrl: 'http://127.0.0.1:9/webhooks' })
    await ring(running)
    expect(running.sim.deliveries()[0]).toMatchObject({ status: 'failed', attempts: [{}, {}, {}, {}] })
  })

  it('sends the webhooks of a call to its webhook_url, or to the URLs in webhook_urls for their event type', async () => {
    await using usual = await receiver()
    await using own = await receiver()
    await using running = await simulator({ webhookUrl: usual.url })
    const client = new Telnyx({ apiKey: 'KEY', baseURL: running.sim.url })
    const caller = await ring(running, 0)
    await client.calls.actions.answer(caller.id, { webhook_url: own.url, webhook_urls: { 'call.hangup': [usual.url] } })
    await caller.hangUp()
    await running.clock.settle()
    expect(usual.arrivals.map(({ type }) => type)).toEqual(['call.initiated', 'call.hangup'])
    expect(own.arrivals.map(({ type }) => type)).toEqual(['call.answered'])
  })

  it.each([
    ['brackets', (query: URLSearchParams) => query.get('data[payload][direction]')],
    ['json', (query: URLSearchParams) => JSON.parse(query.get('data') ?? '{}').payload.direction],
  ] as const)(
    'a GET webhook has its payload in the query (format %s) and a signature over an empty body',
    async (getQuery, directionIn) => {
      const asked: { method: string; query: URLSearchParams; headers: Headers; body: string }[] = []
      await using running = await simulator({
        settings: { delivery: { getQuery }, leg: { calleeAnswersAfterMs: null } },
        webhookUrl: async (request) => {
          const { method, headers } = request
          asked.push({ method, query: new URL(request.url).searchParams, headers, body: await request.text() })
          return new Response('ok')
        },
      })
      const { sim, clock } = running
      const client = new Telnyx({ apiKey: 'KEY', baseURL: sim.url, fetch: sim.fetch, maxRetries: 0 })
      await client.calls.dial({ connection_id: '1', to: '+15550123', from: '+15550199', webhook_url_method: 'GET' })
      await clock.settle()
      expect(asked).toHaveLength(1)
      const [got] = asked
      if (!got) return
      expect(got.method).toBe('GET')
      expect(directionIn(got.query)).toBe('outgoing')
      expect(got.body).toBe('')
      expect(got.headers.has('content-type')).toBe(false)
      const key = createPublicKey({
        key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(sim.publicKey, 'base64')]),
        format: 'der',
        type: 'spki',
      })
      const signature = Buffer.from(got.headers.get('telnyx-signature-ed25519') ?? '', 'base64')
      expect(verify(null, Buffer.from(`${got.headers.get('telnyx-timestamp')}|`), key, signature)).toBe(true)
      expect(sim.deliveries()[0]).toMatchObject({
        method: 'GET',
        status: 'delivered',
        attempts: [{ request: { method: 'GET', body: '' } }],
      })
    },
  )

  it('rejects a webhook URL that is not on this machine unless remote delivery is allowed', async () => {
    await expect(createSimulator({ webhookUrl: 'http://example.com/hook' })).rejects.toThrow('not a loopback address')
    await expect(createSimulator({ webhookUrl: 'ftp://127.0.0.1/' })).rejects.toThrow('http or https')
    await expect(createSimulator({ webhookUrl: 'nonsense' })).rejects.toThrow('not a valid URL')
    await using running = await simulator({})
    const client = new Telnyx({ apiKey: 'KEY', baseURL: running.sim.url })
    const caller = await running.sim.phone.dial()
    await client.calls.actions.answer(caller.id, { webhook_url: 'http://169.254.169.254/latest/meta-data' })
    await running.clock.settle()
    const delivery = running.sim.deliveries().at(-1)
    expect(delivery).toMatchObject({ status: 'failed' })
    expect(delivery?.attempts[0]?.error).toContain('not a loopback address')
  })

  it('signs the bytes of an indented webhook body', async () => {
    await using inbox = await receiver()
    await using running = await simulator({ webhookUrl: inbox.url, settings: { delivery: { prettyPrintRate: 1 } } })
    await ring(running)
    const [arrival] = inbox.arrivals
    expect(arrival?.text.startsWith('{\n  "data"')).toBe(true)
    expect(arrival && (await verified(running.sim, arrival))).toBe(true)
  })

  it('resends a webhook delivery with the same event id', async () => {
    await using inbox = await receiver()
    await using running = await simulator({ webhookUrl: inbox.url })
    await ring(running)
    const again = running.sim.resend(running.sim.deliveries()[0]?.id ?? '')
    await running.clock.settle()
    expect(again?.status).toBe('delivered')
    expect(inbox.arrivals.map(({ id }) => id)).toEqual([inbox.arrivals[0]?.id, inbox.arrivals[0]?.id])
    expect(running.sim.resend('nonsense')).toBeUndefined()
  })

  it('derives the signing key from the seed, or generates a new key without a seed', async () => {
    await using a = await createSimulator({ seed: 'same' })
    await using b = await createSimulator({ seed: 'same' })
    await using c = await createSimulator()
    expect(a.publicKey).toBe(b.publicKey)
    expect(a.publicKey).not.toBe(c.publicKey)
  })
})

describe('webhook faults', () => {
  async function strike(faults: FaultsInput) {
    const inbox = await receiver()
    const running = await simulator({ webhookUrl: inbox.url, faults, seed: 1 })
    const caller = await ring(running, 0)
    const client = new Telnyx({ apiKey: 'KEY', baseURL: running.sim.url })
    await client.calls.actions.answer(caller.id, {})
    await running.clock.advance(20_000)
    return {
      ...running,
      arrivals: inbox.arrivals,
      types: inbox.arrivals.map(({ type }) => type),
      valid: await Promise.all(inbox.arrivals.map((arrival) => verified(running.sim, arrival))),
      [Symbol.asyncDispose]: async () => {
        await running.sim.close()
        await inbox[Symbol.asyncDispose]()
      },
    }
  }
  const only = ['call.initiated']

  it('delivers the same event twice with the duplicate fault', async () => {
    await using test = await strike({ duplicate: { rate: 1, only } })
    expect(test.types.filter((type) => type === 'call.initiated')).toHaveLength(2)
    expect(new Set(test.arrivals.map(({ id }) => id)).size).toBe(2)
    expect(test.valid).toEqual([true, true, true])
  })

  it('delivers a webhook after the next webhook of its call with the reorder fault', async () => {
    await using test = await strike({ reorder: { rate: 1, only, ms: 60_000 } })
    expect(test.types).toEqual(['call.answered', 'call.initiated'])
  })

  it('delivers a webhook late with the delay fault', async () => {
    await using test = await strike({ delay: { rate: 1, only, ms: 5000 } })
    expect(test.types).toEqual(['call.answered', 'call.initiated'])
  })

  it('never sends a webhook with the drop fault and lists its delivery as failed', async () => {
    await using test = await strike({ drop: { rate: 1, only } })
    expect(test.types).toEqual(['call.answered'])
    const client = new Telnyx({ apiKey: 'KEY', baseURL: test.sim.url })
    const failed = await client.webhookDeliveries.list({ filter: { status: { eq: 'failed' } } })
    expect(failed.data.map(({ webhook }) => webhook?.event_type)).toEqual(['call.initiated'])
  })

  it.each(['badSignature', 'staleTimestamp', 'wrongKey'] as const)(
    'sends a forged copy before the genuine webhook with the %s fault',
    async (name) => {
      await using test = await strike({ [name]: { rate: 1, only } })
      expect(test.types).toEqual(['call.initiated', 'call.initiated', 'call.answered'])
      expect(test.valid).toEqual([false, true, true])
    },
  )

  it.each(['badSignature', 'staleTimestamp', 'wrongKey'] as const)(
    'sends only a forged copy with the %s fault and instead: true',
    async (name) => {
      await using test = await strike({ [name]: { rate: 1, only, instead: true } })
      expect(test.valid).toEqual([false, true])
    },
  )

  it('compresses the webhook body with the gzip fault, and signs the uncompressed body', async () => {
    await using test = await strike({ gzip: { rate: 1, only } })
    expect(test.arrivals[0]?.headers['content-encoding']).toBe('gzip')
    expect(test.valid).toEqual([true, true])
  })

  it('sends the whole webhook body in small chunks with the slow fault', async () => {
    await using test = await strike({ slow: { rate: 1, only, ms: 400 } })
    expect(test.types.toSorted()).toEqual(['call.answered', 'call.initiated'])
    expect(test.valid).toEqual([true, true])
  })

  it('limits a fault to its maximum times, and the same seed repeats the same faults', async () => {
    await using once = await strike({ drop: { rate: 1, times: 1 } })
    expect(once.types).toEqual(['call.answered'])
    await using a = await strike({ drop: 0.5, duplicate: 0.5 })
    await using b = await strike({ drop: 0.5, duplicate: 0.5 })
    expect(a.sim.deliveries().map(({ faults }) => faults)).toEqual(b.sim.deliveries().map(({ faults }) => faults))
  })

  it('rejects an unknown fault or an invalid rate, and keeps the active faults', async () => {
    await using sim = await createSimulator({ faults: { drop: 0.5 } })
    // @ts-expect-error: the fault does not exist.
    expect(() => sim.faults.set({ dorp: 1 })).toThrow('Unrecognized key: "dorp"')
    expect(() => sim.faults.set({ drop: 2 })).toThrow('drop.rate: Too big')
    expect(sim.faults.get()).toEqual({ drop: { rate: 0.5 } })
  })
})
