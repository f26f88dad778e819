/**
 * Calls whose masked gathers began on the server before masks were renamed, and end on this one. What follows was stored
 * by that server (commit 2001df0, sqlite schema 3), with the marks that it sent to Telnyx.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Mask, selectGather } from '@callgather/protocol'
import Database from 'libsql'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sqliteStore } from '../store/sqlite/sqlite-store.ts'
import { testServer } from '../testing/server.ts'
import { webhookOf } from '../testing/telnyx.ts'

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

/** When the old server stored the last of it. */
const STORED_AT = 1795914529364

interface OldCall {
  readonly id: string
  /** What its gather keeps of the digits, by the names of now. */
  readonly mask: Mask
  readonly clientState: string
  /** The id, the digest and the body of each of its events. */
  readonly events: readonly (readonly [id: string, digest: string | null, body: string])[]
}

const calls: Readonly<Record<string, OldCall>> = {
  count: {
    id: 'v3:old-count-0000',
    mask: 'digits',
    clientState:
      'WyJjZzEiLCIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDEiLCJnYXRoZXIiLCJjb3VudCIsIjdnNGpPNGZ5bENjaUxFRVU4blo2SVEiXQ==',
    events: [
      [
        '11acf026-f344-44ad-b4dc-5dc45180a4cc',
        'wIqDTUzUEHL0Vlm9luzy-J',
        '[0,"EazwJvNERK203F3EUYCkzA",1795914529073000,0,{"call_session_id":"session-count"}]',
      ],
      [
        '00000000-0000-4000-8000-000000000001:requested',
        'vOrMa0Lw2ezinhINQ6_qaR',
        '[19,"=00000000-0000-4000-8000-000000000001:requested",1795914529179000,"AAAAAAAAQACAAAAAAAAAAQ",{"command":"gather","body":{"maximum_digits":16},"subject":"agent-7","show":"count"}]',
      ],
      [
        '00000000-0000-4000-8000-000000000001:accepted',
        null,
        '[20,"=00000000-0000-4000-8000-000000000001:accepted",1795914529209000,"AAAAAAAAQACAAAAAAAAAAQ",{}]',
      ],
      [
        '4a2f11ba-8192-4ed2-ad92-739a595e246c',
        'FH9iJNdH1UVNmLxJo-fl4H',
        '[6,"Si8RuoGSTtKtknOaWV4kbA",1795914529216000,"AAAAAAAAQACAAAAAAAAAAQ",{"digit":null}]',
      ],
    ],
  },
  last4: {
    id: 'v3:old-last4-0000',
    mask: 'allButLast4',
    clientState:
      'WyJjZzEiLCIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDIiLCJnYXRoZXIiLCJsYXN0NCIsImV5NTFGN0JhQ1dONGRsZVZqT1BKaFEiXQ==',
    events: [
      [
        'ec3e5959-6d9b-4f13-a68f-98215401895f',
        'o-xQ2J4vaXQkNlzKl3jt40',
        '[0,"7D5ZWW2bTxOmj5ghVAGJXw",1795914529229000,0,{"call_session_id":"session-last4"}]',
      ],
      [
        '00000000-0000-4000-8000-000000000002:requested',
        'vOrMa0Lw2ezinhINQ6_qaR',
        '[19,"=00000000-0000-4000-8000-000000000002:requested",1795914529247000,"AAAAAAAAQACAAAAAAAAAAg",{"command":"gather","body":{"maximum_digits":16},"subject":"agent-7","show":"last4"}]',
      ],
      [
        '00000000-0000-4000-8000-000000000002:accepted',
        null,
        '[20,"=00000000-0000-4000-8000-000000000002:accepted",1795914529261000,"AAAAAAAAQACAAAAAAAAAAg",{}]',
      ],
      [
        'f5fd2b9d-b9f1-42d8-91c4-ab4e377e2572',
        '3JHjKwbD0Td1HKQokyBRk4',
        '[6,"9f0rnbnxQtiRxKtON34lcg",1795914529266000,"AAAAAAAAQACAAAAAAAAAAg",{"digit":null}]',
      ],
    ],
  },
  none: {
    id: 'v3:old-none-0000',
    mask: 'all',
    clientState:
      'WyJjZzEiLCIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDMiLCJnYXRoZXIiLCJub25lIiwieWhsSW5yUWwwWmJ0eXphN0VVZW9qQSJd',
    events: [
      [
        '19571c2a-7c8d-4f0d-8432-3e4800fbe6b3',
        'CkqEQ5XV8lSo8oxjfBeTsd',
        '[0,"GVccKnyNTw2EMj5IAPvmsw",1795914529274000,0,{"call_session_id":"session-none"}]',
      ],
      [
        '00000000-0000-4000-8000-000000000003:requested',
        'vOrMa0Lw2ezinhINQ6_qaR',
        '[19,"=00000000-0000-4000-8000-000000000003:requested",1795914529289000,"AAAAAAAAQACAAAAAAAAAAw",{"command":"gather","body":{"maximum_digits":16},"subject":"agent-7","show":"none"}]',
      ],
      [
        '00000000-0000-4000-8000-000000000003:accepted',
        null,
        '[20,"=00000000-0000-4000-8000-000000000003:accepted",1795914529298000,"AAAAAAAAQACAAAAAAAAAAw",{}]',
      ],
    ],
  },
  // A mask of a later version: both mark and record were given a value that neither version knows.
  later: {
    id: 'v3:old-later-0000',
    mask: 'all',
    clientState:
      'WyJjZzEiLCIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDQiLCJnYXRoZXIiLCJsYXRlciIsIlRZRXBqeldadzYzSlhPNzdtOC1pZnciXQ==',
    events: [
      [
        'f08a3655-e132-43d5-ae2e-217034a76f3a',
        '0rEEReZP7srpQnwfLXrUfn',
        '[0,"8Io2VeEyQ9WuLiFwNKdvOg",1795914529309000,0,{"call_session_id":"session-later"}]',
      ],
      [
        '00000000-0000-4000-8000-000000000004:requested',
        'vOrMa0Lw2ezinhINQ6_qaR',
        '[19,"=00000000-0000-4000-8000-000000000004:requested",1795914529321000,"AAAAAAAAQACAAAAAAAAABA",{"command":"gather","body":{"maximum_digits":16},"subject":"agent-7","show":"later"}]',
      ],
      [
        '00000000-0000-4000-8000-000000000004:accepted',
        null,
        '[20,"=00000000-0000-4000-8000-000000000004:accepted",1795914529331000,"AAAAAAAAQACAAAAAAAAABA",{}]',
      ],
      [
        'b8b1749a-a274-465f-9546-c18e96b914b4',
        'EMlDcUqAEow9uFLRIC_wji',
        '[6,"uLF0mqJ0Rl-VRsGOlrkUtA",1795914529335000,"AAAAAAAAQACAAAAAAAAABA",{"digit":null}]',
      ],
    ],
  },
  fields: {
    id: 'v3:old-fields-0000',
    mask: 'digits',
    clientState:
      'WyJjZzEiLCIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDUiLCJnYXRoZXJfdXNpbmdfYWkiLCJjb3VudCIsIlJfWEFDTkdyd2lhU0FqRUFqV08tS2ciXQ==',
    events: [
      [
        'd212c52c-426f-4153-890f-63b801130a07',
        'un9ZwXNlOYMBpv-WQt7JU3',
        '[0,"0hLFLEJvQVOJD2O4ARMKBw",1795914529342000,0,{"call_session_id":"session-fields"}]',
      ],
      [
        '00000000-0000-4000-8000-000000000005:requested',
        'GeDiYKlO6QINsxYNhz3I3P',
        '[19,"=00000000-0000-4000-8000-000000000005:requested",1795914529355000,"AAAAAAAAQACAAAAAAAAABQ",{"command":"gather_using_ai","body":{"send_partial_results":true,"send_message_history_updates":true,"parameters":{"type":"object","properties":{"card":{"type":"string"}}}},"subject":"agent-7","show":"count"}]',
      ],
      [
        '00000000-0000-4000-8000-000000000005:accepted',
        null,
        '[20,"=00000000-0000-4000-8000-000000000005:accepted",1795914529364000,"AAAAAAAAQACAAAAAAAAABQ",{}]',
      ],
    ],
  },
}

/** A file as the old server left it. */
function oldFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'callgather-upgrade-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'calls.db')
  const database = new Database(path)
  database.exec(SCHEMA)
  const addCall = database.prepare('INSERT INTO call VALUES (?, ?, ?, ?, ?, ?)')
  const addEvent = database.prepare('INSERT INTO event VALUES (?, ?, ?, ?, ?)')
  Object.entries(calls).forEach(([name, { id, events }], index) => {
    addCall.run(index + 1, id, `epoch-${name}`, events.length, STORED_AT, `session-${name}`)
    events.forEach(([eventId, digest, body], at) => {
      addEvent.run(index + 1, at + 1, eventId, digest, body)
    })
  })
  database.close()
  return path
}

const CARD = '4929123456781881'
const kept: Readonly<Record<Mask, readonly unknown[]>> = {
  all: [{ status: 'valid', digits: null }],
  digits: [{ digit: null }, { status: 'valid', digits: null, digit_count: 16 }],
  allButLast4: [{ digit: null }, { status: 'valid', digits: null, digit_count: 16, last4: '1881' }],
}

describe.each(Object.entries(calls))('a call with the mask `%s`, begun on the server before', (name, call) => {
  // No policy of the new server masks: the old mark and the old record must each do it alone.
  it.each([
    ['our mark', call.clientState],
    ['the record', null],
  ])('ends masked by %s alone, and leaks nothing', async (by, client_state) => {
    const path = oldFile()
    const now = STORED_AT + 2_000
    {
      const store = sqliteStore({ path, now: () => now })
      await using server = await testServer({ store, now: () => now })
      // Where the log has no record of the call, only the mark can mask.
      if (by === 'our mark') await store.forget(call.id)
      const send = async (type: string, payload: Record<string, unknown>) => {
        const at = { call_control_id: call.id, call_session_id: `session-${name}`, client_state }
        const content = webhookOf(type, { ...at, ...payload }, { at: new Date(now).toISOString() })
        expect((await server.post(server.signer.sign(content, now))).status).toBe(200)
      }
      const before = (await store.head(call.id))?.seq ?? 0
      if (name === 'fields') {
        const message_history = [{ role: 'user', content: `It is ${CARD}` }]
        await send('call.ai_gather.message_history_updated', { message_history })
        await send('call.ai_gather.partial_results', { partial_results: { card: CARD }, message_history })
        await send('call.ai_gather.ended', { status: 'valid', result: { card: CARD }, message_history })
      } else {
        await send('call.dtmf.received', { digit: '4' })
        await send('call.gather.ended', { status: 'valid', digits: CARD })
        const stored = (await store.read(call.id, before))?.records.map(({ event }) => event.payload)
        expect(stored).toEqual(kept[call.mask])
      }
      const gather = selectGather(await server.gather.call(call.id).state())
      expect(gather).toMatchObject({ status: 'ended', outcome: 'valid', ...(client_state ? {} : { mask: call.mask }) })
      expect(JSON.stringify((await store.read(call.id, 0))?.records)).not.toContain(CARD)
    }
    expect(readFileSync(path, 'latin1')).not.toContain(CARD)
  })
})
