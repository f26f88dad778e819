// @vitest-environment node
/** What happens between a page and a server of different ages, on real sockets: a deployment, seen from the screen. */
import { generateKeyPairSync } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PROTOCOL_VERSION } from '@callgather/protocol'
import { createGatherServer, type GatherServer } from '@callgather/server'
import { memoryStore } from '@callgather/server/memory'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { connectionView } from '../components/connection-status/connection-view.ts'
import { systemClock } from './clock.ts'
import type { CallFeed } from './feed.ts'
import { createClientWith, type GatherClient } from './gather-client.ts'
import { socketTransport } from './socket-transport.ts'

const secret = 'a secret for these tests, of more than thirty-two bytes'
const inTime = { timeout: 15_000, interval: 20 }

describe('a page and a server of different ages', () => {
  let gather: GatherServer
  let http: Server
  let client: GatherClient | null = null

  beforeAll(async () => {
    const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
    gather = createGatherServer({
      telnyx: { apiKey: 'KEY', publicKey: Buffer.from(x, 'base64url').toString('base64') },
      store: memoryStore(),
      tickets: { secret },
      logger: pino({ level: 'silent' }),
    })
    http = createServer()
    gather.attach(http)
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  })

  afterEach(() => client?.close())

  afterAll(async () => {
    await gather.close()
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
  })

  /** The real client, built of a protocol of another version: `spoken` says which, connection by connection. */
  function pageSpeaking(spoken: () => number) {
    const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
    const base = `${origin}/callgather`
    const real = socketTransport({ origin, path: '/callgather/socket.io' })
    const feeds: CallFeed[] = []
    const opened: number[] = []
    const page = createClientWith({
      transport: {
        open: (auth, events) => {
          opened.push(spoken())
          return real.open({ ...auth, protocol: spoken() }, events)
        },
      },
      clock: systemClock,
      fetch: (...request) => fetch(...request),
      getTicket: () => gather.issueTicket({ subject: 'agent-7', calls: '*', scopes: ['view'] }),
      base,
      onWake: () => () => {},
    })
    client = page
    page.watch('v3:any', { onFeed: (feed) => feeds.push(feed) }).catch(() => undefined)
    return { page, feeds, opened }
  }

  it('says that the page is too old, and leaves the server alone after that', async () => {
    const { page, feeds, opened } = pageSpeaking(() => PROTOCOL_VERSION - 1)
    await vi.waitFor(() => expect(page.connection.getSnapshot().status).toBe('refused'), inTime)
    const { error } = page.connection.getSnapshot()
    expect(error).toMatchObject({ status: 426, title: 'client_too_old' })
    expect(error?.detail).toContain('Reload the page')
    const feed = feeds.at(-1)
    expect(feed?.error).toEqual(error)
    expect(connectionView(page.connection.getSnapshot(), feed ?? null)).toBe('clientTooOld')
    expect(opened).toHaveLength(1)
  })

  it('says that the server is too old, and comes back at “Retry now” once it is not', async () => {
    let version = PROTOCOL_VERSION + 1
    const { page, feeds } = pageSpeaking(() => version)
    await vi.waitFor(() => expect(page.connection.getSnapshot().status).toBe('refused'), inTime)
    expect(page.connection.getSnapshot().error).toMatchObject({ status: 426, title: 'server_too_old' })
    expect(connectionView(page.connection.getSnapshot(), feeds.at(-1) ?? null)).toBe('serverTooOld')

    // What a deployment does to the server is done to the page here: it comes to the same.
    version = PROTOCOL_VERSION
    page.connection.retryNow()
    await vi.waitFor(() => expect(page.connection.getSnapshot()).toMatchObject({ status: 'live', error: null }), inTime)
  })
})
