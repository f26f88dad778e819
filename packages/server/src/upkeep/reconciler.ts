/**
 * Reconciles call logs with Telnyx's records. Telnyx retries a webhook for a minute at most, so a longer outage leaves
 * gaps, and a call whose hangup was lost would stay live forever.
 *
 * `webhook_deliveries` lists failed deliveries only. `call_events` lists every event, but perhaps without ids. Each run
 * reads failed deliveries and checks silent calls; after a start or a store outage it also scans all call events. Fetched
 * events are ingested like webhooks, so several servers may reconcile at once.
 */
import type { Logger } from '../base/logger.ts'
import type { CallCache } from '../calls/call-cache.ts'
import { commandEvent } from '../commands/command-outcome.ts'
import type { Ingest } from '../ingest/ingest.ts'
import { type CallStore, StoreUnavailableError } from '../store/call-store.ts'
import { formatTime } from '../telnyx/normalise.ts'
import { isRecordId, type RecordScope, RecordsUnavailableError, type TelnyxRecords } from '../telnyx/records.ts'
import type { Webhook } from '../telnyx/webhook.ts'
import { KnownEvents } from './known-events.ts'

/** Options of reconciliation. */
export interface ReconcileOptions {
  /** Interval between reconciliation runs, in milliseconds. Default one minute. */
  readonly intervalMs?: number
  /** How long a call must be silent before it is checked at Telnyx, in milliseconds. Default one minute. */
  readonly silentMs?: number
}

/** The kind of Telnyx's records in which a missing event was found. */
export type ReconcileSource = 'webhook_deliveries' | 'call_events'

/** Dependencies of the reconciler. */
export interface ReconcilerDeps {
  readonly cache: CallCache
  readonly store: CallStore
  readonly ingest: Pick<Ingest, 'accept'>
  readonly records: TelnyxRecords
  readonly now: () => number
  readonly logger: Logger
  /** Called for each missing event that was appended. */
  readonly onReconciled?: (source: ReconcileSource) => void
}

/** The result of one reconciliation run. */
export interface ReconcileReport {
  /** How many missing events were appended. */
  readonly fetched: number
  /** How many calls were closed because Telnyx reports them as over. */
  readonly closed: number
}

const DAY_MS = 86_400_000
/** How far back before the previous run each run reads, because a delivery takes minutes to fail. */
const OVERLAP_MS = 10 * 60_000
/** Must be less than the ten minutes for which Telnyx reports the status of an ended call. */
const MAX_CHECK_INTERVAL_MS = 8 * 60_000
/** Maximum number of calls that one run checks. Each check costs two requests of the account's rate limit. */
const MAX_CHECKS_PER_RUN = 100
/** The age from which an event's webhook is no longer expected, so a record without an id may replace it. */
const SETTLED_AFTER_MS = 120_000
/** How long a command may lack an outcome. After that time, its sender has its answer. */
const OUTCOME_TIMEOUT_MS = 60_000
/** Minimum interval between log lines while Telnyx or the store fails. */
const WARN_INTERVAL_MS = 10 * 60_000

/** The result of a scan of Telnyx's call events. */
interface CallEventScan {
  readonly found: number
  /** Whether some events are too recent to append. */
  readonly hasUnsettled: boolean
  /** The ids of the commands that reached Telnyx, according to its call events. */
  readonly commandIds: ReadonlySet<string>
}

const EMPTY_SCAN: CallEventScan = { found: 0, hasUnsettled: false, commandIds: new Set() }

/** The state of the repeated check of a call. */
interface CallCheck {
  /** The earliest time of the next check of the call. */
  readonly nextAt: number
  readonly intervalMs: number
  /** Whether some fetched events were left out, because they are so recent that their webhooks may still arrive. */
  readonly hasUnsettled: boolean
}

/** Fills gaps in call logs from Telnyx's records. */
export class Reconciler {
  readonly #deps: ReconcilerDeps
  readonly #intervalMs: number
  readonly #silentMs: number
  readonly #checks = new Map<string, CallCheck>()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<ReconcileReport> | null = null
  #lastRun: number | null = null
  /** When the store began to fail; `null` while it works. */
  #outage: number | null = null
  /** Whether the next run scans the events of all calls. */
  #isFullScanDue = true
  #failures = 0
  /** The earliest time of the next request that Telnyx allows. */
  #notBefore = 0
  #lastWarnedAt = Number.NEGATIVE_INFINITY

  constructor(deps: ReconcilerDeps, { intervalMs = 60_000, silentMs = 60_000 }: ReconcileOptions = {}) {
    this.#deps = deps
    this.#intervalMs = intervalMs
    this.#silentMs = silentMs
  }

  /** Starts a run immediately, then runs at intervals. */
  start(): void {
    const tick = () => {
      void this.#runOnce(this.#isFullScanDue)
        .catch(() => {})
        .finally(() => {
          if (this.#timer) this.#timer = setTimeout(tick, this.#nextDelayMs()).unref()
        })
    }
    this.#timer = setTimeout(tick, 0).unref()
  }

  /** Reports that an event was refused because the store failed. Until the store works again, the reconciler runs more often. */
  reportOutage(): void {
    this.#outage ??= this.#deps.now()
    this.#isFullScanDue = true
  }

  /** Stops the reconciler. Resolves when the current run has ended. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#running?.catch(() => {})
  }

  /**
   * Reconciles all calls once. When a run is in progress, returns its result.
   *
   * @param since The time from which to scan, in milliseconds since 1970. Default: the last run.
   */
  run(since?: number): Promise<ReconcileReport> {
    return this.#runOnce(true, since)
  }

  /** Checks one call immediately, for example after Telnyx refused a command because the call is over. */
  async check(callId: string): Promise<void> {
    await this.#checkCall(callId).catch((error: unknown) => this.#failed(error))
  }

  #runOnce(isFullScan: boolean, since?: number): Promise<ReconcileReport> {
    this.#running ??= this.#run(isFullScan, since).finally(() => {
      this.#running = null
    })
    return this.#running
  }

  /** The delay before the next run, with backoff after failures and at least what Telnyx asks for. */
  #nextDelayMs(): number {
    const baseMs = this.#outage === null ? this.#intervalMs : Math.min(this.#intervalMs, 5_000)
    const backoffMs = Math.min(
      baseMs * 2 ** Math.max(0, this.#failures - 1),
      Math.max(baseMs, MAX_CHECK_INTERVAL_MS / 2),
    )
    return Math.max(backoffMs, this.#notBefore - this.#deps.now())
  }

  async #run(isFullScan: boolean, from?: number): Promise<ReconcileReport> {
    const { store, now, logger } = this.#deps
    const began = now()
    try {
      await store.ping()
      let fetched = await this.#fetchFailedDeliveries(Math.max((this.#lastRun ?? 0) - OVERLAP_MS, began - DAY_MS))
      if (isFullScan) {
        const { found } = await this.#fetchCallEvents({ since: from ?? (await this.#scanStart(began)) })
        fetched += found
        this.#isFullScanDue = false
      }
      const silent = await this.#checkSilentCalls()
      fetched += silent.found
      const { closed } = silent
      this.#lastRun = began
      this.#outage = null
      if (this.#failures > 0) logger.info({ runs: this.#failures }, 'reconciliation works again')
      this.#failures = 0
      this.#lastWarnedAt = Number.NEGATIVE_INFINITY
      if (fetched + closed > 0) logger.warn({ fetched, closed }, 'reconciled missing events')
      return { fetched, closed }
    } catch (error) {
      this.#failed(error)
      throw error
    }
  }

  /** Returns the time since which events may be missing: the outage, the last run, or the store's newest append. */
  async #scanStart(now: number): Promise<number> {
    let known = this.#outage ?? this.#lastRun
    if (known === null) {
      const [newest] = await this.#deps.store.list({ limit: 1 })
      known = newest?.updatedAt ?? now
    }
    return Math.max(known - OVERLAP_MS, now - DAY_MS)
  }

  async #fetchFailedDeliveries(since: number): Promise<number> {
    const { records } = this.#deps
    let fetched = 0
    for await (const webhook of records.listFailedDeliveries(since)) {
      if (await this.#accept(webhook, 'webhook_deliveries')) fetched += 1
    }
    return fetched
  }

  /** Appends the events in Telnyx's records that are missing from our logs. */
  async #fetchCallEvents(scope: RecordScope): Promise<CallEventScan> {
    const { records, store, now } = this.#deps
    const known = new KnownEvents(store)
    const commands = new Set<string>()
    let found = 0
    let unsettled = false
    for await (const record of records.listCallEvents(scope)) {
      if (record.type === 'command') {
        commands.add(record.commandId)
        continue
      }
      const { webhook } = record
      const { call_control_id: callId } = webhook.payload
      if (typeof callId !== 'string' || (await known.has(callId, webhook))) continue
      if (isRecordId(webhook.id) && now() - Date.parse(webhook.occurredAt) < SETTLED_AFTER_MS) unsettled = true
      else if (await this.#accept(webhook, 'call_events')) found += 1
    }
    return { found, hasUnsettled: unsettled, commandIds: commands }
  }

  async #accept(webhook: Webhook, source: ReconcileSource): Promise<boolean> {
    const { ingest, logger, onReconciled } = this.#deps
    if ((await ingest.accept(webhook)) !== 'appended') return false
    onReconciled?.(source)
    logger.debug({ source, event_id: webhook.id, event_type: webhook.eventType }, 'reconciled an event')
    return true
  }

  async #checkSilentCalls(): Promise<{ found: number; closed: number }> {
    const { store, cache, now } = this.#deps
    const listed = await store.list({ limit: 10_000, since: now() - DAY_MS })
    const silent = listed.filter(({ callId, updatedAt }) => {
      const known = this.#checks.get(callId)
      return now() - updatedAt >= this.#silentMs && (!known || known.nextAt <= now())
    })
    let found = 0
    let closed = 0
    let checks = 0
    // The longest silent calls come first, because Telnyx drops their status first.
    for (const { callId } of [...silent].reverse()) {
      if (checks >= MAX_CHECKS_PER_RUN) break
      const { state } = await cache.open(callId)
      if ((state.hangup || state.closed) && !this.#checks.get(callId)?.hasUnsettled) {
        await this.#settleCommands(callId, EMPTY_SCAN.commandIds)
        this.#checks.set(callId, { nextAt: Number.POSITIVE_INFINITY, intervalMs: 0, hasUnsettled: false })
        continue
      }
      checks += 1
      const answer = await this.#checkCall(callId)
      found += answer.found
      if (answer.closed) closed += 1
    }
    const live = new Set(listed.map(({ callId }) => callId))
    for (const callId of this.#checks.keys()) if (!live.has(callId)) this.#checks.delete(callId)
    return { found, closed }
  }

  /** Checks one call at Telnyx: appends its missing events, and closes it if Telnyx reports it as over. */
  async #checkCall(callId: string): Promise<{ found: number; closed: boolean }> {
    const { records, cache, now } = this.#deps
    const intervalMs = Math.min((this.#checks.get(callId)?.intervalMs ?? this.#silentMs / 2) * 2, MAX_CHECK_INTERVAL_MS)
    this.#checks.set(callId, { nextAt: now() + intervalMs, intervalMs, hasUnsettled: true })
    const status = await records.fetchStatus(callId)
    const scope = status?.legId === undefined ? await this.#sessionOf(callId) : { legId: status.legId }
    const scan = scope ? await this.#fetchCallEvents(scope) : EMPTY_SCAN
    await this.#settleCommands(callId, scan.commandIds)
    this.#checks.set(callId, { nextAt: now() + intervalMs, intervalMs, hasUnsettled: scan.hasUnsettled })
    if (status?.isAlive) return { found: scan.found, closed: false }
    const reason = status ? 'Telnyx reports that the call is over.' : 'Telnyx no longer knows the call.'
    const event = {
      id: `${callId}:closed`,
      event_type: 'call.closed',
      occurred_at: formatTime(now()),
      payload: { reason },
    } as const
    const { records: appended } = await cache.append(callId, ({ state }) => ({
      events: state.hangup || state.closed ? [] : [{ event }],
    }))
    return { found: scan.found, closed: appended.length > 0 }
  }

  /** Reads the session of a call that Telnyx no longer knows from the first events in its log. */
  async #sessionOf(callId: string): Promise<RecordScope | null> {
    const slice = await this.#deps.store.read(callId, 0, 50)
    for (const { event } of slice?.records ?? []) {
      const { call_session_id: sessionId } = event.payload as { call_session_id?: unknown }
      if (typeof sessionId === 'string' && sessionId !== '') return { sessionId }
    }
    return null
  }

  /** Appends an outcome for commands without one: the server that sent them may have crashed or lost its store. */
  async #settleCommands(callId: string, arrived: ReadonlySet<string>): Promise<void> {
    const now = this.#deps.now()
    const before = formatTime(now - OUTCOME_TIMEOUT_MS)
    await this.#deps.cache.append(callId, ({ state }) => ({
      events: [...state.commands].flatMap(({ id, request, outcome }) => {
        if (!request || request.at > before || (outcome && outcome.status !== 'unknown')) return []
        if (arrived.has(id)) return [{ event: commandEvent(id, { event_type: 'command.accepted', payload: {} }, now) }]
        const payload = { reason: 'interrupted' }
        return outcome ? [] : [{ event: commandEvent(id, { event_type: 'command.unknown', payload }, now) }]
      }),
    }))
  }

  /** Counts a failed run, and logs at most one failure per `WARN_INTERVAL_MS`. */
  #failed(error: unknown): void {
    const { logger, now } = this.#deps
    this.#failures += 1
    if (error instanceof RecordsUnavailableError && error.retryAfterMs > 0) this.#notBefore = now() + error.retryAfterMs
    if (now() - this.#lastWarnedAt < WARN_INTERVAL_MS) return
    this.#lastWarnedAt = now()
    const failures = this.#failures
    if (error instanceof RecordsUnavailableError || StoreUnavailableError.isInstance(error)) {
      const advice = error instanceof RecordsUnavailableError ? error.advice : 'Check the store.'
      const line = `reconciliation failed: ${error.message.replace(/\.$/, '')}. ${advice} It retries automatically.`
      logger.warn({ failures }, line)
    } else {
      logger.error({ err: error, failures }, 'reconciliation failed; it retries automatically')
    }
  }
}
