import { describe, expect, it } from 'vitest'
import { memoryStore } from './calls/memory-store.ts'
import { redisStore } from './calls/redis-store.ts'
import { sqliteStore } from './calls/sqlite-store.ts'
import { createGatherServer } from './create-gather-server.ts'
import { SECRET } from './testing/server.ts'
import { Signer } from './testing/telnyx.ts'

/** An environment in which no variable is set. Its values have the type of `process.env` values. */
const unset: NodeJS.ProcessEnv = {}
const { publicKey } = new Signer()

describe('A required option', () => {
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
    ['redisStore({ url })', () => redisStore({ url: unset.REDIS_URL })],
    ['sqliteStore({ path })', () => sqliteStore({ path: unset.CALLS_FILE })],
  ])('stops the start with an error that names `%s` when its environment variable is unset', (name, start) => {
    expect(start).toThrow(`\`${name}\``)
  })
})
