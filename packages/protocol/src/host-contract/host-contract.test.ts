import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { HOST_CONTRACT, HOST_CONTRACT_VERSION, type HostEvent, type HostRequest } from './host-contract.ts'
import { checkHostEvent, checkHostRequest, hostEventSchema, hostRequestSchema } from './host-contract-schema.ts'

const file = new URL('../../host-contract.schema.json', import.meta.url)

function hostContractSchema() {
  // Readers ignore unknown fields, so the published schema describes the input, which allows them.
  const definition = (schema: z.core.$ZodType) => {
    const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' })
    return rest
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `CallGather host contract, version ${HOST_CONTRACT_VERSION}`,
    $defs: { HostEvent: definition(hostEventSchema), HostRequest: definition(hostRequestSchema) },
  }
}

const at = '2026-11-22T10:41:00.000000Z'
const handshake = { contract: HOST_CONTRACT, version: HOST_CONTRACT_VERSION } as const
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

// The messages have all fields of the contract, because the schemas strip a field that they lack.
const events: { [Type in HostEvent['type']]: Required<Extract<HostEvent, { type: Type }>> } = {
  ready: { type: 'ready', ...handshake, callId: null },
  resize: { type: 'resize', width: 320, height: 640.5 },
  connection: { type: 'connection', status: 'reconnecting', isDegraded: false, retryAt: at },
  'call-ringing': { type: 'call-ringing', ...call, callerName: 'Sample Caller', at },
  'call-answered': { type: 'call-answered', ...call, at },
  'call-selected': { type: 'call-selected', callId: null },
  'call-ended': {
    type: 'call-ended',
    ...call,
    startedAt: at,
    answeredAt: null,
    hungUpBy: 'caller',
    cause: 'normal_clearing',
    at,
  },
  'gather-started': { type: 'gather-started', ...gather, requestedBy: 'agent-7', at },
  'gather-ended': { type: 'gather-ended', ...gather, outcome: 'valid', attempts: 1, at },
  collected: { type: 'collected', ...call, ...item },
  'wrap-up': {
    type: 'wrap-up',
    ...call,
    startedAt: at,
    endedAt: at,
    collected: [item, { ...item, kind: 'fields', name: 'address.city', value: { city: 'Paris' }, mask: null }],
    at,
  },
  'wrap-up-saved': {
    type: 'wrap-up-saved',
    ...call,
    note: 'Call back on Friday',
    disposition: 'callback',
    collected: [item],
    startedAt: null,
    endedAt: at,
    at,
  },
  'ticket-needed': { type: 'ticket-needed', requestId: 'r1' },
  error: { type: 'error', code: 'serverUnreachable', detail: 'The server does not answer.', callId: null },
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

describe('the host contract', () => {
  it('the host contract schemas match the committed host-contract.schema.json', () => {
    // If this fails, the contract has changed. Would a host or a panel built before the change misread a message? Then
    // raise HOST_CONTRACT_VERSION. Then write the file again: UPDATE_WIRE_SCHEMA=1.
    const now = `${JSON.stringify(hostContractSchema(), null, 1)}\n`
    if (process.env.UPDATE_WIRE_SCHEMA) writeFileSync(file, now)
    expect(now).toBe(readFileSync(file, 'utf8'))
  })

  it.each(Object.values(events))('the schema of host events keeps all fields of a valid $type event', (event) => {
    expect(checkHostEvent(event)).toEqual({ ok: true, message: event })
  })

  it.each(Object.values(requests))(
    'the schema of host requests keeps all fields of a valid $type request',
    (request) => {
      expect(checkHostRequest(request)).toEqual({ ok: true, message: request })
    },
  )

  it('checkHostRequest accepts an init request without its optional fields', () => {
    const request = { type: 'init', ...handshake }
    expect(checkHostRequest(request)).toEqual({ ok: true, message: request })
  })

  it.each([0, 2, '1', null])('the host contract refuses version %j with the code unsupportedVersion', (version) => {
    const refused = { ok: false, error: { type: 'error', code: 'unsupportedVersion' } }
    expect(checkHostRequest({ ...requests.init, version, features: 'from a later version' })).toMatchObject(refused)
    expect(checkHostEvent({ ...events.ready, version })).toMatchObject(refused)
  })

  it('checkHostRequest refuses an unknown message type with the code unknownMessage', () => {
    expect(checkHostRequest({ type: 'dial' })).toMatchObject({ ok: false, error: { code: 'unknownMessage' } })
    expect(checkHostEvent({ type: 'init' })).toMatchObject({ ok: false, error: { code: 'unknownMessage' } })
  })

  it.each([undefined, null, 'init', 7, [], () => {}])(
    'the host contract refuses %o because it is not a message',
    (message) => {
      expect(checkHostRequest(message).ok).toBe(false)
      expect(checkHostEvent(message).ok).toBe(false)
    },
  )

  it('checkHostRequest refuses an init request without a contract version', () => {
    const { version: _, ...request } = requests.init
    expect(checkHostRequest(request)).toMatchObject({ ok: false, error: { code: 'invalidMessage' } })
  })

  it('checkHostRequest names the malformed field of a message in its error and never quotes the value', () => {
    const secret = 'header.payload.signature'
    const checked = checkHostRequest({ type: 'ticket', requestId: 7, ticket: secret })
    expect(checked).toMatchObject({ error: { code: 'invalidMessage', detail: expect.stringContaining('`requestId`') } })
    expect(JSON.stringify(checked)).not.toContain(secret)
  })

  it('checkHostRequest strips unknown fields from a request', () => {
    expect(checkHostRequest({ type: 'focus', smooth: true })).toEqual({ ok: true, message: { type: 'focus' } })
  })

  it('checkHostEvent refuses an event whose time is not ISO 8601 in UTC', () => {
    expect(checkHostEvent({ ...events.collected, at: 'yesterday' }).ok).toBe(false)
  })
})
