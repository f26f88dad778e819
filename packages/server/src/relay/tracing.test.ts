/** The trace of an event on the server, and the bytes that it adds to the socket. */
import { PROTOCOL_VERSION } from '@callgather/protocol'
import { type DiagLogger, diag } from '@opentelemetry/api'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import { afterEach, describe, expect, it, vi } from 'vitest'
import WebSocket from 'ws'
import { memoryStore } from '../store/memory/memory-store.ts'
import { CALL, testServer, watch } from '../testing/server.ts'

const AT = '2026-11-22T10:41:00.000000Z'

const exporter = new InMemorySpanExporter()
const spans = () => exporter.getFinishedSpans()
let sampler: Sampler = new AlwaysOnSampler()
let hostProcessor: (() => void) | null = null

/** Registers an SDK as a host does. A tracer keeps its first SDK, so that there is one for all tests. */
const registerSdk = once(() => {
  const spanProcessors: SpanProcessor[] = [
    new SimpleSpanProcessor(exporter),
    {
      onStart: () => hostProcessor?.(),
      onEnd: () => hostProcessor?.(),
      forceFlush: async () => {},
      shutdown: async () => {},
    },
  ]
  const shouldSample: Sampler['shouldSample'] = (...args) => sampler.shouldSample(...args)
  new NodeTracerProvider({ sampler: { shouldSample, toString: () => 'of the test' }, spanProcessors }).register()
})

afterEach(() => {
  sampler = new AlwaysOnSampler()
  hostProcessor = null
  exporter.reset()
  diag.disable()
})

function once(run: () => void): () => void {
  let hasRun = false
  return () => {
    if (!hasRun) run()
    hasRun = true
  }
}

const named = (spans: readonly ReadableSpan[], name: string) => spans.filter((span) => span.name === name)
const only = (spans: readonly ReadableSpan[], name: string): ReadableSpan => {
  const [span, ...others] = named(spans, name)
  expect(others).toEqual([])
  if (!span) throw new Error(`There is no span ${name}.`)
  return span
}
const parentOf = (span: ReadableSpan) => span.parentSpanContext?.spanId
const idOf = (span: ReadableSpan) => span.spanContext().spanId

/** Opens a raw websocket that watches the test's call, and returns the messages that it receives. */
async function listen(url: string, ticket: string): Promise<{ messages: string[]; close: () => void }> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
  const messages: string[] = []
  socket.on('message', (data) => messages.push(String(data)))
  await new Promise((resolve) => socket.once('open', resolve))
  socket.send(`40${JSON.stringify({ ticket, protocol: PROTOCOL_VERSION })}`)
  await vi.waitFor(() => expect(messages.some((each) => each.startsWith('40'))).toBe(true))
  socket.send(`421["call:watch",{"call_id":"${CALL}"}]`)
  await vi.waitFor(() => expect(messages.some((each) => each.startsWith('431'))).toBe(true))
  return { messages, close: () => socket.close() }
}

/** Sends the same webhooks to a new server, and returns the bytes of the frames that a client receives. */
async function framesOnTheWire(): Promise<readonly string[]> {
  await using server = await testServer()
  await server.webhook('call.answered', {}, { id: 'answered', at: AT })
  const { messages, close } = await listen(server.url, await server.ticket())
  const frames = () => messages.filter((each) => each.startsWith('42["call:event"'))
  for (const digit of ['1', '2', '3'])
    await server.webhook('call.dtmf.received', { digit }, { id: `key-${digit}`, at: AT })
  await server.webhook('call.hold', {}, { id: 'hold', at: AT })
  await vi.waitFor(() => expect(frames()).toHaveLength(4))
  close()
  return frames()
}

describe('the trace of an event on the server', () => {
  // First, because the SDK stays registered for the tests after it.
  it('sends the same bytes with tracing off, with an unsampled span and with a span that is only recorded', async () => {
    const off = await framesOnTheWire()
    registerSdk()
    sampler = new AlwaysOffSampler()
    expect(await framesOnTheWire()).toEqual(off)
    sampler = { shouldSample: () => ({ decision: SamplingDecision.RECORD }), toString: () => 'record only' }
    expect(await framesOnTheWire()).toEqual(off)
    sampler = new AlwaysOnSampler()
    const traced = await framesOnTheWire()
    const added = /,\{"traceparent":"00-[0-9a-f]{32}-[0-9a-f]{16}-01"\}\]$/
    for (const frame of traced) expect(frame).toMatch(added)
    expect(traced.map((frame) => frame.replace(added, ']'))).toEqual(off)
  })

  it('has one trace with the spans webhook, verify, append and relay, and sends the relay span to the client', async () => {
    registerSdk()
    await using server = await testServer()
    await server.webhook('call.answered')
    const client = await server.connect()
    const { frames } = await watch(client)
    const traces: unknown[] = []
    client.on('call:event', (_, frameTrace) => traces.push(frameTrace))
    const before = spans().length
    await server.webhook('call.dtmf.received', { digit: '7', from: '+15550001111' })
    await vi.waitFor(() => expect(frames).toHaveLength(1))
    const made = spans().slice(before)
    expect(made.map(({ name }) => name).sort()).toEqual([
      'callgather.append',
      'callgather.relay',
      'callgather.verify',
      'callgather.webhook',
    ])
    expect(new Set(made.map((span) => span.spanContext().traceId)).size).toBe(1)
    const webhook = only(made, 'callgather.webhook')
    const verify = only(made, 'callgather.verify')
    const append = only(made, 'callgather.append')
    const relay = only(made, 'callgather.relay')
    expect([parentOf(webhook), parentOf(verify), parentOf(append), parentOf(relay)]).toEqual([
      undefined,
      idOf(webhook),
      idOf(webhook),
      idOf(append),
    ])
    expect(Object.fromEntries(made.map(({ name, attributes }) => [name, attributes]))).toEqual({
      'callgather.webhook': { 'callgather.event_type': 'call.dtmf.received', 'callgather.outcome': 'appended' },
      'callgather.verify': { 'callgather.outcome': 'verified' },
      'callgather.append': { 'callgather.events': 1, 'callgather.outcome': 'appended' },
      'callgather.relay': { 'callgather.event_type': 'call.dtmf.received', 'callgather.events': 1 },
    })
    expect(traces).toEqual([{ traceparent: `00-${relay.spanContext().traceId}-${idOf(relay)}-01` }])
  })

  it('continues on the server that relays the event when another server received the webhook', async () => {
    registerSdk()
    const store = { ...memoryStore(), isShared: true }
    await using receiver = await testServer({ store })
    await using relaying = await testServer({
      store,
      telnyx: { apiKey: 'KEY-test', publicKey: receiver.signer.publicKey },
    })
    await receiver.webhook('call.answered')
    const { frames } = await watch(await relaying.connect())
    const before = spans().length
    await receiver.webhook('call.dtmf.received', { digit: '7' })
    await vi.waitFor(() => expect(frames).toHaveLength(1))
    const made = spans().slice(before)
    expect(parentOf(only(made, 'callgather.relay'))).toBe(idOf(only(made, 'callgather.append')))
  })

  it('stores and relays an event when the host’s span processor throws', async () => {
    registerSdk()
    hostProcessor = () => {
      throw new Error('the exporter is broken')
    }
    const error = vi.fn<DiagLogger['error']>()
    diag.setLogger({ error, warn: () => {}, info: () => {}, debug: () => {}, verbose: () => {} })
    await using server = await testServer()
    expect((await server.webhook('call.answered')).status).toBe(200)
    const { frames } = await watch(await server.connect())
    expect((await server.webhook('call.dtmf.received', { digit: '7' })).status).toBe(200)
    await vi.waitFor(() => expect(frames).toHaveLength(1))
    expect(error).toHaveBeenCalled()
  })

  it('names the fault of an unverified webhook, and starts no span for a request without a signature', async () => {
    registerSdk()
    await using server = await testServer()
    const { headers } = server.signer.sign({ data: 'one' })
    await server.post({ headers, body: Buffer.from('{"data":"other"}') })
    await server.post({ headers: {}, body: Buffer.from('{}') })
    expect(spans().map(({ name, attributes }) => [name, attributes])).toEqual([
      ['callgather.verify', { 'callgather.outcome': 'mismatch' }],
      ['callgather.webhook', { 'callgather.outcome': 'unverified' }],
    ])
  })
})
