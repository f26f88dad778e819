/** Saves the wrap-ups of agents, one JSON line per call. It stands in for a contact centre's own system. */
import { appendFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'

const MAX_BYTES = 65_536

/** Where finished wrap-ups go. */
export interface WrapUps {
  save(record: object): Promise<void>
}

/** Creates the storage: the file at `path`, or nothing but memory without a path. */
export function createWrapUps(path: string | null): WrapUps {
  const records: object[] = []
  return {
    async save(record) {
      if (path === null) records.push(record)
      else await appendFile(path, `${JSON.stringify(record)}\n`, { mode: 0o600 })
    },
  }
}

/** Reads the JSON object in the body of a request; `null` for anything else, or for more than 64 KiB. */
export async function readJson(request: IncomingMessage): Promise<object | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) return null
    chunks.push(chunk)
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}
