/** Prometheus metrics (text format 0.0.4). Labels never contain call ids, subjects or phone numbers. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Functions that are read at each scrape of the metrics. */
export interface Gauges {
  sockets(): number
  calls(): number
  isBreakerOpen(): boolean
  isStoreUp(): boolean
  /** Returns the number of dropped log lines. */
  droppedLogLines(): number
  /** Returns the number of currently valid public keys of Telnyx. */
  publicKeys(): number
  /** Returns how long the oldest undelivered record has been due, in seconds. */
  recordAgeSeconds(): number
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 45]

/** The metrics of one server. */
export type Metrics = ReturnType<typeof createMetrics>

/** Creates the metrics of one server. */
export function createMetrics(gauges: Gauges) {
  const registry = new Registry()
  const registers = [registry]
  // Each series starts at 0: Prometheus sees no increase in a series that begins with its first event.
  const count = <Label extends string = never>(
    name: string,
    help: string,
    labels = {} as Readonly<Record<Label, readonly string[]>>,
  ) => {
    const labelNames = Object.keys(labels) as Label[]
    const counter = new Counter({ name: `callgather_${name}_total`, help, labelNames, registers })
    for (const values of combinations(labels)) counter.inc(values, 0)
    return counter
  }
  const time = <Label extends string = never>(name: string, help: string, ...labelNames: Label[]) =>
    new Histogram({ name: `callgather_${name}_seconds`, help, labelNames, registers, buckets: seconds })
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  gauge('callgather_sockets', 'Connected sockets.', () => gauges.sockets())
  gauge('callgather_cached_calls', 'Calls folded in memory.', () => gauges.calls())
  gauge('callgather_breaker_open', '1 while the circuit breaker refuses commands.', () =>
    Number(gauges.isBreakerOpen()),
  )
  gauge('callgather_store_up', '1 while the store accepts appends.', () => Number(gauges.isStoreUp()))
  gauge('callgather_public_keys', 'Currently valid public keys of Telnyx; at 0 every webhook is refused.', () =>
    gauges.publicKeys(),
  )
  gauge('callgather_oldest_record_seconds', 'How long the oldest undelivered record of a call has been due.', () =>
    gauges.recordAgeSeconds(),
  )
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss())
  new Counter({
    name: 'callgather_log_lines_dropped_total',
    help: 'Log lines dropped because their reader is too slow.',
    registers,
    collect() {
      this.reset()
      this.inc(gauges.droppedLogLines())
    },
  })
  return {
    registry,
    webhooks: count('webhooks', 'Webhook requests by outcome.', {
      outcome: [
        ...['appended', 'duplicate', 'conflict', 'foreign', 'hidden', 'erased'],
        ...['unverified', 'unreadable', 'unavailable'],
      ],
    }),
    reconciled: count('reconciled_events', 'Missed events that reconciliation fetched, by source.', {
      source: ['webhook_deliveries', 'call_events'],
    }),
    lag: time('webhook_lag', 'Time from an event at Telnyx to its append.'),
    appends: time('append', 'Duration of an append to the store.'),
    relayed: count('relayed_records', 'Records relayed to rooms.'),
    unreadable: count('unreadable_records', 'Unreadable records, counted each time their call is folded.'),
    cuts: count('sockets_cut', 'Sockets closed because their client read too slowly, by limit.', {
      limit: ['bytes', 'messages', 'age'],
    }),
    commands: time('command', 'Duration of commands at Telnyx, by command and outcome.', 'command', 'outcome'),
    hostFailures: count(
      'host_callback_failures',
      'Callbacks of the host application that threw, timed out or returned an invalid value.',
      {
        callback: ['authenticate', 'authorize', 'mask', 'onSensitive', 'handler', 'auditSink', 'logger'],
        reason: ['failed', 'timeout', 'invalid'],
      },
    ),
    wrapUps: count('wrap_ups', 'Calls that an agent wrapped up.'),
    records: count('records', 'Deliveries of call records: delivered and dead_lettered records, and failed attempts.', {
      outcome: ['delivered', 'failed', 'dead_lettered'],
    }),
    abortedBodies: count('aborted_bodies', 'Requests with an incomplete body.'),
    refusedOrigins: count('refused_origins', 'Requests and sockets refused because their web origin is not allowed.', {
      transport: ['http', 'socket'],
    }),
  }
}

/** Returns every combination of the values of labels. */
function combinations<Label extends string>(
  labels: Readonly<Record<Label, readonly string[]>>,
): Partial<Record<Label, string>>[] {
  return Object.entries<readonly string[]>(labels).reduce<Partial<Record<Label, string>>[]>(
    (all, [label, values]) => all.flatMap((known) => values.map((value) => ({ ...known, [label]: value }))),
    [{}],
  )
}
