import { checkHostEvent, checkHostRequest, type HostEvent, type HostRequest } from '@callgather/protocol/host-contract'
import { describe, expect, it } from 'vitest'
import { type Checked, checkEvent, checkRequest } from './check-message.ts'

const at = '2026-11-22T10:41:00.000000Z'
const handshake = { contract: 'callgather', version: 1 } as const
const call = { callId: 'v3:call', sessionId: null, from: '+15550001111', to: '+15550002222', direction: 'incoming' }
const gather = { ...call, gatherId: 'pin', kind: 'digits', command: 'gather_using_speak', mask: 'allButLast4' } as const
const item = {
  gatherId: 'pin',
  kind: 'digits',
  name: 'digits',
  label: 'PIN',
  value: null,
  digitCount: 8,
  last4: '5503',
  mask: 'allButLast4',
  outcome: 'valid',
  at,
} as const
const times = { startedAt: at, endedAt: at, at }

const events: { [Type in HostEvent['type']]: Required<Extract<HostEvent, { type: Type }>> } = {
  ready: { type: 'ready', ...handshake, callId: 'v3:call' },
  resize: { type: 'resize', width: 320, height: 640.5 },
  connection: { type: 'connection', status: 'reconnecting', isDegraded: false, retryAt: at },
  'call-ringing': { type: 'call-ringing', ...call, callerName: 'Sample Caller', at },
  'call-answered': { type: 'call-answered', ...call, at },
  'call-selected': { type: 'call-selected', callId: 'v3:call' },
  'call-ended': { type: 'call-ended', ...call, startedAt: at, answeredAt: at, hungUpBy: 'caller', cause: 'busy', at },
  'gather-started': { type: 'gather-started', ...gather, requestedBy: 'agent-7', at },
  'gather-ended': { type: 'gather-ended', ...gather, outcome: 'valid', attempts: 1, at },
  collected: { type: 'collected', ...call, ...item, value: { city: 'Paris' } },
  'wrap-up': { type: 'wrap-up', ...call, ...times, collected: [item, { ...item, kind: 'fields' }] },
  'wrap-up-saved': { type: 'wrap-up-saved', ...call, ...times, note: '', disposition: 'done', collected: [item] },
  'ticket-needed': { type: 'ticket-needed', requestId: 'r1' },
  error: { type: 'error', code: 'refused', detail: 'The call cannot be watched.', callId: null },
}

const requests: { [Type in HostRequest['type']]: Required<Extract<HostRequest, { type: Type }>> } = {
  init: { type: 'init', ...handshake, callId: 'v3:call', theme: 'auto', locale: 'pt-BR', features: ['wrap-up'] },
  ticket: { type: 'ticket', requestId: 'r1', ticket: 'header.payload.signature' },
  'select-call': { type: 'select-call', callId: null },
  'set-theme': { type: 'set-theme', theme: 'dark' },
  'set-locale': { type: 'set-locale', locale: 'de' },
  focus: { type: 'focus' },
  destroy: { type: 'destroy' },
}

/** Values that replace each field in turn. */
const values = [
  null,
  '',
  'x',
  'yesterday',
  at,
  '2026-11-22',
  '2026-11-22T10:41:00+01:00',
  0,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  true,
  [],
  ['x'],
  [item],
  [{ ...item, at: 'now' }],
  ['controls', 'wrap-up'],
  {},
  ...['live', 'digits', 'all', 'gather', 'us', 'dark', 'callgather', 'de', 'x'.repeat(65)],
]

/** The message with each field removed, replaced and joined by an unknown field, in every combination of one change. */
function mutationsOf(message: object): unknown[] {
  const fields = Object.keys(message)
  return [
    message,
    { ...message, unknown: 1 },
    [message],
    ...fields.map((name) => Object.fromEntries(Object.entries(message).filter(([key]) => key !== name))),
    ...fields.flatMap((name) => values.map((value) => ({ ...message, [name]: value }))),
  ]
}

const strange = [
  undefined,
  null,
  'init',
  7,
  [],
  {},
  { type: '__proto__' },
  { type: 'constructor' },
  { type: ['ready'] },
]

/** What both checks must agree on: the accepted message, or the code of the refusal. */
const ownVerdict = ({ message, refused }: Checked<object>) => message ?? refused?.code
const schemaVerdict = (
  checked: { ok: true; message: object } | { ok: false; error: { code: string } },
): object | string => (checked.ok ? checked.message : checked.error.code)

describe('the message check of the bridge', () => {
  it.each(Object.values(events))('agrees with the schema of the protocol on every mutation of $type', (event) => {
    for (const given of mutationsOf(event))
      expect([given, ownVerdict(checkEvent(given))]).toEqual([given, schemaVerdict(checkHostEvent(given))])
  })

  it.each(Object.values(requests))('agrees with the schema of the protocol on every mutation of $type', (request) => {
    for (const given of mutationsOf(request))
      expect([given, ownVerdict(checkRequest(given))]).toEqual([given, schemaVerdict(checkHostRequest(given))])
  })

  it('refuses what is no message at all', () => {
    for (const given of strange) {
      expect(checkEvent(given).message).toBeUndefined()
      expect(checkRequest(given).message).toBeUndefined()
    }
  })

  it('refuses an unknown version by name before it reads anything else, and never quotes a refused message', () => {
    const { refused } = checkRequest({ type: 'ticket', requestId: 'r1', ticket: 'secret.ticket', version: 2 })
    expect(refused?.code).toBe('unsupportedVersion')
    expect(JSON.stringify([refused, checkRequest({ type: 'ticket', ticket: 'secret.ticket' })])).not.toContain('secret')
  })

  it('reads no field from a prototype, and never writes to one', () => {
    const inherited = Object.assign(Object.create({ callId: 'v3:evil' }), { type: 'select-call' })
    expect(checkRequest(inherited).refused?.code).toBe('invalidMessage')
    const polluting = JSON.parse(
      '{"type":"focus","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    )
    expect(Object.keys(checkRequest(polluting).message ?? {})).toEqual(['type'])
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })
})
