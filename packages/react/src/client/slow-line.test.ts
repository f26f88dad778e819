// @vitest-environment node
/** A page requests more data than a slow network carries. It must keep a slow connection and drop a dead connection. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createGatherServer } from '@callgather/server'
import { memoryStore } from '@callgather/server/memory'
import { FaultProxy } from '@callgather/test-kit/fault-proxy'
import { Signer } from '@callgather/test-kit/telnyx'
import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { ScenarioServer } from '../testing/scenario-server.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import type { CallFeed } from './feed.ts'
import { createClientWith, createGatherClient, type GatherClient } from './gather-client.ts'
import type { Link, LinkEvents } from './transport.ts'

/** Watches calls, and records the latest feed of each call and all lost connections. */
function watchAll(client: GatherClient, callIds: readonly string[]) {
  const feeds = new Map<string, CallFeed>()
  const onReconnecting = vi.fn()
  client.connection.subscribe(() => {
    if (client.connection.getSnapshot().status === 'reconnecting') onReconnecting()
  })
  const unsubscribes = callIds.map((callId) => {
    const abort = new AbortController()
    client.watch(callId, { signal: abort.signal, onFeed: (feed) => feeds.set(callId, feed) }).catch(() => undefined)
    return () => abort.abort()
  })
  return {
    feeds,
    onReconnecting,
    unwatchAll: () => {
      for (const unsubscribe of unsubscribes) unsubscribe()
    },
  }
}

const liveOf = (feeds: ReadonlyMap<string, CallFeed>) => [...feeds.values()].filter(({ sync }) => sync === 'live')

describe('the client on a slow network', () => {
  it('the client receives all snapshots over one connection, even when that takes longer than the silence timeout', async () => {
    const calls = Array.from({ length: 80 }, (_, index) => `v3:long-${index}`)
    const store = memoryStore()
    for (const call of calls) {
      const payload = { filler: 'x'.repeat(50_000) }
      const event = {
        id: `${call} begins`,
        event_type: 'call.test',
        occurred_at: '2026-11-22T10:41:00.000000Z',
        payload,
      }
      await store.append(call, [{ event }])
    }
    const gather = createGatherServer({
      telnyx: { apiKey: 'KEY-test', publicKey: new Signer().publicKey },
      store,
      tickets: { secret: 'a secret of at least thirty-two bytes' },
      reconcile: false,
      logger: pino({ level: 'silent' }),
    })
    const server = createServer()
    gather.attach(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const line = await FaultProxy.listen((server.address() as AddressInfo).port)
    // System buffers hold megabytes, but the client receives no more than this.
    line.throttle(400_000)
    const client = createGatherClient({
      url: line.origin,
      getTicket: () => gather.issueTicket({ subject: 'agent-7', calls: '*', scopes: ['view'] }),
    })
    const { feeds, onReconnecting } = watchAll(client, calls)
    await vi.waitFor(() => expect(liveOf(feeds)).toHaveLength(calls.length), { timeout: 40_000, interval: 50 })
    expect(onReconnecting).not.toHaveBeenCalled()
    client.close()
    await line.close()
    await gather.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }, 60_000)
})

/** Creates a client on a virtual clock, and a server that replies only when the test releases a reply. */
function clientWithManualReplies(calls: number) {
  const clock = new VirtualClock(Date.parse('2030-01-01T00:00:00Z'))
  const server = new ScenarioServer(clock)
  const callIds = Array.from({ length: calls }, (_, index) => `v3:call-${index}`)
  for (const callId of callIds) server.addCall(callId, ['view'])
  const requested: string[] = []
  /** The unsent replies, oldest first. */
  const pendingReplies: (() => void)[] = []
  const opened = vi.fn()
  let isDead = false
  const client = createClientWith({
    clock,
    getTicket: () => 't',
    base: '',
    fetch,
    onWake: () => () => {},
    transport: {
      open: (auth, events) => {
        opened()
        const whileAlive = <Args extends unknown[]>(handle: (...args: Args) => void) => {
          return (...args: Args) => {
            if (!isDead) handle(...args)
          }
        }
        const liveEvents: LinkEvents = {
          ...events,
          callHead: whileAlive(events.callHead),
          callEvent: whileAlive(events.callEvent),
        }
        const link: Link = server.open(auth, liveEvents)
        const { watchCall } = link
        link.watchCall = (callId, cursor) => {
          requested.push(callId)
          return new Promise((resolve, reject) => {
            pendingReplies.push(() => {
              if (!isDead) watchCall.call(link, callId, cursor).then(resolve, reject)
            })
          })
        }
        return link
      },
    },
  })
  return {
    client,
    clock,
    server,
    callIds,
    requested,
    opened,
    reply: (count = 1) => {
      for (const send of pendingReplies.splice(0, count)) send()
    },
    die: () => {
      isDead = true
    },
    pass: (millis: number) => clock.advanceTo(clock.now() + millis),
  }
}

describe('a client that watches many calls', () => {
  it('the client requests at most sixteen calls at a time, in subscription order', async () => {
    const { client, callIds, requested, reply, pass } = clientWithManualReplies(40)
    const { feeds } = watchAll(client, callIds)
    await pass(10)
    expect(requested).toEqual(callIds.slice(0, 16))
    reply(3)
    await pass(0)
    expect(requested).toEqual(callIds.slice(0, 19))
    for (let round = 0; round < 40; round++) {
      reply()
      await pass(0)
    }
    expect(requested).toEqual(callIds)
    expect(liveOf(feeds)).toHaveLength(40)
  })

  it('the client removes a queued request when its call is unwatched', async () => {
    const { client, callIds, requested, reply, pass } = clientWithManualReplies(40)
    const first = watchAll(client, callIds.slice(0, 16))
    const dropped = watchAll(client, callIds.slice(16, 30))
    const last = watchAll(client, callIds.slice(30))
    await pass(10)
    dropped.unwatchAll()
    first.unwatchAll()
    await pass(0)
    reply(16)
    await pass(0)
    expect(requested).toEqual([...callIds.slice(0, 16), ...callIds.slice(30)])
    reply(10)
    await pass(0)
    expect(liveOf(last.feeds)).toHaveLength(10)
  })
})

describe('a connection with pending requests', () => {
  it('the client keeps a connection with pending requests while other frames arrive', async () => {
    const { client, callIds, reply, opened, pass } = clientWithManualReplies(20)
    watchAll(client, callIds)
    await pass(10)
    for (let round = 0; round < 20; round++) {
      await pass(11_000)
      reply()
    }
    await pass(0)
    expect(opened).toHaveBeenCalledTimes(1)
    expect(client.connection.getSnapshot().status).toBe('live')
  })

  it('the client drops a connection with a pending request after twelve seconds of silence', async () => {
    const { client, callIds, reply, die, pass } = clientWithManualReplies(20)
    watchAll(client, callIds)
    await pass(10)
    reply(1)
    await pass(0)
    die()
    await pass(11_900)
    expect(client.connection.getSnapshot().status).toBe('live')
    await pass(200)
    expect(client.connection.getSnapshot().status).toBe('reconnecting')

    const other = clientWithManualReplies(1)
    other.server.delay(60_000)
    other.client.watchCalls({ onCalls: () => {} }).catch(() => {})
    await other.pass(60_010)
    expect(other.client.connection.getSnapshot().status).toBe('live')
    await other.pass(12_100)
    expect(other.client.connection.getSnapshot().status).toBe('reconnecting')
  })

  it('the client doubles the silence timeout after it drops a connection with a pending request', async () => {
    const { client, callIds, reply, opened, pass } = clientWithManualReplies(1)
    const { feeds } = watchAll(client, callIds)
    // Each reply takes 20 s, and no other frame arrives meanwhile.
    await pass(12_100)
    await pass(1_000)
    expect(opened).toHaveBeenCalledTimes(2)
    reply(1)
    await pass(19_000)
    expect(opened).toHaveBeenCalledTimes(2)
    reply(1)
    await pass(0)
    expect(liveOf(feeds)).toHaveLength(1)
  })

  it('the client drops a connection that delivers beacons but no reply for a minute', async () => {
    const { client, callIds, reply, opened, pass } = clientWithManualReplies(2)
    watchAll(client, callIds)
    await pass(10)
    reply(1)
    // Beacons of the first call continue, but the second request gets no reply.
    await pass(59_000)
    expect(opened).toHaveBeenCalledTimes(1)
    await pass(2_000)
    expect(opened).toHaveBeenCalledTimes(2)
  })
})
