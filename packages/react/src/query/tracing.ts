/**
 * Traces events from the server's webhook to the browser's paint, with the host's OpenTelemetry.
 *
 * The server sends the trace context of sampled events with their frames. Each such frame gets two spans under the
 * server's span `callgather.relay`. A span is created when it is over, so no span stays open.
 */
import type { CallEventFrame } from '@callgather/protocol'
import { notifyManager, type QueryClient } from '@tanstack/react-query'
import type { AgentSession } from '../client/agent-session.ts'
import { clientEvents, runHostCallback } from '../client/client-events.ts'
import type { Clock } from '../client/clock.ts'
import type { CallFeed } from '../client/feed.ts'
import { unwrapOwnFeed } from './cached-feed.ts'
import { gatherKeys } from './keys.ts'

export type { AgentSession, FeedCache } from '../client/agent-session.ts'
export type { Clock } from '../client/clock.ts'

/** The part of a `GatherClient` that `traceKeyPresses` uses. */
export interface TracedClient {
  readonly session: AgentSession
  readonly clock: Clock
}

/** A time as OpenTelemetry's `HrTime`: seconds since the Unix epoch, and nanoseconds. */
export type TraceTime = [seconds: number, nanoseconds: number]

/** The server's span, like OpenTelemetry's `SpanContext`. */
export interface TraceParent {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
  readonly isRemote: boolean
}

/** The part of OpenTelemetry's `Tracer` that `traceKeyPresses` calls. */
export interface SpanStarter<Context> {
  startSpan(
    name: string,
    options: { startTime: TraceTime; attributes: Record<string, string | number | boolean> },
    context: Context,
  ): { end(endTime: TraceTime): void }
}

/** Options of `traceKeyPresses`. */
export interface TraceOptions<Context> {
  /** Creates the spans: `trace.getTracer(…)` of `@opentelemetry/api`. */
  readonly tracer: SpanStarter<Context>
  /** Returns the context of the server's span: `(parent) => trace.setSpanContext(ROOT_CONTEXT, parent)`. */
  readonly contextOf: (parent: TraceParent) => Context
}

/** A frame that is not yet in the cache, or not yet painted. */
interface TracedFrame {
  readonly callId: string
  readonly epoch: string
  /** The sequence number of the frame's last event. */
  readonly seq: number
  readonly parent: TraceParent
  readonly attributes: Record<string, string | number>
  /** When the frame arrived: by the server's clock, and by the page's monotonic clock. */
  readonly receivedAt: number
  readonly receivedMark: number
  writtenMark: number
  /** Whether React has rendered the frame's events. */
  isCommitted: boolean
}

/** The maximum number of frames in each state. Above it, the oldest frame loses its next span. */
const MAX_FRAMES = 100

/**
 * Traces the events of a client's calls with spans of the host's OpenTelemetry: `callgather.apply` from the receipt of
 * a frame to its write to the cache, and `callgather.render` from there to the paint. Both continue the server's trace.
 * The times are by the server's clock, as the client estimates it: within half of the fastest round trip.
 *
 * Spans name event types and counts, never digits or text. Only events that the server's host samples are traced. A
 * hidden page paints nothing, so it creates no `callgather.render`. The client's `onError` receives what the tracer throws.
 *
 * @param queryClient The cache that the hooks of the page use.
 * @returns a function that ends the tracing.
 */
export function traceKeyPresses<Context>(
  client: TracedClient,
  queryClient: QueryClient,
  options: TraceOptions<Context>,
): () => void {
  const { session, clock } = client
  const events = clientEvents.get(session)
  const received: TracedFrame[] = []
  const written: TracedFrame[] = []
  let isFrameRequested = false

  const feedOf = (callId: string) =>
    unwrapOwnFeed(session, queryClient.getQueryData<CallFeed>(gatherKeys.call(client, callId)))

  const receive = ({ call_id: callId, epoch, records, trace }: CallEventFrame) => {
    const parent = parentOf(trace?.traceparent)
    const last = records.at(-1)
    const feed = feedOf(callId)
    // A call that this cache does not show is never applied here.
    if (!parent || !last || !feed?.cursor || hasApplied(feed, epoch, last.seq)) return
    push(received, {
      ...{ callId, epoch, parent, seq: last.seq },
      attributes: { 'callgather.event_type': last.event.event_type, 'callgather.events': records.length },
      receivedAt: clock.now() + (events?.clockOffsetMs() ?? 0),
      receivedMark: performance.now(),
      writtenMark: 0,
      isCommitted: false,
    })
  }

  const record = (frame: TracedFrame, name: string, startMark: number, endMark: number) =>
    runHostCallback(session, 'tracer', () => {
      const { attributes, parent, receivedAt, receivedMark } = frame
      const timeOf = (mark: number) => toTraceTime(receivedAt + mark - receivedMark)
      const span = options.tracer.startSpan(
        name,
        { startTime: timeOf(startMark), attributes },
        options.contextOf(parent),
      )
      span.end(timeOf(endMark))
    })

  const applied = (callId: string) => {
    const feed = feedOf(callId)
    const now = performance.now()
    for (const frame of take(received, (each) => each.callId === callId && hasApplied(feed, each.epoch, each.seq))) {
      record(frame, 'callgather.apply', frame.receivedMark, now)
      frame.writtenMark = now
      if (canPaint()) push(written, frame)
    }
    if (written.length > 0) awaitCommit()
  }

  const awaitCommit = () => {
    const waiting = written.filter(({ isCommitted }) => !isCommitted)
    // TanStack Query notifies components in a scheduled task, and React renders before the next task.
    notifyManager.schedule(() => {
      for (const frame of waiting) frame.isCommitted = true
      if (isFrameRequested) return
      isFrameRequested = true
      requestAnimationFrame(() => {
        isFrameRequested = false
        const painted = take(written, ({ isCommitted }) => isCommitted)
        // The browser paints after the callbacks of the frame, so the next task follows the paint.
        setTimeout(() => {
          const now = performance.now()
          for (const frame of painted) record(frame, 'callgather.render', frame.writtenMark, now)
        })
      })
    })
  }

  const dropUnpainted = () => {
    if (!canPaint()) written.length = 0
  }

  events?.tracedFrames.add(receive)
  const stopReading = queryClient.getQueryCache().subscribe(({ type, query: { queryKey } }) => {
    const [, id, kind, callId] = queryKey
    if (id !== session.id || kind !== 'call' || typeof callId !== 'string') return
    if (type === 'removed') take(received, (each) => each.callId === callId)
    else if (type === 'updated' && received.length > 0) applied(callId)
  })
  if (typeof document !== 'undefined') document.addEventListener('visibilitychange', dropUnpainted)
  return () => {
    events?.tracedFrames.delete(receive)
    stopReading()
    if (typeof document !== 'undefined') document.removeEventListener('visibilitychange', dropUnpainted)
    received.length = 0
    written.length = 0
  }
}

const canPaint = () => typeof requestAnimationFrame === 'function' && document.visibilityState === 'visible'

const hasApplied = (feed: CallFeed | undefined, epoch: string, seq: number) =>
  feed?.cursor?.epoch === epoch && feed.cursor.seq >= seq

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** Reads the server's span; `null` if it is unreadable or not sampled. */
function parentOf(traceparent: unknown): TraceParent | null {
  const [, traceId, spanId, flags] = (typeof traceparent === 'string' && TRACEPARENT.exec(traceparent)) || []
  const traceFlags = Number.parseInt(flags ?? '0', 16)
  if (traceId === undefined || spanId === undefined || (traceFlags & 1) === 0) return null
  return { traceId, spanId, traceFlags, isRemote: true }
}

/** OpenTelemetry reads a number that is earlier than the page's start as a duration, so a time must be an `HrTime`. */
function toTraceTime(timeMs: number): TraceTime {
  const seconds = Math.floor(timeMs / 1000)
  return [seconds, Math.round((timeMs - seconds * 1000) * 1e6)]
}

function push(frames: TracedFrame[], frame: TracedFrame): void {
  frames.push(frame)
  if (frames.length > MAX_FRAMES) frames.shift()
}

/** Removes and returns the frames that match. */
function take(frames: TracedFrame[], matches: (frame: TracedFrame) => boolean): TracedFrame[] {
  const taken = frames.filter(matches)
  const left = frames.filter((frame) => !taken.includes(frame))
  frames.splice(0, frames.length, ...left)
  return taken
}
