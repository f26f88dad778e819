/**
 * Creates spans with OpenTelemetry's API. Without an OpenTelemetry SDK in the host, the spans are no-ops. Attributes name
 * kinds and outcomes, never digits, text, phone numbers or call ids.
 */
import {
  type Attributes,
  type Context,
  context,
  diag,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'

const tracer = trace.getTracer('@callgather/server')

/**
 * Runs work in a span.
 *
 * @param outcomeOf Returns the outcome attribute for a result.
 */
export function withSpan<T>(
  name: string,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
  outcomeOf: (result: T) => string,
): Promise<T> {
  const span = startSpan(name, attributes, context.active())
  // Without a tracer in the host, a span is invalid: nothing reads it, and work need not carry it.
  return isSpanContextValid(span.spanContext()) ? inSpan(span, work, outcomeOf) : work(span)
}

async function inSpan<T>(span: Span, work: (span: Span) => Promise<T>, outcomeOf: (result: T) => string): Promise<T> {
  try {
    const result = await context.with(trace.setSpan(context.active(), span), () => work(span))
    span.setAttribute('callgather.outcome', outcomeOf(result))
    return result
  } catch (error) {
    // An error's message may quote input; its name does not.
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'unknown' })
    throw error
  } finally {
    endSpan(span)
  }
}

/** Returns the trace context of a span as a W3C `traceparent`; `undefined` unless the span is recorded and sampled. */
export function traceparentOf(span: Span): string | undefined {
  const { traceId, spanId, traceFlags } = span.spanContext()
  if (!span.isRecording() || (traceFlags & TraceFlags.SAMPLED) === 0) return undefined
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/**
 * Runs work in a span that continues the trace of another span, which may have run in another process.
 *
 * @param traceparent The W3C trace context of the parent. An unreadable one starts a new trace.
 * @param work Receives the `traceparent` of the new span; `undefined` unless that span is recorded and sampled.
 */
export function withRemoteParent(
  name: string,
  attributes: Attributes,
  traceparent: string,
  work: (traceparent: string | undefined) => void,
): void {
  const [, traceId = '', spanId = '', flags = '0'] = TRACEPARENT.exec(traceparent) ?? []
  const remote = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
  const span = startSpan(name, attributes, trace.setSpanContext(ROOT_CONTEXT, remote))
  try {
    work(traceparentOf(span))
  } finally {
    endSpan(span)
  }
}

// A sampler or span processor of the host may throw. It must not fail a webhook that is stored.
function startSpan(name: string, attributes: Attributes, parent: Context): Span {
  try {
    return tracer.startSpan(name, { attributes }, parent)
  } catch (error) {
    diag.error('CallGather: the tracer failed to start a span.', error)
    return trace.wrapSpanContext(INVALID_SPAN_CONTEXT)
  }
}

function endSpan(span: Span): void {
  try {
    span.end()
  } catch (error) {
    diag.error('CallGather: the tracer failed to end a span.', error)
  }
}
