/** What an operator watches, for Prometheus (text format 0.0.4). No label holds a call, a subject or a number. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What is measured when it is asked for. */
export interface Gauges {
  sockets(): number
  calls(): number
  isBreakerOpen(): boolean
  isStoreUp(): boolean
  /** Log lines that were dropped so far. */
  droppedLogLines(): number
  /** Telnyx's public keys that count now. */
  publicKeys(): number
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 45]

/** The metrics of one server. */
export type Metrics = ReturnType<typeof createMetrics>

/** Makes the metrics of one server. */
export function createMetrics(gauges: Gauges) {
  const registry = new Registry()
  const registers = [registry]
  const count = <Label extends string = never>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name: `callgather_${name}_total`, help, labelNames, registers })
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
  gauge('callgather_breaker_open', '1 while commands are held back.', () => Number(gauges.isBreakerOpen()))
  gauge('callgather_store_up', '1 while the store takes appends.', () => Number(gauges.isStoreUp()))
  gauge('callgather_public_keys', 'Public keys of Telnyx that count now; at 0 every webhook is refused.', () =>
    gauges.publicKeys(),
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
    webhooks: count('webhooks', 'Webhook requests by what became of them.', 'outcome'),
    reconciled: count(
      'reconciled_events',
      'Events that had not been delivered and were fetched, by where they were found.',
      'source',
    ),
    lag: time('webhook_lag', 'From the time of an event at Telnyx to its append here.'),
    appends: time('append', 'How long an append to the store takes.'),
    relayed: count('relayed_records', 'Records relayed to rooms.'),
    unreadable: count(
      'unreadable_records',
      'Records that cannot be read, each time their call is folded. Their calls go on without them.',
    ),
    cuts: count('sockets_cut', 'Sockets closed because they did not read, by limit.', 'limit'),
    commands: time('command', 'Commands by outcome, and how long Telnyx took.', 'command', 'outcome'),
    hostFailures: count(
      'host_callback_failures',
      'Callbacks of the host application that threw, timed out or returned an invalid value.',
      'callback',
      'reason',
    ),
    abortedBodies: count('aborted_bodies', 'Requests whose connection ended in the middle of the body.'),
    refusedOrigins: count(
      'refused_origins',
      'Requests and sockets of web origins that are not in the allowed origins.',
      'transport',
    ),
  }
}
