// @vitest-environment node
/** A page and a server have different protocol versions, as during a deployment. Runs on real sockets. */
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
const waitOptions = { timeout: 15_000, interval: 20 }

describe('a client with another protocol version', () => {
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

  /** Creates the real client. `version` returns the protocol version of each new connection. */
  function pageWithVersion(version: () => number) {
    const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
    const base = `${origin}/callgather`
    const real = socketTransport({ origin, path: '/callgather/socket.io' })
    const feeds: CallFeed[] = []
    const opened: number[] = []
    const page = createClientWith({
      transport: {
        open: (auth, events) => {
          opened.push(version())
          return real.open({ ...auth, protocol: version() }, events)
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

  it('the client of an outdated page reports that the page must be reloaded and does not reconnect', async () => {
    const { page, feeds, opened } = pageWithVersion(() => PROTOCOL_VERSION - 1)
    await vi.waitFor(() => expect(page.connection.getSnapshot().status).toBe('refused'), waitOptions)
    const { error } = page.connection.getSnapshot()
    expect(error).toMatchObject({ status: 426, title: 'client_too_old' })
    expect(error?.detail).toContain('Reload the page')
    const feed = feeds.at(-1)
    expect(feed?.error).toEqual(error)
    expect(connectionView(page.connection.getSnapshot(), feed ?? null)).toBe('clientTooOld')
    expect(opened).toHaveLength(1)
  })

  it('the client reports an outdated server and reconnects on retryNow after the server’s upgrade', async () => {
    let version = PROTOCOL_VERSION + 1
    const { page, feeds } = pageWithVersion(() => version)
    await vi.waitFor(() => expect(page.connection.getSnapshot().status).toBe('refused'), waitOptions)
    expect(page.connection.getSnapshot().error).toMatchObject({ status: 426, title: 'server_too_old' })
    expect(connectionView(page.connection.getSnapshot(), feeds.at(-1) ?? null)).toBe('serverTooOld')

    // Changing the page's version has the same effect as upgrading the server.
    version = PROTOCOL_VERSION
    page.connection.retryNow()
    await vi.waitFor(
      () => expect(page.connection.getSnapshot()).toMatchObject({ status: 'live', error: null }),
      waitOptions,
    )
  })
})
