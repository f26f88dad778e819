/** What an operator watches, for Prometheus (text format 0.0.4). No label holds a call, a subject or a number. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What is counted. */
export interface Metrics {
  readonly registry: Registry
  webhook(outcome: string): void
  /** An event that had not been delivered was fetched, from where. */
  reconciled(source: string): void
  /** From Telnyx's `occurred_at` to our append, in seconds. */
  lag(seconds: number): void
  appendTook(seconds: number): void
  relayed(records: number): void
  /** A record of a call cannot be read. */
  unreadableRecord(): void
  cut(why: string): void
  command(command: string, outcome: string, seconds: number): void
  /** A callback of the host application failed. */
  hostCallbackFailed(callback: string, reason: string): void
  /** A sender gave up, or was given up, in the middle of its body. */
  bodyAborted(): void
  /** A page of an origin that is not allowed was refused, by HTTP or at the socket. */
  originRefused(transport: 'http' | 'socket'): void
}

/** What is measured when it is asked for. */
export interface Gauges {
  sockets(): number
  calls(): number
  breakerOpen(): boolean
  storeUp(): boolean
  /** Log lines that were dropped so far. */
  droppedLogLines(): number
  /** Telnyx's public keys that count now. */
  publicKeys(): number
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 45]

/** Makes the metrics of one server. */
export function metricsOf(gauges: Gauges): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const webhooks = new Counter({
    name: 'callgather_webhooks_total',
    help: 'Webhook requests by what became of them.',
    labelNames: ['outcome'],
    registers,
  })
  const reconciled = new Counter({
    name: 'callgather_reconciled_events_total',
    help: 'Events that had not been delivered and were fetched, by where they were found.',
    labelNames: ['source'],
    registers,
  })
  const lag = new Histogram({
    name: 'callgather_webhook_lag_seconds',
    help: 'From the time of an event at Telnyx to its append here.',
    buckets: seconds,
    registers,
  })
  const appends = new Histogram({
    name: 'callgather_append_seconds',
    help: 'How long an append to the store takes.',
    buckets: seconds,
    registers,
  })
  const relayed = new Counter({
    name: 'callgather_relayed_records_total',
    help: 'Records relayed to rooms.',
    registers,
  })
  const unreadable = new Counter({
    name: 'callgather_unreadable_records_total',
    help: 'Records that cannot be read, each time their call is folded. Their calls go on without them.',
    registers,
  })
  const cuts = new Counter({
    name: 'callgather_sockets_cut_total',
    help: 'Sockets closed because they did not read, by limit.',
    labelNames: ['limit'],
    registers,
  })
  const commands = new Histogram({
    name: 'callgather_command_seconds',
    help: 'Commands by outcome, and how long Telnyx took.',
    labelNames: ['command', 'outcome'],
    buckets: seconds,
    registers,
  })
  const hostFailures = new Counter({
    name: 'callgather_host_callback_failures_total',
    help: 'Callbacks of the host application that threw, timed out or returned an invalid value.',
    labelNames: ['callback', 'reason'],
    registers,
  })
  const abortedBodies = new Counter({
    name: 'callgather_aborted_bodies_total',
    help: 'Requests whose connection ended in the middle of the body.',
    registers,
  })
  const refusedOrigins = new Counter({
    name: 'callgather_refused_origins_total',
    help: 'Requests and sockets of web origins that are not in the allowed origins.',
    labelNames: ['transport'],
    registers,
  })
  new Counter({
    name: 'callgather_log_lines_dropped_total',
    help: 'Log lines dropped because their reader is too slow.',
    registers,
    collect() {
      this.reset()
      this.inc(gauges.droppedLogLines())
    },
  })
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
  gauge('callgather_breaker_open', '1 while commands are held back.', () => Number(gauges.breakerOpen()))
  gauge('callgather_store_up', '1 while the store takes appends.', () => Number(gauges.storeUp()))
  gauge('callgather_public_keys', 'Public keys of Telnyx that count now; at 0 every webhook is refused.', () =>
    gauges.publicKeys(),
  )
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss())
  return {
    registry,
    webhook: (outcome) => webhooks.inc({ outcome }),
    reconciled: (source) => reconciled.inc({ source }),
    lag: (value) => lag.observe(Math.max(0, value)),
    appendTook: (value) => appends.observe(value),
    relayed: (records) => relayed.inc(records),
    unreadableRecord: () => unreadable.inc(),
    cut: (limit) => cuts.inc({ limit }),
    command: (command, outcome, value) => commands.observe({ command, outcome }, value),
    bodyAborted: () => abortedBodies.inc(),
    originRefused: (transport) => refusedOrigins.inc({ transport }),
    hostCallbackFailed: (callback, reason) => hostFailures.inc({ callback, reason }),
  }
}
