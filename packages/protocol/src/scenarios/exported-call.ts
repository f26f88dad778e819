/** Reads the file of an exported call, so that a replay or a test can use the history of a real call. */
import type { CallEvent } from '../events/event.ts'
import { eventSchemas, opaqueEventSchema } from '../events/event-schemas.ts'
import { EXPORT_FORMAT, EXPORT_VERSION } from '../views/export.ts'

/** An exported call: the events of its log, in the order of the log. */
export interface ExportedCall {
  readonly callId: string
  readonly events: readonly CallEvent[]
}

/** The maximum size of an exported call, in bytes of the file or characters of the text: about 100,000 events. */
const MAX_EXPORTED_CALL_BYTES = 50_000_000

/**
 * Why a file is not an exported call.
 *
 * - `tooLarge`: it is larger than 50 MB.
 * - `notJson`: it is not JSON, for example an export in another format.
 * - `otherFormat`: it is JSON of another program.
 * - `otherVersion`: a newer server wrote it.
 * - `invalidEvent`: one of its events is damaged.
 */
export type ExportedCallProblem = 'tooLarge' | 'notJson' | 'otherFormat' | 'otherVersion' | 'invalidEvent'

const marker = Symbol.for('callgather.exported-call-error')

/** The error of a file that is not an exported call. The message says what to do, and quotes nothing of the file. */
export class ExportedCallError extends Error {
  override readonly name = 'ExportedCallError'
  readonly problem: ExportedCallProblem

  constructor(problem: ExportedCallProblem, message: string) {
    super(message)
    this.problem = problem
    Object.defineProperty(this, marker, { value: true })
  }

  /** Recognises the error by a marker: `instanceof` fails across two copies of this package. */
  static isInstance(error: unknown): error is ExportedCallError {
    return error instanceof Error && marker in error
  }
}

/**
 * Reads the text of a call that was exported as JSON: `GET {base}/calls/{id}/export?format=json`. Exports without a
 * format version, from older servers, are read too.
 *
 * @throws ExportedCallError when the text is not an exported call.
 */
export function readExportedCall(text: string): ExportedCall {
  if (text.length > MAX_EXPORTED_CALL_BYTES) throw tooLarge()
  const file = parse(text)
  const { format, version, call, records } = asRecord(file) ?? {}
  const { callId } = asRecord(call) ?? {}
  const isExport = format === EXPORT_FORMAT || (format === undefined && version === undefined)
  if (isExport && version !== undefined && version !== EXPORT_VERSION) throw otherVersion()
  if (!isExport || typeof callId !== 'string' || callId === '' || !Array.isArray(records)) throw otherFormat()
  return { callId, events: records.map(readEvent) }
}

/**
 * Reads the file of an exported call, such as a `File` of the browser. A file that is too large is not loaded.
 *
 * @throws ExportedCallError when the file is not an exported call. Rejects with the browser's error when it is unreadable.
 */
export async function readExportedFile(file: {
  readonly size: number
  text(): Promise<string>
}): Promise<ExportedCall> {
  if (file.size > MAX_EXPORTED_CALL_BYTES) throw tooLarge()
  return readExportedCall(await file.text())
}

const tooLarge = (): ExportedCallError =>
  new ExportedCallError(
    'tooLarge',
    `The export is larger than ${MAX_EXPORTED_CALL_BYTES / 1_000_000} MB. Remove records from the end of the file.`,
  )

const otherVersion = () =>
  new ExportedCallError(
    'otherVersion',
    `The export does not have version ${EXPORT_VERSION}. Update @callgather/react to the version of the server.`,
  )

const otherFormat = () =>
  new ExportedCallError(
    'otherFormat',
    'The file is JSON, but not an exported call. Export the call with `?format=json`, and open that file.',
  )

function parse(text: string): unknown {
  try {
    // A byte order mark is not JSON, but editors and mail programs add it.
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch {
    // The cause would quote the file.
    throw new ExportedCallError(
      'notJson',
      'The file is not JSON, or it is not complete. Export the call with `?format=json`, and open that file.',
    )
  }
}

function readEvent(record: unknown, index: number): CallEvent {
  const { event } = asRecord(record) ?? {}
  const { event_type, occurred_at } = asRecord(event) ?? {}
  const known = typeof event_type === 'string' && Object.hasOwn(eventSchemas, event_type)
  const schema = known ? eventSchemas[event_type] : opaqueEventSchema
  const isDated = typeof occurred_at === 'string' && !Number.isNaN(Date.parse(occurred_at))
  if (!isDated || !schema?.safeParse(event).success) {
    throw new ExportedCallError(
      'invalidEvent',
      `Record ${index + 1} of the export is damaged. Export the call again, or remove the record.`,
    )
  }
  // The event itself, because the result of the schema would lack fields that a newer server adds.
  return event as CallEvent
}

const asRecord = (value: unknown): Readonly<Record<string, unknown>> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
