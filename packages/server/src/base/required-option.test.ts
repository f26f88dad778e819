import { Signer } from '@callgather/test-kit/telnyx'
import { describe, expect, it } from 'vitest'
import { createGatherServer } from '../server/create-gather-server.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { redisStore } from '../store/redis/redis-store.ts'
import { sqliteStore } from '../store/sqlite/sqlite-store.ts'
import { SECRET } from '../testing/server.ts'

/** An environment in which no variable is set. Its values have the type of `process.env` values. */
const unset: NodeJS.ProcessEnv = {}
const { publicKey } = new Signer()

describe('a required option', () => {
  it.each([
    [
      'telnyx.apiKey',
      () =>
        createGatherServer({
          telnyx: { apiKey: unset.TELNYX_API_KEY, publicKey },
          tickets: { secret: SECRET },
          store: memoryStore(),
        }),
    ],
    [
      'telnyx.publicKey',
      () =>
        createGatherServer({
          telnyx: { apiKey: 'KEY-test', publicKey: unset.TELNYX_PUBLIC_KEY },
          tickets: { secret: SECRET },
          store: memoryStore(),
        }),
    ],
    [
      'tickets.secret',
      () =>
        createGatherServer({
          telnyx: { apiKey: 'KEY-test', publicKey },
          tickets: { secret: unset.CALLGATHER_TICKET_SECRET },
          store: memoryStore(),
        }),
    ],
    [
      'store',
      () =>
        createGatherServer({
          telnyx: { apiKey: 'KEY-test', publicKey },
          tickets: { secret: SECRET },
          store: undefined as never,
        }),
    ],
    ['redisStore({ url })', () => redisStore({ url: unset.REDIS_URL })],
    ['sqliteStore({ path })', () => sqliteStore({ path: unset.CALLS_FILE })],
  ])('refuses to start with an error that names `%s` when its environment variable is unset', (name, start) => {
    expect(start).toThrow(`\`${name}\``)
  })
})
