// @vitest-environment node
/** A page that asks for more than its line carries at once: it waits for a line that lives, and not for a dead one. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createGatherServer } from '@callgather/server'
import { memoryStore } from '@callgather/server/memory'
import { CuttableLine } from '@callgather/test-kit/cuttable-line'
import { Signer } from '@callgather/test-kit/telnyx'
import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { ScenarioServer } from '../testing/scenario-server.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import type { CallFeed } from './feed.ts'
import { createClientWith, createGatherClient, type GatherClient } from './gather-client.ts'
import type { Link, LinkEvents } from './transport.ts'

/** Watches calls; remembers what is known of each, and whether the connection was ever lost. */
function watchAll(client: GatherClient, callIds: readonly string[]) {
  const known = new Map<string, CallFeed>()
  const lost = vi.fn()
  client.connection.subscribe(() => {
    if (client.connection.getSnapshot().status === 'reconnecting') lost()
  })
  const leave = callIds.map((callId) => {
    const abort = new AbortController()
    client.watch(callId, { signal: abort.signal, onFeed: (feed) => known.set(callId, feed) }).catch(() => undefined)
    return () => abort.abort()
  })
  return {
    known,
    lost,
    leaveAll: () => {
      for (const each of leave) each()
    },
  }
}

const liveOf = (known: ReadonlyMap<string, CallFeed>) => [...known.values()].filter(({ sync }) => sync === 'live')

describe('against the real server, on a slow line', () => {
  it('is told everything over one connection, though it takes longer than any answer may be awaited', async () => {
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
    const line = await CuttableLine.to((server.address() as AddressInfo).port)
    // The system's buffers hold megabytes between two ends, but no more than this comes out of them.
    line.throttle(400_000)
    const client = createGatherClient({
      url: line.origin,
      getTicket: () => gather.issueTicket({ subject: 'agent-7', calls: '*', scopes: ['view'] }),
    })
    const { known, lost } = watchAll(client, calls)
    await vi.waitFor(() => expect(liveOf(known)).toHaveLength(calls.length), { timeout: 40_000, interval: 50 })
    expect(lost).not.toHaveBeenCalled()
    client.close()
    await line.close()
    await gather.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }, 60_000)
})

/** A client by a clock of its own, on a line that answers when it is told to, and tells what is asked of it. */
function clientOnLine(calls: number) {
  const clock = new VirtualClock(Date.parse('2030-01-01T00:00:00Z'))
  const server = new ScenarioServer(clock)
  const callIds = Array.from({ length: calls }, (_, index) => `v3:call-${index}`)
  for (const callId of callIds) server.addCall(callId, ['view'])
  const asked: string[] = []
  /** The answers that are on their way, the oldest first. */
  const onTheirWay: (() => void)[] = []
  const opened = vi.fn()
  let dead = false
  const client = createClientWith({
    clock,
    getTicket: () => 't',
    base: '',
    fetch,
    onWake: () => () => {},
    transport: {
      open: (auth, events) => {
        opened()
        const whileAlive = <Of extends unknown[]>(tell: (...of: Of) => void) => {
          return (...of: Of) => {
            if (!dead) tell(...of)
          }
        }
        const told: LinkEvents = {
          ...events,
          callHead: whileAlive(events.callHead),
          callEvent: whileAlive(events.callEvent),
        }
        const link: Link = server.open(auth, told)
        const { watchCall } = link
        link.watchCall = (callId, cursor) => {
          asked.push(callId)
          return new Promise((resolve, reject) => {
            onTheirWay.push(() => {
              if (!dead) watchCall.call(link, callId, cursor).then(resolve, reject)
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
    asked,
    opened,
    answer: (count = 1) => {
      for (const arrive of onTheirWay.splice(0, count)) arrive()
    },
    die: () => {
      dead = true
    },
    pass: (millis: number) => clock.advanceTo(clock.now() + millis),
  }
}

describe('a page that watches many calls', () => {
  it('asks for sixteen at a time, in the order in which they were asked for', async () => {
    const { client, callIds, asked, answer, pass } = clientOnLine(40)
    const { known } = watchAll(client, callIds)
    await pass(10)
    expect(asked).toEqual(callIds.slice(0, 16))
    answer(3)
    await pass(0)
    expect(asked).toEqual(callIds.slice(0, 19))
    for (let round = 0; round < 40; round++) {
      answer()
      await pass(0)
    }
    expect(asked).toEqual(callIds)
    expect(liveOf(known)).toHaveLength(40)
  })

  it('does not ask for what nobody looks at any more when its turn comes', async () => {
    const { client, callIds, asked, answer, pass } = clientOnLine(40)
    const first = watchAll(client, callIds.slice(0, 16))
    const gone = watchAll(client, callIds.slice(16, 30))
    const last = watchAll(client, callIds.slice(30))
    await pass(10)
    gone.leaveAll()
    first.leaveAll()
    await pass(0)
    answer(16)
    await pass(0)
    expect(asked).toEqual([...callIds.slice(0, 16), ...callIds.slice(30)])
    answer(10)
    await pass(0)
    expect(liveOf(last.known)).toHaveLength(10)
  })
})

describe('a line that is asked', () => {
  it('is kept for as long as anything comes, however long an answer takes', async () => {
    const { client, callIds, answer, opened, pass } = clientOnLine(20)
    watchAll(client, callIds)
    await pass(10)
    for (let round = 0; round < 20; round++) {
      await pass(11_000)
      answer()
    }
    await pass(0)
    expect(opened).toHaveBeenCalledTimes(1)
    expect(client.connection.getSnapshot().status).toBe('live')
  })

  it('is given up within twelve seconds of silence, also where only the list of calls is watched', async () => {
    const { client, callIds, answer, die, pass } = clientOnLine(20)
    watchAll(client, callIds)
    await pass(10)
    answer(1)
    await pass(0)
    die()
    await pass(11_900)
    expect(client.connection.getSnapshot().status).toBe('live')
    await pass(200)
    expect(client.connection.getSnapshot().status).toBe('reconnecting')

    const other = clientOnLine(1)
    other.server.delay(60_000)
    other.client.watchCalls({ onCalls: () => {} }).catch(() => {})
    await other.pass(60_010)
    expect(other.client.connection.getSnapshot().status).toBe('live')
    await other.pass(12_100)
    expect(other.client.connection.getSnapshot().status).toBe('reconnecting')
  })

  it('is given more time after that, since one long answer says nothing until it is whole', async () => {
    const { client, callIds, answer, opened, pass } = clientOnLine(1)
    const { known } = watchAll(client, callIds)
    // Each time this answer takes 20 s, and nothing else passes meanwhile.
    await pass(12_100)
    await pass(1_000)
    expect(opened).toHaveBeenCalledTimes(2)
    answer(1)
    await pass(19_000)
    expect(opened).toHaveBeenCalledTimes(2)
    answer(1)
    await pass(0)
    expect(liveOf(known)).toHaveLength(1)
  })

  it('is given up when it tells much, but never what it is asked', async () => {
    const { client, callIds, answer, opened, pass } = clientOnLine(2)
    watchAll(client, callIds)
    await pass(10)
    answer(1)
    // The beacons of the first go on, and the second is never answered.
    await pass(59_000)
    expect(opened).toHaveBeenCalledTimes(1)
    await pass(2_000)
    expect(opened).toHaveBeenCalledTimes(2)
  })
})
