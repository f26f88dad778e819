/** Exports a call as a file from its whole log, without blocking other requests. */
import { setImmediate } from 'node:timers/promises'
import {
  type CallRecord,
  type CallState,
  EXPORT_FORMAT,
  EXPORT_VERSION,
  type ExportFormat,
  type ExportHeading,
  exportFile,
  exportRow,
  initialCallState,
  reduceCall,
  selectCallSummary,
  type TimelineEntry,
} from '@callgather/protocol'

/** The maximum number of records to fold or write before an export yields to the event loop. */
export const MAX_EXPORT_SLICE = 250

/** The log that an export reads, and how the export yields. */
export interface ExportSource {
  /** Reads a page of records after a sequence number; `null` when the call does not exist. */
  readonly read: (after: number, limit: number) => Promise<{ readonly records: readonly CallRecord[] } | null>
  /** Resolves after other pending work has run. Default `setImmediate`. */
  readonly yieldToEventLoop?: (() => Promise<unknown>) | undefined
}

/** Exports a call from its whole log, slice by slice. Returns `null` when the call does not exist. */
export async function exportCall(
  callId: string,
  { read, yieldToEventLoop = () => setImmediate() }: ExportSource,
  format: ExportFormat,
): Promise<string | null> {
  let state = initialCallState(callId)
  const records: string[] = []
  for (let after = 0; ; ) {
    const page = await read(after, MAX_EXPORT_SLICE)
    if (!page) return null
    for (const record of page.records) {
      state = reduceCall(state, record.event)
      if (format === 'json') records.push(JSON.stringify(record))
    }
    after += page.records.length
    await yieldToEventLoop()
    if (page.records.length < MAX_EXPORT_SLICE) break
  }
  if (format === 'json') {
    const head = JSON.stringify({ format: EXPORT_FORMAT, version: EXPORT_VERSION, call: selectCallSummary(state) })
    return `${head.slice(0, -1)},"records":[\n${records.join(',\n')}\n]}\n`
  }
  const pieces: string[] = []
  for (const piece of exportFile(format, headingOf(state), rowsOf(state.timeline))) {
    pieces.push(piece)
    if (pieces.length % MAX_EXPORT_SLICE === 0) await yieldToEventLoop()
  }
  return pieces.join('')
}

function* rowsOf(timeline: Iterable<TimelineEntry>) {
  for (const entry of timeline) yield exportRow(entry)
}

function headingOf(state: CallState): ExportHeading {
  const { from, to, phase, startedAt, answeredAt, endedAt } = selectCallSummary(state)
  return {
    title: `Call ${from ?? 'unknown'} to ${to ?? 'unknown'}`,
    period: `${startedAt ?? ''} to ${endedAt ?? phase}`,
    startedAt: answeredAt ?? state.timeline.at(0)?.at,
    endedAt,
  }
}
