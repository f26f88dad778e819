/** Our server, created through its public API. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { foldCall } from '@callgather/protocol'
import { createGatherServer } from '@callgather/server'
import { memoryStore } from '@callgather/server/memory'
import { redisStore } from '@callgather/server/redis'
import { sqliteStore } from '@callgather/server/sqlite'
import { screenOf, stampArrivals } from './observe.ts'
import { serve, settings } from './serve.ts'

/** `store`: `memory:`, `file:PATH` or a Redis URL. */
const { publicKey, store: at } = settings<{ readonly publicKey: string; readonly store: string }>()

const store = openStore()
const gather = createGatherServer({
  telnyx: { apiKey: 'not used here', publicKey },
  store,
  // All watchers connect from one address at once, which the default limits refuse.
  limits: { handshakesPerSecond: 10_000, handshakeBurst: 10_000, maxConnectionsPerSubject: 10_000 },
  // The pages of the benchmark of the first key.
  allowedOrigins: ['http://page.localhost'],
  tickets: { secret: 'a secret for the time of a benchmark' },
  // There is no Telnyx to reconcile with.
  reconcile: false,
})
const server = createServer()
gather.attach(server)

export const abilities = {
  listen: () =>
    new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
    }),
  /** Issues tickets for `count` agents. */
  tickets: (count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, nth) =>
        gather.issueTicket({ subject: `agent ${nth}`, calls: '*', scopes: ['view'], expiresIn: '1d' }),
      ),
    ),
  arrivals: stampArrivals(server),
  /** Returns the digest of each call, folded again from the stored log. */
  screens: async (callIds: readonly string[]): Promise<string[]> => {
    const screens: string[] = []
    for (const callId of callIds) {
      const { records = [] } = (await store.read(callId, 0)) ?? {}
      const events = records.map(({ event }) => event)
      screens.push(screenOf(foldCall(callId, events)))
    }
    return screens
  },
}
serve(abilities)

function openStore() {
  if (at === 'memory:') return memoryStore()
  if (at.startsWith('file:')) return sqliteStore({ path: at.slice('file:'.length) })
  return redisStore({ url: at })
}
