/** The rows of the event log: commands, webhooks with deliveries, and caller actions. Computed by a pure reducer. */
import { type Activity, type CallView, type Delivery, type Hello, withCall } from '../simulator.ts'

type WebhookEvent = Delivery['event']
type CommandActivity = Extract<Activity, { type: 'command' }>

/** One row of the event log. */
export type Entry = { key: string; at: string; callId: string | null; name: string } & (
  | ({ kind: 'command' } & Pick<CommandActivity, 'body' | 'status' | 'errors' | 'note'>)
  | { kind: 'webhook'; event: WebhookEvent; deliveries: readonly Delivery[] }
  | { kind: 'caller'; text: string }
  | { kind: 'simulator'; text: string; ok: boolean }
)

export type EntryKind = Entry['kind']

interface EventLog {
  connection: 'connecting' | 'live' | 'lost'
  entries: readonly Entry[]
  calls: readonly CallView[]
  /** Number of the next row, which is part of the row's key. */
  nextRow: number
  /** Rows up to this ISO 8601 time were cleared by the user and stay hidden. */
  clearedAt: string
}

export const emptyLog: EventLog = { connection: 'connecting', entries: [], calls: [], nextRow: 0, clearedAt: '' }

export type LogEvent =
  | { type: 'hello'; hello: Hello }
  | { type: 'history'; list: readonly Activity[]; deliveries: readonly Delivery[] }
  | { type: 'activities'; list: readonly Activity[] }
  | { type: 'lost' }
  | { type: 'clear' }

/** Maximum rows and calls to keep when scripts run thousands of calls. A day of manual work stays below both. */
const MAX_ENTRIES = 2000
const MAX_CALLS = 200

export function eventLogReducer(log: EventLog, event: LogEvent): EventLog {
  switch (event.type) {
    case 'hello':
      // Each connection starts with no rows: the history that follows contains the rows missed while disconnected.
      return {
        ...log,
        connection: 'live',
        calls: event.hello.calls.slice(0, MAX_CALLS),
        entries: [],
        nextRow: event.hello.logged,
      }
    case 'lost':
      return { ...log, connection: log.connection === 'connecting' ? 'connecting' : 'lost' }
    case 'clear':
      return {
        ...log,
        entries: [],
        calls: log.calls.filter(({ state }) => state !== 'ended'),
        clearedAt: log.entries.at(-1)?.at ?? log.clearedAt,
      }
    case 'history':
      return withHistory(log, event.list, event.deliveries)
    case 'activities':
      return event.list.reduce(withActivity, log)
  }
}

/** Inserts the rows of the history before the live rows. */
function withHistory(log: EventLog, list: readonly Activity[], deliveries: readonly Delivery[]): EventLog {
  // Number the history rows before the live rows, so that keys stay unique.
  const before: EventLog = { ...log, entries: [], nextRow: log.nextRow - log.entries.length - list.length }
  const past = list.reduce(withActivity, before).entries.filter(({ at }) => at > log.clearedAt)
  const known = new Set(log.entries.map(({ key }) => key))
  const byEvent = new Map<string, Delivery[]>()
  for (const delivery of deliveries.toReversed())
    byEvent.set(delivery.event.id, [...(byEvent.get(delivery.event.id) ?? []), delivery])
  const entries = [...past.filter(({ key }) => !known.has(key)), ...log.entries].map((entry) => {
    if (entry.kind !== 'webhook') return entry
    const own = new Set(entry.deliveries.map(({ id }) => id))
    const others = byEvent.get(entry.key)?.filter(({ id }) => !own.has(id)) ?? []
    return { ...entry, deliveries: [...others, ...entry.deliveries] }
  })
  return { ...log, entries: entries.slice(-MAX_ENTRIES) }
}

function withActivity(log: EventLog, activity: Activity): EventLog {
  switch (activity.type) {
    case 'call.created':
    case 'call.updated':
      return { ...log, calls: withCall(log.calls, activity.call, MAX_CALLS) }
    case 'command': {
      const { type: kind, call_id: callId, command: name, ...rest } = activity
      return withEntry(log, { kind, key: `command ${log.nextRow}`, callId, name, ...rest })
    }
    case 'webhook':
      return withEntry(log, webhookEntry(activity.event, activity.call_id))
    case 'delivery':
      return withDelivery(log, activity.delivery)
    case 'message.created': {
      const { direction, text } = activity.message
      return withNote(log, activity, 'caller', direction === 'inbound' ? 'texts' : 'is texted', text)
    }
    case 'said':
      return withNote(log, activity, 'caller', 'says', activity.text)
    case 'key':
      return withNote(log, activity, 'caller', 'presses', activity.digit)
    case 'prompt.started':
      return withNote(log, activity, 'caller', 'hears', activity.text)
    case 'dtmf.sent':
      return withNote(log, activity, 'caller', 'hears keys', activity.digits)
    case 'tool':
      return withNote(log, activity, 'simulator', `tool ${activity.tool}`, activity.summary, activity.ok)
    case 'trouble':
      return withNote(log, activity, 'simulator', 'trouble', activity.text, false)
    case 'notice':
      return withNote(log, activity, 'simulator', 'notice', activity.text, false)
    case 'faults': {
      const on = Object.keys(activity.faults)
      return withNote(log, activity, 'simulator', 'faults', on.length === 0 ? 'all off' : on.join(', '))
    }
    default:
      return log
  }
}

function withNote(
  log: EventLog,
  { at, ...of }: Activity,
  kind: 'caller' | 'simulator',
  name: string,
  text: string,
  ok = true,
): EventLog {
  const callId = 'call_id' in of ? of.call_id : null
  const row = { key: `${kind} ${log.nextRow}`, at, callId, name, text }
  return withEntry(log, kind === 'caller' ? { ...row, kind } : { ...row, kind, ok })
}

function withDelivery(log: EventLog, delivery: Delivery): EventLog {
  const at = log.entries.findLastIndex(({ key }) => key === delivery.event.id)
  const entry = log.entries[at]
  if (entry?.kind !== 'webhook')
    return withEntry(log, webhookEntry(delivery.event, delivery.call_control_id, [delivery]))
  const known = entry.deliveries.findIndex(({ id }) => id === delivery.id)
  const deliveries = known === -1 ? [...entry.deliveries, delivery] : entry.deliveries.with(known, delivery)
  return { ...log, entries: log.entries.with(at, { ...entry, deliveries }) }
}

function webhookEntry(event: WebhookEvent, callId: string | null, deliveries: readonly Delivery[] = []): Entry {
  const { id: key, occurred_at: at, event_type: name } = event
  return { kind: 'webhook', key, at, callId, name, event, deliveries }
}

function withEntry(log: EventLog, entry: Entry): EventLog {
  return { ...log, entries: [...log.entries, entry].slice(-MAX_ENTRIES), nextRow: log.nextRow + 1 }
}

/** Which rows of the event log to show. */
export interface Filter {
  call: string | null
  words: string
  kinds: Readonly<Record<EntryKind, boolean>>
  failures: boolean
}

export function filterEntries(entries: readonly Entry[], filter: Filter): Entry[] {
  const words = filter.words.trim().toLowerCase()
  return entries.filter(
    (entry) =>
      filter.kinds[entry.kind] &&
      (filter.call === null || entry.callId === filter.call) &&
      (!filter.failures || outcomeOf(entry).tone === 'bad') &&
      (words === '' || textOf(entry).includes(words)),
  )
}

function textOf(entry: Entry): string {
  const rest =
    entry.kind === 'webhook'
      ? JSON.stringify(entry.event)
      : entry.kind === 'command'
        ? JSON.stringify([entry.body, entry.errors])
        : entry.text
  return `${entry.name} ${rest}`.toLowerCase()
}

/** Returns the outcome of a row as a label and a tone. */
export function outcomeOf(entry: Entry): { words: string; tone: 'good' | 'bad' | 'wait' | 'none' } {
  if (entry.kind === 'caller') return { words: '', tone: 'none' }
  if (entry.kind === 'simulator')
    return entry.ok ? { words: '', tone: 'none' } : { words: entry.name === 'notice' ? 'check' : 'failed', tone: 'bad' }
  if (entry.kind === 'command') {
    const bad = entry.status >= 400 || entry.note?.startsWith('fault') === true
    return {
      words: entry.errors?.[0] === undefined ? String(entry.status) : `${entry.status} · ${entry.errors[0].code}`,
      tone: bad ? 'bad' : 'good',
    }
  }
  const last = entry.deliveries.at(-1)
  if (last === undefined) return { words: 'recorded', tone: 'none' }
  if (last.status === 'pending') return { words: 'on its way', tone: 'wait' }
  const attempt = last.attempts.at(-1)
  const code = attempt?.response?.status ?? (attempt === undefined ? 'dropped' : 'no answer')
  const times = last.attempts.length > 1 ? ` · sent ${last.attempts.length}×` : ''
  return { words: `${code}${times}`, tone: last.status === 'delivered' ? 'good' : 'bad' }
}

/** Fields of a command or event that the summary of a row shows. */
const SUMMARY_FIELDS =
  'digit digits status result partial_results hangup_cause reason direction payload audio_url media_url media_name greeting messages maximum_digits'

/** Returns the summary of a row: the text of up to three `SUMMARY_FIELDS`. */
export function summaryOf(entry: Entry): string {
  if (entry.kind === 'caller' || entry.kind === 'simulator') return entry.text
  const from = entry.kind === 'command' ? entry.body : entry.event.payload
  const parts = SUMMARY_FIELDS.split(' ').flatMap((name) => {
    const value = from[name]
    if (value === undefined || value === null || value === '') return []
    return [`${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`]
  })
  return parts.slice(0, 3).join(' · ')
}
