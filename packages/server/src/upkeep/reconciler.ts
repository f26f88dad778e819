/**
 * Fetches what Telnyx could not deliver. Telnyx tries for a minute at most; a deploy or an outage that lasts longer
 * would leave holes, and a call whose hangup never came would ring for ever.
 *
 * Two sources, because neither is whole: `webhook_deliveries` has what failed and not what somebody else took and lost;
 * `call_events` has everything, of one leg or of the last day, and perhaps without ids. What is fetched goes the way of
 * every webhook: masked, deduplicated, appended.
 *
 * Every minute: what failed, and the calls that are silent. When the server starts, and when the store can be written
 * again after it could not: all that Telnyx noted meanwhile. Several servers may run it at once, as what one has
 * appended is a duplicate to the others.
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

/** How reconciliation is set. */
export interface ReconcileOptions {
  /** How often, in milliseconds. Default one minute. */
  readonly intervalMs?: number
  /** A call from which nothing has come for so long is asked about, in milliseconds. Default one minute. */
  readonly silentMs?: number
}

/** Where a missing event was found. */
export type ReconcileSource = 'webhook_deliveries' | 'call_events'

/** What reconciliation works with. */
export interface ReconcilerDeps {
  readonly cache: CallCache
  readonly store: CallStore
  readonly ingest: Pick<Ingest, 'accept'>
  readonly records: TelnyxRecords
  readonly now: () => number
  readonly logger: Logger
  /** Told of each event that was missing. */
  readonly onReconciled?: (source: ReconcileSource) => void
}

/** What one run has found. */
export interface ReconcileReport {
  /** Events that were missing. */
  readonly fetched: number
  /** Calls that were over without our knowing. */
  readonly closed: number
}

const DAY_MS = 86_400_000
/** How far back a run looks beyond the last one: deliveries fail slowly. */
const OVERLAP_MS = 10 * 60_000
/** Telnyx answers for a call until ten minutes after its end; asking must not become rarer than that. */
const MAX_CHECK_INTERVAL_MS = 8 * 60_000
/** Calls that are asked about in one run: two requests each, of the account's rate. */
const MAX_CHECKS_PER_RUN = 100
/** From this age on, in milliseconds, no webhook is on its way any more, and a record without an id may stand for it. */
const SETTLED_AFTER_MS = 120_000
/** How long a command may be without an outcome: whoever gave it has been told by then. */
const OUTCOME_TIMEOUT_MS = 60_000
/** While Telnyx or the store fails, one line in so many milliseconds. */
const WARN_INTERVAL_MS = 10 * 60_000

/** What Telnyx's log of a call gave. */
interface CallEventScan {
  readonly found: number
  /** Whether there are events too young to be taken. */
  readonly hasUnsettled: boolean
  /** The commands that reached Telnyx. */
  readonly commandIds: ReadonlySet<string>
}

const EMPTY_SCAN: CallEventScan = { found: 0, hasUnsettled: false, commandIds: new Set() }

/** What is remembered of a call that was asked about. */
interface CallCheck {
  /** When it may be asked about again. */
  readonly nextAt: number
  readonly intervalMs: number
  /** Telnyx has events of it that were too young to be taken. */
  readonly hasUnsettled: boolean
}

/** Keeps the logs whole. */
export class Reconciler {
  readonly #deps: ReconcilerDeps
  readonly #intervalMs: number
  readonly #silentMs: number
  readonly #asked = new Map<string, CallCheck>()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<ReconcileReport> | null = null
  #lastRun: number | null = null
  /** Since when the store has been failing; `null` while it works. */
  #outage: number | null = null
  /** Whether the next run reads all that Telnyx noted: the first does. */
  #sweeps = true
  #failures = 0
  /** When Telnyx wants to be asked again. */
  #notBefore = 0
  #reported = Number.NEGATIVE_INFINITY

  constructor(deps: ReconcilerDeps, { intervalMs = 60_000, silentMs = 60_000 }: ReconcileOptions = {}) {
    this.#deps = deps
    this.#intervalMs = intervalMs
    this.#silentMs = silentMs
  }

  /** Runs now, and then at intervals. */
  start(): void {
    const tick = () => {
      void this.#once(this.#sweeps)
        .catch(() => {})
        .finally(() => {
          if (this.#timer) this.#timer = setTimeout(tick, this.#pause()).unref()
        })
    }
    this.#timer = setTimeout(tick, 0).unref()
  }

  /** An event was turned away because the store could not take it: look soon whether it can again. */
  reportOutage(): void {
    this.#outage ??= this.#deps.now()
    this.#sweeps = true
  }

  /** Stops; resolves when a run under way has ended. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#running?.catch(() => {})
  }

  /** Looks for all that is missing, once; `since` a moment in milliseconds, or since the last run. Whoever asks during a run gets that run's answer. */
  run(since?: number): Promise<ReconcileReport> {
    return this.#once(true, since)
  }

  /** Asks at once whether a call is over: Telnyx has just said so, in refusing a command. */
  async check(callId: string): Promise<void> {
    await this.#ask(callId).catch((error: unknown) => this.#failed(error))
  }

  #once(sweeps: boolean, since?: number): Promise<ReconcileReport> {
    this.#running ??= this.#run(sweeps, since).finally(() => {
      this.#running = null
    })
    return this.#running
  }

  /** How long to wait for the next run: longer after each failure, and as long as Telnyx asks for. */
  #pause(): number {
    const usual = this.#outage === null ? this.#intervalMs : Math.min(this.#intervalMs, 5_000)
    const slowed = Math.min(usual * 2 ** Math.max(0, this.#failures - 1), Math.max(usual, MAX_CHECK_INTERVAL_MS / 2))
    return Math.max(slowed, this.#notBefore - this.#deps.now())
  }

  async #run(sweeps: boolean, from?: number): Promise<ReconcileReport> {
    const { store, now, logger } = this.#deps
    const began = now()
    try {
      await store.ping()
      let fetched = await this.#fetchFailed(Math.max((this.#lastRun ?? 0) - OVERLAP_MS, began - DAY_MS))
      if (sweeps) {
        const { found } = await this.#fetch({ since: from ?? (await this.#sweepFrom(began)) })
        fetched += found
        this.#sweeps = false
      }
      const silent = await this.#askSilent()
      fetched += silent.found
      const { closed } = silent
      this.#lastRun = began
      this.#outage = null
      if (this.#failures > 0) logger.info({ runs: this.#failures }, 'reconciliation works again')
      this.#failures = 0
      this.#reported = Number.NEGATIVE_INFINITY
      if (fetched + closed > 0) logger.warn({ fetched, closed }, 'reconciled: events had not been delivered')
      return { fetched, closed }
    } catch (error) {
      this.#failed(error)
      throw error
    }
  }

  /** From when on something may be missing: the last run, the outage, or when a log of this store last grew. */
  async #sweepFrom(now: number): Promise<number> {
    let known = this.#outage ?? this.#lastRun
    if (known === null) {
      const [newest] = await this.#deps.store.list({ limit: 1 })
      known = newest?.updatedAt ?? now
    }
    return Math.max(known - OVERLAP_MS, now - DAY_MS)
  }

  async #fetchFailed(since: number): Promise<number> {
    const { records } = this.#deps
    let fetched = 0
    for await (const webhook of records.listFailedDeliveries(since)) {
      if (await this.#accept(webhook, 'webhook_deliveries')) fetched += 1
    }
    return fetched
  }

  /** Takes from Telnyx's log of calls what ours has not. */
  async #fetch(scope: RecordScope): Promise<CallEventScan> {
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

  async #askSilent(): Promise<{ found: number; closed: number }> {
    const { store, cache, now } = this.#deps
    const listed = await store.list({ limit: 10_000, since: now() - DAY_MS })
    const silent = listed.filter(({ callId, updatedAt }) => {
      const known = this.#asked.get(callId)
      return now() - updatedAt >= this.#silentMs && (!known || known.nextAt <= now())
    })
    let found = 0
    let closed = 0
    let questions = 0
    // Those that have been silent longest come first: Telnyx forgets them first.
    for (const { callId } of [...silent].reverse()) {
      if (questions >= MAX_CHECKS_PER_RUN) break
      const { state } = await cache.open(callId)
      if ((state.hangup || state.closed) && !this.#asked.get(callId)?.hasUnsettled) {
        await this.#settle(callId, EMPTY_SCAN.commandIds)
        this.#asked.set(callId, { nextAt: Number.POSITIVE_INFINITY, intervalMs: 0, hasUnsettled: false })
        continue
      }
      questions += 1
      const answer = await this.#ask(callId)
      found += answer.found
      if (answer.closed) closed += 1
    }
    const live = new Set(listed.map(({ callId }) => callId))
    for (const callId of this.#asked.keys()) if (!live.has(callId)) this.#asked.delete(callId)
    return { found, closed }
  }

  /** Asks about one call: takes what ours has not, and closes it if it is over. */
  async #ask(callId: string): Promise<{ found: number; closed: boolean }> {
    const { records, cache, now } = this.#deps
    const pause = Math.min((this.#asked.get(callId)?.intervalMs ?? this.#silentMs / 2) * 2, MAX_CHECK_INTERVAL_MS)
    this.#asked.set(callId, { nextAt: now() + pause, intervalMs: pause, hasUnsettled: true })
    const status = await records.fetchStatus(callId)
    const scope = status?.legId === undefined ? await this.#sessionOf(callId) : { legId: status.legId }
    const looked = scope ? await this.#fetch(scope) : EMPTY_SCAN
    await this.#settle(callId, looked.commandIds)
    this.#asked.set(callId, { nextAt: now() + pause, intervalMs: pause, hasUnsettled: looked.hasUnsettled })
    if (status?.isAlive) return { found: looked.found, closed: false }
    const reason = status ? 'Telnyx says that the call is over.' : 'Telnyx does not know the call any more.'
    const event = {
      id: `${callId}:closed`,
      event_type: 'call.closed',
      occurred_at: formatTime(now()),
      payload: { reason },
    } as const
    const { records: appended } = await cache.append(callId, ({ state }) => ({
      events: state.hangup || state.closed ? [] : [{ event }],
    }))
    return { found: looked.found, closed: appended.length > 0 }
  }

  /** The session of a call that Telnyx does not know any more: its first event says it. */
  async #sessionOf(callId: string): Promise<RecordScope | null> {
    const slice = await this.#deps.store.read(callId, 0, 50)
    for (const { event } of slice?.records ?? []) {
      const { call_session_id: sessionId } = event.payload as { call_session_id?: unknown }
      if (typeof sessionId === 'string' && sessionId !== '') return { sessionId }
    }
    return null
  }

  /** Gives every command an outcome: whoever was to write it may have died, or been cut off from the store. */
  async #settle(callId: string, arrived: ReadonlySet<string>): Promise<void> {
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

  /** Says once what is wrong and what to do, and then only now and again: it is tried at every interval. */
  #failed(error: unknown): void {
    const { logger, now } = this.#deps
    this.#failures += 1
    if (error instanceof RecordsUnavailableError && error.retryAfterMs > 0) this.#notBefore = now() + error.retryAfterMs
    if (now() - this.#reported < WARN_INTERVAL_MS) return
    this.#reported = now()
    const failures = this.#failures
    if (error instanceof RecordsUnavailableError || StoreUnavailableError.isInstance(error)) {
      const advice = error instanceof RecordsUnavailableError ? error.advice : 'See that the store works.'
      const line = `events that did not arrive cannot be fetched: ${error.message}. ${advice} It is tried again by itself.`
      logger.warn({ failures }, line)
    } else {
      logger.error({ err: error, failures }, 'reconciliation failed; it is tried again')
    }
  }
}
