/**
 * What the browser stores for an agent: one record for each agent, kind and call, in IndexedDB. So it survives a
 * reload, and tabs share it. Without IndexedDB, the records live as long as the page.
 */
import { createStore, del, delMany, entries, get, type UseStore, update } from 'idb-keyval'

/** The kinds of records. `collected`: ids of delivered values. `wrapUp`: an unfinished note and disposition. */
type RecordKind = 'collected' | 'wrapUp'

/** The key of a record: the agent's subject, the kind and the call's id. */
export type RecordKey = readonly [subject: string, kind: RecordKind, callId: string]

interface StoredRecord {
  readonly value: unknown
  /** When the record was written, in milliseconds since the Unix epoch. */
  readonly writtenAt: number
}

/** Records are deleted this long after they were last written. */
const MAX_AGE_MS = 24 * 3_600_000

/** Records of pages without IndexedDB, such as private windows of some browsers. */
const memory = new Map<string, StoredRecord>()

let opened: UseStore | null = null

function openStore(): UseStore {
  opened ??= createStore('callgather', 'records')
  return opened
}

const isCurrent = (record: StoredRecord | undefined): record is StoredRecord =>
  record !== undefined && Date.now() - record.writtenAt < MAX_AGE_MS

/** Returns the value of a record; `undefined` if there is none. */
export async function readRecord(key: RecordKey): Promise<unknown> {
  const record = await withStore(
    (store) => get<StoredRecord>([...key], store),
    () => memory.get(JSON.stringify(key)),
  )
  return isCurrent(record) ? record.value : undefined
}

/** Changes a record in one step, also among tabs. `change` gets the old value and returns the new one. */
export async function changeRecord(key: RecordKey, change: (value: unknown) => unknown): Promise<void> {
  const next = (record: StoredRecord | undefined): StoredRecord => ({
    value: change(isCurrent(record) ? record.value : undefined),
    writtenAt: Date.now(),
  })
  await withStore(
    (store) => update<StoredRecord>([...key], next, store),
    () => void memory.set(JSON.stringify(key), next(memory.get(JSON.stringify(key)))),
  )
}

/** Deletes a record. */
export const deleteRecord = (key: RecordKey): Promise<void> =>
  withStore(
    (store) => del([...key], store),
    () => void memory.delete(JSON.stringify(key)),
  )

/** Deletes all records of an agent who signed out; `null` deletes the records of all agents. */
export const deleteAgent = (subject: string | null): Promise<void> =>
  deleteWhere(([owner]) => subject === null || owner === subject)

/** Deletes expired records, and what other agents wrote: the next agent at this browser must not find it. */
export const deleteOthers = (subject: string): Promise<void> =>
  deleteWhere(([owner, kind], record) => (kind === 'wrapUp' && owner !== subject) || !isCurrent(record))

async function deleteWhere(isDeleted: (key: RecordKey, record: StoredRecord) => boolean): Promise<void> {
  await withStore(
    async (store) => {
      const all = await entries<[string, RecordKind, string], StoredRecord>(store)
      await delMany(
        all.flatMap(([key, record]) => (isDeleted(key, record) ? [key] : [])),
        store,
      )
    },
    () => {
      for (const [key, record] of memory) if (isDeleted(JSON.parse(key), record)) memory.delete(key)
    },
  )
}

/** Runs `inStore`; on a page without a working IndexedDB, `inMemory`. */
async function withStore<T>(inStore: (store: UseStore) => Promise<T>, inMemory: () => T): Promise<T> {
  if (typeof indexedDB === 'undefined') return inMemory()
  try {
    return await inStore(openStore())
  } catch {
    opened = null
    return inMemory()
  }
}
