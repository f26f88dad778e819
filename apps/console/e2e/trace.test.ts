/** One trace of a key press, from the simulator's webhook through a real server to the paint in Chromium. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createGatherServer } from '@callgather/server'
import { memoryStore } from '@callgather/server/memory'
import { createSimulator } from '@callgather/simulator'
import { browserArgs, findBrowser } from '@callgather/test-kit/browser'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import { build } from 'esbuild'
import { chromium } from 'playwright'
import { expect, it, onTestFinished, vi } from 'vitest'
import type { PageSpan } from './traced/page.tsx'

const CALLER = '+15550137137'
const KEY = '7'
const CLOCK_AHEAD_MS = 3_600_000

interface TraceSpan extends PageSpan {
  readonly id?: string
}

const ms = ([seconds, nanoseconds]: readonly [number, number]) => seconds * 1000 + nanoseconds / 1e6

async function listen(listener?: RequestListener) {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./traced/page.tsx', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    conditions: ['callgather:source', 'module', 'browser'],
    define: { 'process.env.NODE_ENV': '"production"' },
    jsx: 'automatic',
  })
  return outputFiles[0]?.text ?? ''
}

it('a key press has one trace from the webhook to the paint, in the time of the server', async () => {
  const exporter = new InMemorySpanExporter()
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  provider.register()
  const simulator = await createSimulator()
  onTestFinished(() => simulator.close())
  const script = await bundlePage()
  const host = await listen((request, response) => {
    const isScript = request.url === '/page.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : '<!doctype html><title>Call</title><script type="module" src="/page.js"></script>')
  })
  const gather = createGatherServer({
    telnyx: { apiKey: 'KEY', publicKey: simulator.publicKey, baseUrl: simulator.url },
    store: memoryStore(),
    tickets: { secret: 'a secret for the end-to-end tests, long enough' },
    allowedOrigins: [host.url],
    reconcile: false,
  })
  onTestFinished(() => gather.close())
  const { server, url } = await listen()
  gather.attach(server)
  simulator.setWebhookUrl(`${url}/callgather/webhooks`)

  const caller = await simulator.phone.dial({ from: CALLER })
  await fetch(`${simulator.url}/calls/${encodeURIComponent(caller.id)}/actions/answer`, {
    method: 'POST',
    headers: { authorization: 'Bearer KEY', 'content-type': 'application/json' },
    body: '{}',
  })
  await caller.waitFor('call.answered')

  const executablePath = findBrowser()
  const browser = await chromium.launch({ args: browserArgs, ...(executablePath ? { executablePath } : {}) })
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  await page.addInitScript((aheadMs) => {
    const now = Date.now.bind(Date)
    Date.now = () => now() + aheadMs
  }, CLOCK_AHEAD_MS)
  const ticket = await gather.issueTicket({ subject: 'agent', calls: '*', scopes: ['view'] })
  await page.goto(`${host.url}/#${new URLSearchParams({ server: url, ticket, call: caller.id })}`)
  await page.locator('[data-sync=live]').waitFor()

  exporter.reset()
  await caller.press(KEY)
  const readPage = () => page.evaluate(() => window.readSpans())
  await vi.waitFor(
    async () => expect((await readPage()).spans.map(({ name }) => name)).toContain('callgather.render'),
    {
      timeout: 15_000,
    },
  )
  // The page may paint before the server has ended the span of the webhook.
  await vi.waitFor(() => expect(exporter.getFinishedSpans().map(({ name }) => name)).toContain('callgather.webhook'))
  const fromPage = await readPage()
  const fromServer = exporter.getFinishedSpans().map(
    (span): TraceSpan => ({
      name: span.name,
      id: span.spanContext().spanId,
      traceId: span.spanContext().traceId,
      parentId: span.parentSpanContext?.spanId,
      attributes: span.attributes,
      start: span.startTime,
      end: span.endTime,
    }),
  )
  const painted = fromPage.spans.find(({ name }) => name === 'callgather.render')
  const spans = [...fromServer, ...fromPage.spans].filter(({ traceId }) => traceId === painted?.traceId)
  const of = (name: string): TraceSpan => {
    const span = spans.find((each) => each.name === `callgather.${name}`)
    if (!span) throw new Error(`The trace has no span ${name}.`)
    return span
  }
  const [webhook, verify, append, relay, apply, render] = [
    ...[of('webhook'), of('verify'), of('append'), of('relay'), of('apply'), of('render')],
  ] as [TraceSpan, TraceSpan, TraceSpan, TraceSpan, TraceSpan, TraceSpan]
  expect(spans).toHaveLength(6)

  expect(webhook.parentId).toBeUndefined()
  expect([verify.parentId, append.parentId]).toEqual([webhook.id, webhook.id])
  expect(relay.parentId).toBe(append.id)
  expect([apply.parentId, render.parentId]).toEqual([relay.id, relay.id])

  const eventType = { 'callgather.event_type': 'call.dtmf.received' }
  expect(webhook.attributes).toEqual({ ...eventType, 'callgather.outcome': 'appended' })
  expect(verify.attributes).toEqual({ 'callgather.outcome': 'verified' })
  expect(append.attributes).toEqual({ 'callgather.events': 1, 'callgather.outcome': 'appended' })
  for (const span of [relay, apply, render]) expect(span.attributes).toEqual({ ...eventType, 'callgather.events': 1 })

  // A span starts at a whole millisecond of `Date` and lasts for a time from a finer clock.
  const isNotAfter = (earlier: readonly [number, number], later: readonly [number, number], toleranceMs = 1) =>
    expect(ms(earlier)).toBeLessThanOrEqual(ms(later) + toleranceMs)
  isNotAfter(webhook.start, verify.start)
  isNotAfter(verify.end, append.start)
  isNotAfter(append.start, relay.start)
  // The page's clock is an hour ahead. Its estimate of the server's time is right within half of a round trip.
  const toleranceMs = (fromPage.latencyMs ?? 0) / 2 + 2
  isNotAfter(relay.start, apply.start, toleranceMs)
  isNotAfter(apply.start, apply.end)
  expect(apply.end).toEqual(render.start)
  expect(ms(render.start)).toBeLessThan(ms(render.end))
  expect(ms(render.end) - ms(webhook.start)).toBeLessThan(10_000)
  const since = (time: readonly [number, number]) => Math.round((ms(time) - ms(webhook.start)) * 10) / 10
  if (process.env.SHOW_TRACE)
    console.log(toleranceMs, spans.map(({ name, start, end }) => `${name} ${since(start)} ${since(end)}`).join('\n'))
})
