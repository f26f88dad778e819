/** A page that shows a call and traces it, as a host with OpenTelemetry does. */
import { createGatherClient, DtmfPad, GatherProvider, useCall } from '@callgather/react'
import { traceKeyPresses } from '@callgather/react/tracing'
import { ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createRoot } from 'react-dom/client'

/** A finished span, as the test reads it from the page. */
export interface PageSpan {
  readonly name: string
  readonly traceId: string
  readonly parentId: string | undefined
  readonly attributes: Readonly<Record<string, unknown>>
  readonly start: readonly [number, number]
  readonly end: readonly [number, number]
}

declare global {
  interface Window {
    readSpans(): { spans: readonly PageSpan[]; latencyMs: number | null }
  }
}

const parameters = new URLSearchParams(location.hash.slice(1))
const read = (name: string) => parameters.get(name) ?? ''

const client = createGatherClient({ url: read('server'), getTicket: () => read('ticket') })
const queryClient = new QueryClient()
const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })

traceKeyPresses(client, queryClient, {
  tracer: provider.getTracer('page'),
  contextOf: (parent) => trace.setSpanContext(ROOT_CONTEXT, parent),
})

window.readSpans = () => ({
  latencyMs: client.connection.getSnapshot().latencyMs,
  spans: exporter.getFinishedSpans().map((span) => ({
    name: span.name,
    traceId: span.spanContext().traceId,
    parentId: span.parentSpanContext?.spanId,
    attributes: span.attributes,
    start: span.startTime,
    end: span.endTime,
  })),
})

function Page() {
  const sync = useCall(read('call'), (feed) => feed.sync)
  return (
    <main data-sync={sync}>
      <DtmfPad callId={read('call')} />
    </main>
  )
}

createRoot(document.body.appendChild(document.createElement('div'))).render(
  <QueryClientProvider client={queryClient}>
    <GatherProvider client={client}>
      <Page />
    </GatherProvider>
  </QueryClientProvider>,
)
