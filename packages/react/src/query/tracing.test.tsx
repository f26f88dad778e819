import { pinEntry } from '@callgather/protocol/scenarios'
import { ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { GatherClientError } from '../client/client-error.ts'
import { createClientWith } from '../client/gather-client.ts'
import type { Link, LinkEvents } from '../client/transport.ts'
import { GatherProvider } from '../hooks/provider.tsx'
import { useCall } from '../hooks/use-call.ts'
import { actAndSettle } from '../testing/render-hook.tsx'
import { ScenarioServer } from '../testing/scenario-server.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { type SpanStarter, traceKeyPresses } from './tracing.ts'

const { callId } = pinEntry
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const SPAN_ID = 'b7ad6b7169203331'
const SAMPLED = `00-${TRACE_ID}-${SPAN_ID}-01`
const EPOCH_MS = Date.parse('2030-01-01T00:00:00Z')

function Digits() {
  const digits = useCall(callId, ({ state }) => [...state.keys].map(({ digit }) => digit).join(''))
  return <output>{digits}</output>
}

type Tracer = SpanStarter<typeof ROOT_CONTEXT>

/** Shows a call whose frames carry a trace context, on a page that traces them. */
async function setUp({ tracer, clientAheadMs = 0 }: { tracer?: Tracer; clientAheadMs?: number } = {}) {
  const clock = new VirtualClock(EPOCH_MS)
  const server = new ScenarioServer(clock)
  server.addCall(callId, ['view'])
  let traceparent: string | undefined = SAMPLED
  const open = (auth: Parameters<ScenarioServer['open']>[0], events: LinkEvents): Link =>
    server.open(auth, {
      open: () => events.open(),
      close: (error) => events.close(error),
      callHead: (frame) => events.callHead(frame),
      callsEvent: (frame) => events.callsEvent(frame),
      callEvent: (frame) => events.callEvent(traceparent === undefined ? frame : { ...frame, trace: { traceparent } }),
    })
  const errors: GatherClientError[] = []
  const client = createClientWith({
    transport: { open },
    clock: { now: () => clock.now() + clientAheadMs, setTimeout: (run, delayMs) => clock.setTimeout(run, delayMs) },
    getTicket: () => 'ticket',
    onError: (error) => errors.push(error),
    base: 'http://server.invalid',
    fetch: () => new Promise(() => {}),
    onWake: () => () => {},
  })
  const cache = new QueryClient()
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const stop = traceKeyPresses(client, cache, {
    tracer: tracer ?? provider.getTracer('page'),
    contextOf: (parent) => trace.setSpanContext(ROOT_CONTEXT, parent),
  })
  render(
    <QueryClientProvider client={cache}>
      <GatherProvider client={client}>
        <Digits />
      </GatherProvider>
    </QueryClientProvider>,
  )
  await actAndSettle(() => clock.advanceTo(clock.now() + 100))
  let pressed = 0
  return {
    ...{ client, cache, errors, exporter, stop, server },
    setTraceparent: (value: string | undefined) => {
      traceparent = value
    },
    press: async (digit: string) => {
      await actAndSettle(() => {
        const occurredAt = `2030-01-01T00:00:0${++pressed}.000000Z`
        const event = { event_type: 'call.dtmf.received', occurred_at: occurredAt, payload: { digit } } as const
        server.append(callId, { id: `key-${pressed}`, ...event })
      })
    },
    spans: () => exporter.getFinishedSpans(),
    names: () => exporter.getFinishedSpans().map(({ name }) => name),
  }
}

const digits = (text: string) => vi.waitFor(() => expect(screen.getByRole('status')).toHaveTextContent(text))
const ms = ([seconds, nanoseconds]: readonly [number, number]) => seconds * 1000 + nanoseconds / 1e6

afterEach(() => vi.restoreAllMocks())

describe('traceKeyPresses', () => {
  it('creates an apply and a render span under the server span for a traced key press', async () => {
    const page = await setUp()
    await page.press('7')
    await digits('7')
    await vi.waitFor(() => expect(page.names()).toEqual(['callgather.apply', 'callgather.render']))
    for (const span of page.spans()) {
      expect(span.spanContext().traceId).toBe(TRACE_ID)
      expect(span.parentSpanContext).toMatchObject({ spanId: SPAN_ID, isRemote: true })
      expect(span.attributes).toEqual({ 'callgather.event_type': 'call.dtmf.received', 'callgather.events': 1 })
    }
    const [apply, painted] = page.spans()
    expect(apply?.endTime).toEqual(painted?.startTime)
  })

  it('corrects the times of the spans when the clock of the page is an hour ahead', async () => {
    const page = await setUp({ clientAheadMs: 3_600_000 })
    await page.press('7')
    await vi.waitFor(() => expect(page.names()).toEqual(['callgather.apply', 'callgather.render']))
    for (const { startTime, endTime } of page.spans()) {
      expect(Math.abs(ms(startTime) - EPOCH_MS)).toBeLessThan(60_000)
      expect(ms(endTime)).toBeGreaterThanOrEqual(ms(startTime))
    }
  })

  it('creates no span for frames without a sampled and readable trace context', async () => {
    const page = await setUp()
    for (const traceparent of [undefined, `00-${TRACE_ID}-${SPAN_ID}-00`, 'nonsense', `01-${SAMPLED}`]) {
      page.setTraceparent(traceparent)
      await page.press('7')
    }
    page.setTraceparent(SAMPLED)
    await page.press('8')
    await digits('77778')
    await vi.waitFor(() => expect(page.names()).toEqual(['callgather.apply', 'callgather.render']))
  })

  it('creates no render span while the page is hidden', async () => {
    const page = await setUp()
    const visibility = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden')
    await page.press('7')
    await digits('7')
    expect(page.names()).toEqual(['callgather.apply'])
    visibility.mockReturnValue('visible')
    await page.press('8')
    await vi.waitFor(() => expect(page.names()).toEqual(['callgather.apply', 'callgather.apply', 'callgather.render']))
  })

  it('drops a render span when the page is hidden before the paint', async () => {
    const page = await setUp()
    const frames: FrameRequestCallback[] = []
    vi.spyOn(globalThis, 'requestAnimationFrame').mockImplementation((run) => frames.push(run))
    await page.press('7')
    await vi.waitFor(() => expect(frames).toHaveLength(1))
    const visibility = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden')
    document.dispatchEvent(new Event('visibilitychange'))
    visibility.mockReturnValue('visible')
    await page.press('8')
    await digits('78')
    for (const run of frames.splice(0)) run(0)
    await vi.waitFor(() => expect(page.names().at(-1)).toBe('callgather.render'))
    expect(page.names()).toEqual(['callgather.apply', 'callgather.apply', 'callgather.render'])
  })

  it('keeps at most 100 frames for a page that never paints', async () => {
    const page = await setUp()
    const frames: FrameRequestCallback[] = []
    vi.spyOn(globalThis, 'requestAnimationFrame').mockImplementation((run) => frames.push(run))
    await actAndSettle(() => {
      for (let nth = 0; nth < 150; nth++) {
        const event = { event_type: 'call.dtmf.received', occurred_at: '2030-01-01T00:00:01.000000Z' } as const
        page.server.append(callId, { id: `many-${nth}`, ...event, payload: { digit: '1' } })
      }
    })
    await digits('1'.repeat(150))
    expect(frames).toHaveLength(1)
    for (const run of frames.splice(0)) run(0)
    await vi.waitFor(() => expect(page.names()).toContain('callgather.render'))
    const count = (name: string) => page.names().filter((each) => each === name).length
    expect(count('callgather.render')).toBeLessThanOrEqual(100)
  })

  it('the page shows a key and reports the error when the tracer of the host throws', async () => {
    const failing: Tracer = {
      startSpan: () => {
        throw new Error('the exporter is broken')
      },
    }
    const page = await setUp({ tracer: failing })
    await page.press('7')
    await digits('7')
    expect(page.errors.map(({ code, message }) => [code, message])).toEqual([
      ['callbackFailed', '`tracer` threw. Catch errors inside it.'],
    ])
  })

  it('creates no span after it was stopped', async () => {
    const page = await setUp()
    page.stop()
    await page.press('7')
    await digits('7')
    expect(page.names()).toEqual([])
  })
})
