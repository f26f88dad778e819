/** Creates spans with OpenTelemetry's API. Without an OpenTelemetry SDK in the host, the spans are no-ops. */
import { type Attributes, SpanStatusCode, trace } from '@opentelemetry/api'

const tracer = trace.getTracer('@callgather/server')

/**
 * Runs work in a span. Attributes name kinds and outcomes, never digits, text or phone numbers.
 *
 * @param outcomeOf Returns the outcome attribute for a result.
 */
export function withSpan<T>(
  name: string,
  attributes: Attributes,
  work: () => Promise<T>,
  outcomeOf: (result: T) => string,
): Promise<T> {
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      const result = await work()
      span.setAttribute('callgather.outcome', outcomeOf(result))
      return result
    } catch (error) {
      // An error's message may quote input; its name does not.
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'unknown' })
      throw error
    } finally {
      span.end()
    }
  })
}
