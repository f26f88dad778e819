/** Spans through OpenTelemetry's API: where the host has an SDK they are real, else they cost next to nothing. */
import { type Attributes, SpanStatusCode, trace } from '@opentelemetry/api'

const tracer = trace.getTracer('@callgather/server')

/**
 * Runs work in a span. Attributes name kinds and outcomes, never content: no digits, no text, no numbers of callers.
 *
 * @param outcomeOf What is noted of the result.
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
      // An error's message may quote what was sent; its name cannot.
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'unknown' })
      throw error
    } finally {
      span.end()
    }
  })
}
