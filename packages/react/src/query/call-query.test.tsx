import { gatherError } from '@callgather/protocol'
import { hangupMidGather, pinEntry } from '@callgather/protocol/scenarios'
import { focusManager, onlineManager, QueryClient, QueryObserver } from '@tanstack/react-query'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { CallFeed } from '../client/feed.ts'
import { createScenarioClient, type ScenarioClient } from '../testing/scenario-client.ts'
import { ScenarioServer, socketError } from '../testing/scenario-server.ts'
import { unwrapFeed } from './cached-feed.ts'
import { callQueryOptions } from './call-query.ts'
import { callsQueryOptions } from './calls-query.ts'
import { gatherKeys } from './keys.ts'

const { callId } = pinEntry

function setUp(scenario = pinEntry) {
  const client = createScenarioClient(scenario)
  const cache = new QueryClient()
  cache.mount()
  const answerWatch = vi.spyOn(ScenarioServer.prototype, 'answerWatch')
  const observe = (id = scenario.callId) => {
    const observer = new QueryObserver(cache, callQueryOptions(client, id))
    return observer.subscribe(() => {})
  }
  const data = (id = scenario.callId) => unwrapFeed(cache.getQueryData<CallFeed>(gatherKeys.call(client, id)))
  const state = () => cache.getQueryState(gatherKeys.call(client, scenario.callId))
  return { client, cache, answerWatch, observe, data, state }
}

/** Waits until throttled writes have reached the cache. */
const flushFrames = async (client: ScenarioClient) => {
  await client.player.advance(0)
  await new Promise((resolve) => setTimeout(resolve, 50))
}

afterEach(() => {
  vi.restoreAllMocks()
  focusManager.setFocused(undefined)
  onlineManager.setOnline(true)
})

describe('the query of a call', () => {
  it('the query of a call has data from the first feed and stays fetching while the call is watched', async () => {
    const { client, observe, state, data } = setUp()
    observe()
    expect(state()).toMatchObject({ status: 'pending', fetchStatus: 'fetching' })
    await client.player.seek(3_000)
    await flushFrames(client)
    expect(state()).toMatchObject({ status: 'success', fetchStatus: 'fetching' })
    expect(data()?.state.answered).not.toBeNull()
  })

  it('the query of a call opens one server subscription for several observers', async () => {
    const { client, observe, answerWatch } = setUp()
    observe()
    observe()
    await client.player.seek(3_000)
    observe()
    await flushFrames(client)
    expect(answerWatch).toHaveBeenCalledTimes(1)
  })

  it('the query of a call does not refetch on window focus or when the browser comes online', async () => {
    const { client, observe, answerWatch } = setUp()
    observe()
    await client.player.seek(3_000)
    focusManager.setFocused(false)
    focusManager.setFocused(true)
    onlineManager.setOnline(false)
    onlineManager.setOnline(true)
    await flushFrames(client)
    expect(answerWatch).toHaveBeenCalledTimes(1)
  })

  it('the query of a call keeps its data without observers, and resumes from its cursor with a new observer', async () => {
    const { client, observe, answerWatch, state, data } = setUp()
    const unsubscribe = observe()
    await client.player.seek(4_000)
    await flushFrames(client)
    const known = data()
    unsubscribe()
    await flushFrames(client)
    expect(state()).toMatchObject({ fetchStatus: 'idle' })
    expect(data()).toBe(known)
    await client.player.playAll()
    expect(data()).toBe(known)
    observe()
    await flushFrames(client)
    expect(answerWatch).toHaveBeenCalledTimes(2)
    expect(answerWatch).toHaveBeenLastCalledWith(callId, known?.cursor)
    expect(data()?.state.latestGatherEnd).toMatchObject({ status: 'valid' })
    expect(state()).toMatchObject({ fetchStatus: 'fetching' })
  })

  it('the query of a call stays live when an observer resubscribes at once, as in strict mode', async () => {
    const { client, observe, data } = setUp()
    observe()()
    observe()
    await client.player.playAll()
    await flushFrames(client)
    expect(data()?.state.latestGatherEnd).toMatchObject({ status: 'valid' })
  })

  it('the query of a call fetches a snapshot when it is invalidated', async () => {
    const { client, cache, observe, answerWatch, data } = setUp()
    observe()
    await client.player.seek(4_000)
    await flushFrames(client)
    cache.invalidateQueries({ queryKey: gatherKeys.call(client, callId) }).catch(() => {})
    await client.player.playAll()
    await flushFrames(client)
    expect(answerWatch).toHaveBeenCalledTimes(2)
    expect(answerWatch).toHaveBeenLastCalledWith(callId, null)
    expect(data()?.state.latestGatherEnd).toMatchObject({ status: 'valid' })
  })

  it('the query of a call completes when the call has ended, and does not refetch', async () => {
    const { client, observe, answerWatch, state, data } = setUp(hangupMidGather)
    const unsubscribe = observe()
    observe('v3:another')
    await client.player.playAll()
    await client.player.advance(61_000)
    await flushFrames(client)
    expect(state()).toMatchObject({ status: 'success', fetchStatus: 'idle' })
    expect(data()).toMatchObject({ sync: 'ended' })
    unsubscribe()
    const before = answerWatch.mock.calls.length
    observe()
    await flushFrames(client)
    expect(answerWatch).toHaveBeenCalledTimes(before)
  })

  it('the query of a call fails and clears the state when access to the call is denied', async () => {
    const { client, observe, state, data } = setUp()
    observe()
    await client.player.seek(4_000)
    client.faults.refuseCall(callId, socketError(gatherError('forbidden', 'Gone.')))
    client.faults.dropConnection()
    await client.player.advance(2_000)
    await flushFrames(client)
    expect(state()).toMatchObject({ status: 'error', fetchStatus: 'idle' })
    expect(data()).toMatchObject({ error: { status: 403 }, cursor: null })
    expect(data()?.state.answered).toBeNull()
  })

  it('the query of a call throttles cache writes to one per frame without losing an event', async () => {
    const { client, cache, observe, data } = setUp()
    observe()
    await client.player.seek(3_000)
    await flushFrames(client)
    const changes = vi.fn()
    cache.getQueryCache().subscribe((event) => {
      if (event.type === 'updated' && event.action.type === 'success') changes()
    })
    client.press(callId, '0123456789'.repeat(20))
    await flushFrames(client)
    expect(data()?.state.keys.size).toBe(200)
    expect(changes.mock.calls.length).toBeLessThan(10)
  })

  it('queries of two calls keep their data apart', async () => {
    const { client, observe, data } = setUp()
    observe()
    observe('v3:another')
    await client.player.playAll()
    await flushFrames(client)
    expect(data('v3:another')).toMatchObject({ error: { status: 404 }, cursor: null })
    expect(data()?.error).toBeUndefined()
  })
})

describe('the query of the list of calls', () => {
  it('the query of the list of calls has the calls that the server publishes', async () => {
    const { client, cache } = setUp()
    const observer = new QueryObserver(cache, callsQueryOptions(client))
    const unsubscribe = observer.subscribe(() => {})
    await client.player.playAll()
    await flushFrames(client)
    expect(observer.getCurrentResult().data).toMatchObject({ sync: 'live', calls: [{ phase: 'answered' }] })
    unsubscribe()
  })
})
