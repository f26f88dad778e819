/** A call as a file, made from the whole of its log without keeping other requests waiting. */
import { setImmediate } from 'node:timers/promises'
import {
  type CallRecord,
  type CallState,
  type ExportFormat,
  type ExportHeading,
  exportFile,
  exportRow,
  initialCallState,
  reduceCall,
  selectCallSummary,
  type TimelineEntry,
} from '@callgather/protocol'

/** How many records are folded, or written, before anything else gets its turn. */
export const MAX_EXPORT_SLICE = 250

/** Where an export reads from, and how it yields. */
export interface ExportSource {
  /** A page of the log after a number; `null` when there is no such call. */
  readonly read: (after: number, limit: number) => Promise<{ readonly records: readonly CallRecord[] } | null>
  /** Resolves after everything else that waits has had its turn. Default `setImmediate`. */
  readonly yieldToEventLoop?: (() => Promise<unknown>) | undefined
}

/** Writes a call, from the whole of its log, a slice at a time. `null` when there is no such call. */
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
    return `{"call":${JSON.stringify(selectCallSummary(state))},"records":[\n${records.join(',\n')}\n]}\n`
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
