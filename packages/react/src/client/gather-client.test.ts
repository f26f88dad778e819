import type { SocketAuth } from '@callgather/protocol'
import { foldCall, gatherError, PROTOCOL_VERSION, type SocketError } from '@callgather/protocol'
import { hangupMidGather, pinEntry, twoGathers } from '@callgather/protocol/scenarios'
import { describe, expect, it, vi } from 'vitest'
import { createScenarioClient, type ScenarioClient } from '../testing/scenario-client.ts'
import { ScenarioServer, socketError } from '../testing/scenario-server.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import type { CallFeed, CallsFeed } from './feed.ts'
import { createClientWith, createGatherClient } from './gather-client.ts'
import { WatchError } from './watch-error.ts'

const { callId } = pinEntry

function watch(client: ScenarioClient, id = callId) {
  const feeds: CallFeed[] = []
  const abort = new AbortController()
  const outcome = vi.fn()
  const done = client.watch(id, { signal: abort.signal, onFeed: (feed) => feeds.push(feed) }).then(outcome, (error) => {
    outcome(error)
    throw error
  })
  done.catch(() => undefined)
  return {
    feeds,
    abort,
    outcome,
    done,
    get last(): CallFeed {
      const feed = feeds.at(-1)
      if (!feed) throw new Error('No feed was published yet.')
      return feed
    },
  }
}

const fullState = JSON.stringify(
  foldCall(
    callId,
    pinEntry.steps.map((step) => step.event),
  ),
)
const refused = (name: Parameters<typeof gatherError>[0]): SocketError => socketError(gatherError(name, 'No.'))

describe('the client watching a call', () => {
  it('the client connects with the first subscription', async () => {
    const client = createScenarioClient(pinEntry)
    await client.player.advance(100)
    expect(client.connection.getSnapshot().status).toBe('idle')
    watch(client)
    expect(client.connection.getSnapshot().status).toBe('connecting')
    await client.player.advance(0)
    expect(client.connection.getSnapshot()).toMatchObject({ status: 'live', attempt: 0, error: null })
  })

  it('the client reconnects by itself and reports the number of replayed events', async () => {
    const client = createScenarioClient(pinEntry)
    const watched = watch(client)
    await client.player.seek(6_000)
    client.faults.setUnreachable(true)
    expect(client.connection.getSnapshot().status).toBe('reconnecting')
    expect(watched.last.sync).toBe('catching_up')
    await client.player.playAll()
    client.faults.setUnreachable(false)
    await client.player.advance(2_000)
    expect(client.connection.getSnapshot().status).toBe('live')
    expect(watched.last).toMatchObject({ sync: 'live', notice: { kind: 'replayed' } })
    expect(JSON.stringify(watched.last.state)).toBe(fullState)
  })

  it('the client reports a degraded server store until the store recovers or the connection drops', async () => {
    const client = createScenarioClient(pinEntry)
    watch(client)
    await client.player.advance(0)
    const degraded = () => client.connection.getSnapshot().isDegraded
    expect(degraded()).toBe(false)
    client.faults.setDegraded(true)
    await client.player.advance(0)
    expect([client.connection.getSnapshot().status, degraded()]).toEqual(['live', true])
    client.faults.setDegraded(false)
    await client.player.advance(0)
    expect(degraded()).toBe(false)
    client.faults.setDegraded(true)
    client.faults.setUnreachable(true)
    expect([client.connection.getSnapshot().status, degraded()]).toEqual(['reconnecting', false])
    client.faults.setUnreachable(false)
    await client.player.advance(2_000)
    expect([client.connection.getSnapshot().status, degraded()]).toEqual(['live', true])
  })

  it('the client publishes no replay notice after a reconnection without missed events', async () => {
    const client = createScenarioClient(pinEntry)
    const watched = watch(client)
    await client.player.playAll()
    client.faults.dropConnection()
    await client.player.advance(2_000)
    expect(watched.last.sync).toBe('live')
    expect(watched.last.notice).toBeUndefined()
  })

  it('the client fetches a lost event when the next event reveals the gap', async () => {
    const client = createScenarioClient(pinEntry)
    const watched = watch(client)
    await client.player.seek(0)
    client.faults.loseEvents(1)
    await client.player.playAll()
    await client.player.advance(600)
    expect(JSON.stringify(watched.last.state)).toBe(fullState)
  })

  it('the client fetches a lost last event when a beacon reveals the loss', async () => {
    const client = createScenarioClient(pinEntry)
    const watched = watch(client)
    const last = pinEntry.steps.length - 1
    await client.player.seek((pinEntry.steps[last]?.at ?? 0) - 1)
    client.faults.loseEvents(1)
    await client.player.playAll()
    expect(JSON.stringify(watched.last.state)).not.toBe(fullState)
    await client.player.advance(6_000)
    expect(JSON.stringify(watched.last.state)).toBe(fullState)
  })

  it('the client adopts a replaced log and reports lost history', async () => {
    const client = createScenarioClient(pinEntry)
    const watched = watch(client)
    await client.player.seek(4_000)
    client.faults.loseHistory(callId, 1)
    await client.player.advance(0)
    expect(watched.feeds.map((feed) => feed.sync)).toContain('resyncing')
    expect(watched.last).toMatchObject({
      sync: 'live',
      notice: { kind: 'history_lost' },
      cursor: { epoch: 'e2', seq: 1 },
    })
    expect(watched.last.state.answered).toBeNull()
  })

  it('the client reports lost history when a call was not found before its replaced log appeared', async () => {
    const client = createScenarioClient(pinEntry)
    const watched = watch(client)
    await client.player.seek(4_000)
    client.faults.refuseCall(callId, refused('notFound'))
    client.faults.dropConnection()
    await client.player.advance(2_000)
    expect(watched.last).toMatchObject({ cursor: null, error: { status: 404 } })
    client.faults.loseHistory(callId, 1)
    client.faults.refuseCall(callId, null)
    await client.player.advance(10_000)
    expect(watched.last).toMatchObject({ sync: 'live', notice: { kind: 'history_lost' }, cursor: { epoch: 'e2' } })
  })

  it('the client drops a silent connection and reconnects', async () => {
    const client = createScenarioClient(pinEntry)
    watch(client)
    await client.player.seek(1_000)
    client.faults.delay(120_000)
    await client.player.advance(13_000)
    expect(client.connection.getSnapshot().status).toBe('reconnecting')
  })

  it('the client shares one server subscription between all subscribers of a call', async () => {
    const client = createScenarioClient(pinEntry)
    const first = watch(client)
    await client.player.seek(3_000)
    const answerWatch = vi.spyOn(ScenarioServer.prototype, 'answerWatch')
    const second = watch(client)
    expect(second.last).toBe(first.last)
    await client.player.advance(100)
    expect(answerWatch).not.toHaveBeenCalled()
    first.abort.abort()
    await client.player.playAll()
    expect(JSON.stringify(second.last.state)).toBe(fullState)
    expect(first.last).not.toBe(second.last)
    answerWatch.mockRestore()
  })

  it('the client resumes a call from the cursor of an earlier subscription', async () => {
    const client = createScenarioClient(pinEntry)
    const before = watch(client)
    await client.player.seek(5_000)
    before.abort.abort()
    await before.done
    await client.player.playAll()
    const answerWatch = vi.spyOn(ScenarioServer.prototype, 'answerWatch')
    const feeds: CallFeed[] = []
    client.watch(callId, { onFeed: (feed) => feeds.push(feed), resume: before.last }).catch(() => {})
    await client.player.advance(0)
    expect(answerWatch).toHaveBeenCalledWith(callId, before.last.cursor)
    expect(feeds[0]).toMatchObject({ sync: 'catching_up', cursor: before.last.cursor })
    expect(JSON.stringify(feeds.at(-1)?.state)).toBe(fullState)
    answerWatch.mockRestore()
  })

  it('the client closes the connection five seconds after the last subscriber unsubscribes', async () => {
    const client = createScenarioClient(pinEntry)
    const watched = watch(client)
    await client.player.seek(1_000)
    watched.abort.abort()
    await watched.done
    await client.player.advance(4_000)
    expect(client.connection.getSnapshot().status).toBe('live')
    await client.player.advance(2_000)
    expect(client.connection.getSnapshot().status).toBe('idle')
  })

  it('the client ends a subscription a minute after the last event of an ended call', async () => {
    const client = createScenarioClient(hangupMidGather)
    const watched = watch(client, hangupMidGather.callId)
    await client.player.playAll()
    await client.player.advance(30_000)
    client.emit(hangupMidGather.callId, 'call.conversation_insights.generated', { payload: { results: [] } })
    await client.player.advance(30_000)
    expect(watched.last.sync).toBe('live')
    expect(watched.last.state.timeline.at(-1)).toMatchObject({ eventType: 'call.conversation_insights.generated' })
    await client.player.advance(31_000)
    expect(watched.last.sync).toBe('ended')
    expect(watched.outcome).toHaveBeenCalledWith(undefined)
    await client.player.advance(10_000)
    expect(client.connection.getSnapshot().status).toBe('idle')
  })

  it('the client ends a subscription at once for a call that ended long ago', async () => {
    const client = createScenarioClient(hangupMidGather)
    await client.player.advance(600_000)
    const watched = watch(client, hangupMidGather.callId)
    await client.player.advance(0)
    expect(watched.last.sync).toBe('ended')
    expect(watched.outcome).toHaveBeenCalled()
  })

  it('client.watch rejects with WatchError and clears the state when access to a call is denied', async () => {
    const client = createScenarioClient([pinEntry, twoGathers])
    const watched = watch(client)
    await client.player.seek(4_000)
    client.faults.refuseCall(callId, refused('forbidden'))
    client.faults.dropConnection()
    await client.player.advance(2_000)
    await expect(watched.done).rejects.toSatisfy(WatchError.isInstance)
    expect(watched.last).toMatchObject({ error: { status: 403 }, cursor: null })
    expect(watched.last.state.answered).toBeNull()
    const other = watch(client, twoGathers.callId)
    await client.player.advance(0)
    expect(other.last.sync).toBe('live')
  })

  it('client.watch retries a call that is not found for half a minute before it rejects', async () => {
    const client = createScenarioClient([pinEntry, twoGathers])
    client.faults.refuseCall(callId, refused('notFound'))
    client.faults.refuseCall(twoGathers.callId, refused('notFound'))
    const [late, never] = [watch(client), watch(client, twoGathers.callId)]
    await client.player.seek(20_000)
    expect(late.last).toMatchObject({ sync: 'connecting', error: { status: 404 } })
    client.faults.refuseCall(callId, null)
    await client.player.advance(20_000)
    expect(late.last.sync).toBe('live')
    expect(late.last.error).toBeUndefined()
    await expect(never.done).rejects.toSatisfy(WatchError.isInstance)
  })

  it('client.watch retries a call while the server is unavailable and publishes the error', async () => {
    const client = createScenarioClient(pinEntry)
    client.faults.refuseCall(callId, refused('unavailable'))
    const watched = watch(client)
    await client.player.seek(3_000)
    expect(watched.last).toMatchObject({ sync: 'connecting', error: { status: 503 } })
    client.faults.refuseCall(callId, null)
    await client.player.advance(6_000)
    expect(watched.last.sync).toBe('live')
    expect(watched.last.error).toBeUndefined()
  })
})

describe('the connection', () => {
  it('the connection stays refused until retryNow', async () => {
    const client = createScenarioClient(pinEntry)
    const watched = watch(client)
    await client.player.seek(1_000)
    client.faults.refuseConnection(refused('forbidden'))
    await client.player.advance(60_000)
    expect(client.connection.getSnapshot()).toMatchObject({ status: 'refused', retryAt: null, error: { status: 403 } })
    expect(watched.last).toMatchObject({ sync: 'connecting', error: { status: 403 } })
    client.faults.refuseConnection(null)
    await client.player.advance(60_000)
    expect(client.connection.getSnapshot().status).toBe('refused')
    client.connection.retryNow()
    await client.player.advance(0)
    expect(client.connection.getSnapshot()).toMatchObject({ status: 'live', error: null })
    expect(watched.last.sync).toBe('live')
    expect(watched.last.error).toBeUndefined()
  })

  it('the connection retries an expired ticket with a fresh one, and is refused after the second 401', async () => {
    const client = createScenarioClient(pinEntry)
    watch(client)
    await client.player.seek(1_000)
    client.faults.dropConnection(refused('unauthenticated'))
    await client.player.advance(1_000)
    expect(client.connection.getSnapshot().status).toBe('live')
    client.faults.refuseConnection(refused('unauthenticated'))
    await client.player.advance(5_000)
    expect(client.connection.getSnapshot()).toMatchObject({ status: 'refused', error: { status: 401 } })
  })

  it('the connection publishes the time of its next attempt and reconnects at once on retryNow', async () => {
    const client = createScenarioClient(pinEntry)
    watch(client)
    await client.player.seek(1_000)
    client.faults.setUnreachable(true)
    await client.player.advance(20_000)
    const { status, attempt, retryAt } = client.connection.getSnapshot()
    expect(status).toBe('reconnecting')
    expect(attempt).toBeGreaterThan(5)
    expect(retryAt).toBeLessThanOrEqual(client.clock.now() + 2_000)
    client.faults.setUnreachable(false)
    client.connection.retryNow()
    await client.player.advance(0)
    expect(client.connection.getSnapshot()).toMatchObject({ status: 'live', attempt: 0 })
  })

  it('the connection recovers after hours of an unreachable server', async () => {
    const client = createScenarioClient(pinEntry)
    const watched = watch(client)
    await client.player.seek(1_000)
    client.faults.setUnreachable(true)
    await client.player.advance(3 * 3_600_000)
    client.faults.setUnreachable(false)
    await client.player.advance(10_000)
    expect(watched.last.sync).toBe('live')
    expect(JSON.stringify(watched.last.state)).toBe(fullState)
  })

  it('the connection stays closed after the client is closed', async () => {
    const client = createScenarioClient(pinEntry)
    const watched = watch(client)
    await client.player.seek(1_000)
    client.close()
    await watched.done
    expect(client.connection.getSnapshot().status).toBe('closed')
    await client.player.playAll()
    expect(client.connection.getSnapshot().status).toBe('closed')
    expect(JSON.stringify(watched.last.state)).not.toBe(fullState)
  })
})

describe('tickets', () => {
  const jwt = (claims: object) => `h.${btoa(JSON.stringify(claims)).replaceAll('=', '')}.s`

  function clientWith(getTicket: () => string | Promise<string>) {
    const clock = new VirtualClock(Date.parse('2030-01-01T00:00:00Z'))
    const server = new ScenarioServer(clock)
    server.addCall(callId, ['view'])
    const opened: SocketAuth[] = []
    const refreshed: string[] = []
    const transport = {
      open: (auth: SocketAuth, events: Parameters<ScenarioServer['open']>[1]) => {
        opened.push(auth)
        const link = server.open(auth, events)
        const { refreshTicket, watchCalls } = link
        link.watchCalls = () => {
          beforeList.run(events)
          return watchCalls.call(link)
        }
        link.refreshTicket = (ticket) => {
          refreshed.push(ticket)
          return refreshTicket.call(link, ticket)
        }
        return link
      },
    }
    /** Runs before the server gets a request for the list of calls. */
    const beforeList = { run: (_: Parameters<ScenarioServer['open']>[1]) => {} }
    const wake = { run: () => {} }
    const onWake = (run: () => void) => {
      wake.run = run
      return () => {}
    }
    const client = createClientWith({ transport, clock, getTicket, base: '', fetch, onWake })
    return { client, clock, opened, refreshed, server, wake, beforeList }
  }

  it('the client sends a fresh ticket and the protocol version with each connection', async () => {
    let count = 0
    const { client, clock, opened, server } = clientWith(() => `t${++count}`)
    client.watch(callId, { onFeed: () => {} }).catch(() => {})
    await clock.advanceTo(clock.now() + 10)
    server.drop(null)
    await clock.advanceTo(clock.now() + 1_000)
    expect(opened).toEqual([
      { ticket: 't1', protocol: PROTOCOL_VERSION },
      { ticket: 't2', protocol: PROTOCOL_VERSION },
    ])
  })

  it('the client renews a ticket on the live connection before it expires, even if the local clock is wrong', async () => {
    // The local clock is years ahead of the server's clock. Only the ticket's lifetime counts.
    const getTicket = vi.fn(() => jwt({ iat: 1_700_000_000, exp: 1_700_000_900 }))
    const { client, clock, opened, refreshed } = clientWith(getTicket)
    client.watch(callId, { onFeed: () => {} }).catch(() => {})
    await clock.advanceTo(clock.now() + 860_000)
    expect(refreshed).toHaveLength(0)
    await clock.advanceTo(clock.now() + 15_000)
    expect(refreshed).toHaveLength(1)
    expect(opened).toHaveLength(1)
    await clock.advanceTo(clock.now() + 900_000)
    expect(refreshed).toHaveLength(2)
  })

  it('the client publishes changed scopes after it renews a ticket', async () => {
    const { client, clock, server } = clientWith(() => jwt({ iat: 1_700_000_000, exp: 1_700_000_900 }))
    const feeds: CallFeed[] = []
    client.watch(callId, { onFeed: (feed) => feeds.push(feed) }).catch(() => {})
    await clock.advanceTo(clock.now() + 10)
    expect(feeds.at(-1)?.scopes).toEqual(['view'])
    server.setScopes(callId, ['view', 'gather'])
    await clock.advanceTo(clock.now() + 890_000)
    expect(feeds.at(-1)?.scopes).toEqual(['view', 'gather'])
  })

  it('the client publishes the calls of a new ticket, and no older change that arrives before the new list', async () => {
    const { client, clock, server, beforeList } = clientWith(() => jwt({ iat: 1_700_000_000, exp: 1_700_000_900 }))
    const other = twoGathers.callId
    server.addCall(other, ['view'])
    const append = ({ callId, steps: [step] }: typeof pinEntry) => step && server.append(callId, step.event)
    for (const scenario of [pinEntry, twoGathers]) append(scenario)
    server.refuseCall(other, refused('notFound'))
    const feeds: CallsFeed[] = []
    client.watchCalls({ onCalls: (feed) => feeds.push(feed) }).catch(() => {})
    const listed = () => feeds.at(-1)?.calls.map((call) => call.callId)
    await clock.advanceTo(clock.now() + 10)
    expect(listed()).toEqual([callId])
    server.refuseCall(callId, refused('notFound'))
    server.refuseCall(other, null)
    const calls = feeds.at(-1)?.calls ?? []
    beforeList.run = (events) => events.callsEvent({ calls, gone: [other] })
    await clock.advanceTo(clock.now() + 890_000)
    expect(listed()).toEqual([other])
    expect(new Set(feeds.map(({ sync }) => sync))).toEqual(new Set(['live']))
  })

  it('the client requests a ticket and reconnects at once when the network is back', async () => {
    const { client, clock, opened, server, wake } = clientWith(() => 't')
    client.watch(callId, { onFeed: () => {} }).catch(() => {})
    await clock.advanceTo(clock.now() + 10)
    server.setUnreachable(true)
    await clock.advanceTo(clock.now() + 600_000)
    server.setUnreachable(false)
    const attempts = opened.length
    wake.run()
    await clock.advanceTo(clock.now())
    expect(opened).toHaveLength(attempts + 1)
    expect(client.connection.getSnapshot().status).toBe('live')
  })

  it('the client retries a failed getTicket and publishes the error of getTicket', async () => {
    const getTicket = vi.fn(async () => 'good').mockRejectedValueOnce(new Error('session expired'))
    const { client, clock } = clientWith(getTicket)
    client.watch(callId, { onFeed: () => {} }).catch(() => {})
    await clock.advanceTo(clock.now() + 10)
    expect(client.connection.getSnapshot()).toMatchObject({ status: 'reconnecting', error: { status: 503 } })
    expect(client.connection.getSnapshot().error?.detail).toContain('session expired')
    await clock.advanceTo(clock.now() + 1_000)
    expect(client.connection.getSnapshot().status).toBe('live')
  })
})

describe('the client watching the list of calls', () => {
  it('the client publishes the whole list of calls, live calls first, on each change', async () => {
    const client = createScenarioClient([pinEntry, hangupMidGather])
    const feeds: CallsFeed[] = []
    const abort = new AbortController()
    const done = client.watchCalls({ signal: abort.signal, onCalls: (feed) => feeds.push(feed) })
    await client.player.seek(0)
    expect(feeds.at(-1)?.calls.map((call) => call.phase)).toEqual(['ringing', 'ringing'])
    await client.player.playAll()
    expect(feeds.at(-1)?.calls.map((call) => [call.callId, call.phase])).toEqual([
      [pinEntry.callId, 'answered'],
      [hangupMidGather.callId, 'ended'],
    ])
    client.faults.dropConnection()
    expect(feeds.at(-1)?.sync).toBe('catching_up')
    await client.player.advance(2_000)
    expect(feeds.at(-1)?.sync).toBe('live')
    abort.abort()
    await done
    await client.player.advance(6_000)
    expect(client.connection.getSnapshot().status).toBe('idle')
  })
})

describe('createGatherClient', () => {
  it('createGatherClient throws an error that names `url` when `url` is undefined', () => {
    const unset: NodeJS.ProcessEnv = {}
    expect(() => createGatherClient({ url: unset.PUBLIC_URL, getTicket: () => '' })).toThrow(
      '`createGatherClient({ url })`',
    )
  })
})
