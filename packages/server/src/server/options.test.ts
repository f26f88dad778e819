/** Invalid server options, as JavaScript code or an unset environment variable may pass them. */

import { Signer } from '@callgather/test-kit/telnyx'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../store/memory/memory-store.ts'
import { redisStore } from '../store/redis/redis-store.ts'
import { CALL, SECRET, testServer } from '../testing/server.ts'
import { createGatherServer } from './create-gather-server.ts'

const telnyx = { apiKey: 'KEY-test', publicKey: new Signer().publicKey }
const records = { url: 'https://crm.example.com/calls', secret: `whsec_${'a'.repeat(44)}` }
const start = (options: object) =>
  createGatherServer({ store: memoryStore(), tickets: { secret: SECRET }, reconcile: false, telnyx, ...options })

const numbers = [
  'toleranceSeconds',
  'retentionHours',
  'transcriptRetentionHours',
  'callbackDeadlineMs',
  'maxWebhookBytes',
  'maxBodyBytesInFlight',
  'telnyx.timeoutMs',
  'reconcile.intervalMs',
  'reconcile.silentMs',
  'records.wrapUpTimeoutMs',
  'records.timeoutMs',
  'limits.maxConnections',
  'limits.liveness.pingIntervalMs',
]
const callbacks = ['onSensitive', 'authenticate', 'authorize', 'audit.sink', 'now']
const flags = ['insecure', 'unsafeDebug', 'records.allowPrivateUrl']
const others = ['telnyx', 'telnyx.baseUrl', 'tickets', 'tickets.audience', 'tickets.secret', 'secret']
const objects = [
  'policy',
  'policy.mask',
  'policy.templates',
  'audit',
  'limits',
  'store',
  'logger',
  'reconcile',
  'records',
]

const invalidOptions = [
  ...numbers.flatMap((name) => [null, Number.NaN, -1, '5', true, [5]].map((value) => [name, value] as const)),
  ...callbacks.flatMap((name) => [null, 'x', {}].map((value) => [name, value] as const)),
  ...flags.flatMap((name) => [null, 'false', 0].map((value) => [name, value] as const)),
  ...others.flatMap((name) => [null, Number.NaN, -1, true].map((value) => [name, value] as const)),
  ...objects.flatMap((name) => [null, Number.NaN, 'x'].map((value) => [name, value] as const)),
  ['telnyx.connectionIds', 'a string'],
  ['telnyx.connectionIds', [undefined]],
  ['telnyx.connectionIds', ['']],
  ['telnyx.publicKey', null],
  ['telnyx.publicKey', [telnyx.publicKey, undefined]],
  ['secret', 'shorter than it may be'],
  ['audit.strict', 'false'],
  ['limits.liveness.pingIntervalMs', 2 ** 31],
  ['limits.commandBurst', 0.5],
  ['records.url', 'http://crm.example.com/'],
  ['records.url', 'https://169.254.169.254/'],
  ['records.url', undefined],
  ['records.secret', undefined],
  ['records.secret', 'a secret without the prefix'],
  ['records.secret', 'whsec_c2hvcnQ='],
  ['records.secret', []],
] as const

/** Returns valid server options, except for the given value at a dotted path. */
function optionsWith(name: string, value: unknown): object {
  const [group = '', ...rest] = name.split('.')
  if (rest.length === 0) return { [group]: value }
  const groups: Record<string, object> = { telnyx, audit: { sink: () => {} }, records }
  const given = groups[group] ?? {}
  return { [group]: { ...given, ...optionsWith(rest.join('.'), value) } }
}

describe('server options', () => {
  it.each(invalidOptions)('refuses to start when the option `%s` is %j, and names the option', (name, value) => {
    expect(() => start(optionsWith(name, value))).toThrow(`\`${name}`)
  })

  it.each(['retentionHour', 'onSensetive', 'policy.masks', 'telnyx.timeout', 'tickets.aud', 'audit.strickt'])(
    'refuses to start with the misspelt option `%s` and names it',
    (name) => {
      expect(() => start(optionsWith(name, undefined))).toThrow(`\`${name}\` is not an option`)
    },
  )

  it('the server starts with `undefined` for every option that has a default', async () => {
    const names = [...numbers, ...callbacks, ...flags, ...objects].filter((name) => !name.includes('.'))
    const unset = Object.fromEntries(names.map((name) => [name, undefined]))
    await start({
      ...unset,
      store: memoryStore(),
      telnyx: { ...telnyx, client: undefined, timeoutMs: undefined },
    }).close()
  })

  it('refuses to start without a store and names the package entries that export stores', () => {
    const entries = /@callgather\/server\/sqlite.*@callgather\/server\/redis.*@callgather\/server\/memory/
    expect(() => start({ store: undefined })).toThrow(entries)
  })

  it('sends a command when `telnyx.timeoutMs` is a fraction', async () => {
    await using server = await testServer({ telnyx: { timeoutMs: 2_500.5 } as never })
    await server.webhook('call.answered')
    expect((await server.command('gather', { maximum_digits: 4 })).status).toBe(200)
    expect(server.upstream.received).toHaveLength(1)
  })
})

describe('Redis store options', () => {
  it.each([
    ['timeoutMs', Number.NaN],
    ['timeoutMs', 0],
    ['timeoutMs', '500'],
    ['retentionMs', Number.NaN],
    ['retentionMs', -1],
    ['prefix', ''],
    ['prefx', 'a'],
  ])('rejects the Redis store option `%s` with the value %j', (name, value) => {
    // With an invalid timeout, an unreachable Redis would crash the process.
    expect(() => redisStore({ url: 'redis://127.0.0.1:1', warn: () => {}, [name]: value })).toThrow(
      `\`redisStore.${name}\``,
    )
  })
})

describe('ticket requests', () => {
  it.each([undefined, CALL, [7], null])('refuses to issue a ticket for the calls %j', async (calls) => {
    await using server = await testServer()
    await expect(server.ticket({ calls: calls as never })).rejects.toThrow('`calls`')
  })
})
