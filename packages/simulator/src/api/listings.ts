/** `GET /v2/call_events` and `GET /v2/webhook_deliveries`, with filters and pages. */
import type { Exchange } from '../call/exchange.ts'
import type { Courier } from '../delivery/courier.ts'
import type { Delivery } from '../delivery/delivery.ts'

const DAY_MS = 86_400_000
const DEFAULT_PAGE_SIZE = 20
const MAX_PAGE_SIZE = 250

export function callEvents({ callEvents: history, clock }: Exchange, query: URLSearchParams) {
  const isLeg = equalsFilter(query, 'filter[leg_id]')
  const isSession = equalsFilter(query, 'filter[application_session_id]')
  const isType = equalsFilter(query, 'filter[type]')
  const isName = equalsFilter(query, 'filter[name]')
  const isInTime = isWithinFilter(query, 'occurred_at')
  // Without a leg or session filter, Telnyx lists only the last day.
  const isUnfiltered = !query.has('filter[leg_id]') && !query.has('filter[application_session_id]')
  const oldest = isUnfiltered ? clock.now() - DAY_MS : Number.NEGATIVE_INFINITY
  const rows = history
    .list()
    .filter(({ call_leg_id, call_session_id }) => isLeg(call_leg_id) && isSession(call_session_id))
    .filter(({ type, name }) => isType(type) && isName(name))
    .filter(({ event_timestamp: time }) => Date.parse(time) >= oldest && isInTime(time))
  return pageOf(rows, query)
}

export function webhookDeliveries(courier: Courier, query: URLSearchParams) {
  const isStatus = equalsFilter(query, 'filter[status][eq]')
  const types = query.get('filter[event_type]')?.split(',')
  const contents = query.get('filter[webhook][contains]')
  const isStarted = isWithinFilter(query, 'started_at')
  const isFinished = isWithinFilter(query, 'finished_at')
  const rows = courier
    .deliveries()
    // Telnyx lists finished deliveries only, and has no status for pending deliveries.
    .filter(({ status }) => status !== 'pending' && isStatus(status))
    .filter(({ event }) => types?.includes(event.event_type) ?? true)
    .filter(({ started_at, finished_at }) => isStarted(started_at) && isFinished(finished_at))
    .filter(({ event }) => contents === null || JSON.stringify(event).includes(contents))
    .reverse()
  const { data, meta } = pageOf(rows, query)
  return { data: data.map(asTelnyxDelivery), meta }
}

export const asTelnyxDelivery = ({ id, status, started_at, finished_at, event, attempts }: Delivery) => ({
  id,
  user_id: '00000000-0000-4000-8000-000000000000',
  record_type: 'webhook_delivery',
  status,
  webhook: event,
  started_at,
  finished_at,
  attempts: attempts
    .filter((attempt) => attempt.status !== 'pending')
    .map(({ url, request, response, ...attempt }) => ({
      status: attempt.status,
      started_at: attempt.started_at,
      finished_at: attempt.finished_at,
      http: {
        request: { url, headers: Object.entries(request.headers) },
        ...(response ? { response: { ...response, headers: Object.entries(response.headers) } } : {}),
      },
      // Telnyx does not document its delivery error codes. The simulator sends 75 when there was no response.
      errors: attempt.status === 'failed' && !response ? [75] : [],
    })),
})

/** Telnyx's page parameters `page[number]` and `page[size]`, and its `meta`. */
export function pageOf<Row>(rows: readonly Row[], query: URLSearchParams) {
  const page_size = parseBounded(query.get('page[size]'), DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
  const page_number = parseBounded(query.get('page[number]'), 1, Number.MAX_SAFE_INTEGER)
  const start = (page_number - 1) * page_size
  return {
    data: rows.slice(start, start + page_size),
    meta: { page_number, page_size, total_pages: Math.ceil(rows.length / page_size), total_results: rows.length },
  }
}

function parseBounded(text: string | null, fallback: number, max: number): number {
  const value = text !== null && /^\d+$/.test(text) ? Number(text) : fallback
  return Math.min(Math.max(1, value), max)
}

export function equalsFilter(query: URLSearchParams, name: string): (value: string) => boolean {
  const wanted = query.get(name)
  return (value) => wanted === null || value === wanted
}

const comparisons: Readonly<Record<string, (moment: number, bound: number) => boolean>> = {
  eq: (moment, bound) => moment === bound,
  gt: (moment, bound) => moment > bound,
  gte: (moment, bound) => moment >= bound,
  lt: (moment, bound) => moment < bound,
  lte: (moment, bound) => moment <= bound,
}

/** Filters a time field by `filter[FIELD][gte]` and the other comparisons. */
export function isWithinFilter(query: URLSearchParams, field: string): (time: string | null) => boolean {
  const bounds = Object.entries(comparisons).flatMap(([name, holds]) => {
    const text = query.get(`filter[${field}][${name}]`)
    return text === null ? [] : [{ holds, bound: Date.parse(text) }]
  })
  return (time) => bounds.every(({ holds, bound }) => time !== null && holds(Date.parse(time), bound))
}
