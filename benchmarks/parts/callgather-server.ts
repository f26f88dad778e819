/** Our own server, made as a user would make it. */
import crypto from 'node:crypto'
import { createServer } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import type { AddressInfo } from 'node:net'
import { foldCall } from '@callgather/protocol'
import { createGatherServer, memoryStore, redisStore, sqliteStore } from '@callgather/server'
import { stampArrivals } from './arrivals.ts'
import { screenOf } from './screen.ts'
import { serve, settings } from './serve.ts'

export interface CallgatherSettings {
  readonly publicKey: string
  /** `memory:`, `file:PATH` or a Redis URL. */
  readonly store: string
  /** `none` takes the check of the signature itself out, and nothing else: to compare with what verifies nothing. */
  readonly verifier?: 'none'
}

const { publicKey, store, verifier } = settings<CallgatherSettings>()

if (verifier === 'none') {
  // A server cannot be told not to verify. So here, and only here, the function it verifies with finds everything right.
  const verify = (...args: unknown[]) => {
    const done = args.at(-1)
    if (typeof done === 'function') setImmediate(() => done(null, true))
  }
  Object.assign(crypto, { verify })
  syncBuiltinESMExports()
}
const calls = openStore()
const gather = createGatherServer({
  telnyx: { apiKey: 'not used here', publicKey },
  store: calls,
  // All the watchers come from one address and at once, which a server would rightly refuse.
  limits: { handshakesPerSecond: 10_000, handshakeBurst: 10_000, maxConnectionsPerSubject: 10_000 },
  tickets: { secret: 'a secret for the time of a benchmark' },
  // There is no Telnyx to ask.
  reconcile: false,
})
const server = createServer()
gather.attach(server)
const arrivals = stampArrivals(server)

export const abilities = {
  listen: () =>
    new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
    }),
  ticket: (subject: string) => gather.issueTicket({ subject, calls: '*', scopes: ['view'], expiresIn: '1d' }),
  arrivals,
  /** What the retention does when the time of every call is up. How many there were. */
  forgetAll: () => calls.forgetBefore(Date.now() + 1),
  /** What the log of each call makes a screen show, read from the store and folded anew. */
  screens: async (callIds: readonly string[]): Promise<string[]> => {
    const screens: string[] = []
    for (const callId of callIds) {
      const { records = [] } = (await calls.read(callId, 0)) ?? {}
      const events = records.map(({ event }) => event)
      screens.push(screenOf(foldCall(callId, events)))
    }
    return screens
  },
}
serve(abilities)

function openStore() {
  if (store === 'memory:') return memoryStore()
  if (store.startsWith('file:')) return sqliteStore({ path: store.slice('file:'.length) })
  return redisStore({ url: store })
}
