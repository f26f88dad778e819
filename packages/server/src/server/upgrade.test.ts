/**
 * Replaces a server of another store format. The new server refuses the old file, and masks gathers that the old server
 * started. A server of sqlite format 3 made the schema and the marks below.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { webhookOf } from '@callgather/test-kit/telnyx'
import Database from 'libsql'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sqliteStore } from '../store/sqlite/sqlite-store.ts'
import { testServer } from '../testing/server.ts'

const SCHEMA = `
CREATE TABLE call ( ref INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, epoch TEXT NOT NULL, seq INTEGER NOT NULL, updated_at INTEGER NOT NULL , session TEXT) STRICT;
CREATE INDEX call_by_update ON call (updated_at);
CREATE TABLE event ( call INTEGER NOT NULL REFERENCES call (ref) ON DELETE CASCADE, seq INTEGER NOT NULL, id TEXT NOT NULL, digest TEXT, body TEXT NOT NULL, PRIMARY KEY (call, seq) ) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX event_by_id ON event (call, id);
CREATE TABLE aside (id TEXT PRIMARY KEY, reason TEXT NOT NULL, at INTEGER NOT NULL, content TEXT NOT NULL) STRICT;
CREATE TABLE revocation ( id TEXT NOT NULL, at INTEGER NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (id, at) ) STRICT, WITHOUT ROWID;
CREATE INDEX call_by_session ON call (session) WHERE session IS NOT NULL;
PRAGMA user_version = 3;
`

/** Calls with a masked gather each, and the marks in their `client_state`. */
const calls: Readonly<Record<string, { readonly id: string; readonly clientState: string }>> = {
  count: {
    id: 'v3:old-count-0000',
    clientState:
      'WyJjZzEiLCIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDEiLCJnYXRoZXIiLCJjb3VudCIsIjdnNGpPNGZ5bENjaUxFRVU4blo2SVEiXQ==',
  },
  last4: {
    id: 'v3:old-last4-0000',
    clientState:
      'WyJjZzEiLCIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDIiLCJnYXRoZXIiLCJsYXN0NCIsImV5NTFGN0JhQ1dONGRsZVZqT1BKaFEiXQ==',
  },
  none: {
    id: 'v3:old-none-0000',
    clientState:
      'WyJjZzEiLCIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDMiLCJnYXRoZXIiLCJub25lIiwieWhsSW5yUWwwWmJ0eXphN0VVZW9qQSJd',
  },
  later: {
    id: 'v3:old-later-0000',
    clientState:
      'WyJjZzEiLCIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDQiLCJnYXRoZXIiLCJsYXRlciIsIlRZRXBqeldadzYzSlhPNzdtOC1pZnciXQ==',
  },
  fields: {
    id: 'v3:old-fields-0000',
    clientState:
      'WyJjZzEiLCIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDUiLCJnYXRoZXJfdXNpbmdfYWkiLCJjb3VudCIsIlJfWEFDTkdyd2lhU0FqRUFqV08tS2ciXQ==',
  },
}

const CARD = '4929123456781881'

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'callgather-upgrade-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'calls.db')
}

it('refuses a sqlite file of another format, names its path and format, and does not change it', () => {
  const path = newPath()
  const database = new Database(path)
  database.exec(SCHEMA)
  database.exec("INSERT INTO call VALUES (1, 'v3:old', 'epoch', 0, 1795914529364, 'session')")
  database.close()
  const before = readFileSync(path)
  expect(() => sqliteStore({ path })).toThrow(
    /calls\.db has format 3, .* uses format 6\. Use another file, or the version/,
  )
  expect(readFileSync(path)).toEqual(before)
})

describe.each(Object.entries(calls))('a gather with the mask `%s` from a server of another format', (name, call) => {
  // The new server has no mask policy and no record of the call, so only the mark can cause masking.
  it('hides all input of a masked gather that only its mark identifies', async () => {
    const path = newPath()
    {
      const store = sqliteStore({ path })
      await using server = await testServer({ store })
      const send = async (type: string, payload: Record<string, unknown>) => {
        const at = { call_control_id: call.id, call_session_id: `session-${name}`, client_state: call.clientState }
        const content = webhookOf(type, { ...at, ...payload })
        expect((await server.post(server.signer.sign(content))).status).toBe(200)
      }
      if (name === 'fields') {
        const message_history = [{ role: 'user', content: `It is ${CARD}` }]
        await send('call.ai_gather.message_history_updated', { message_history })
        await send('call.ai_gather.partial_results', { partial_results: { card: CARD }, message_history })
        await send('call.ai_gather.ended', { status: 'valid', result: { card: CARD }, message_history })
      } else {
        await send('call.dtmf.received', { digit: '4' })
        await send('call.gather.ended', { status: 'valid', digits: CARD })
        const stored = (await store.read(call.id, 0))?.records.map(({ event }) => event.payload)
        expect(stored).toEqual([{ status: 'valid', digits: null }])
      }
      expect(JSON.stringify((await store.read(call.id, 0))?.records)).not.toContain(CARD)
    }
    expect(readFileSync(path, 'latin1')).not.toContain(CARD)
  })
})
