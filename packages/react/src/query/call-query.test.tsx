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
  const asked = vi.spyOn(ScenarioServer.prototype, 'answerWatch')
  const observe = (id = scenario.callId) => {
    const observer = new QueryObserver(cache, callQueryOptions(client, id))
    return observer.subscribe(() => {})
  }
  const data = (id = scenario.callId) => unwrapFeed(cache.getQueryData<CallFeed>(gatherKeys.call(client, id)))
  const state = () => cache.getQueryState(gatherKeys.call(client, scenario.callId))
  return { client, cache, asked, observe, data, state }
}

/** Lets the frames pass in which changes are collected. */
const frames = async (client: ScenarioClient) => {
  await client.player.advance(0)
  await new Promise((resolve) => setTimeout(resolve, 50))
}

afterEach(() => {
  vi.restoreAllMocks()
  focusManager.setFocused(undefined)
  onlineManager.setOnline(true)
})

describe('the query of a call', () => {
  it('has data as soon as something is known, and is fetching for as long as the call is watched', async () => {
    const { client, observe, state, data } = setUp()
    observe()
    expect(state()).toMatchObject({ status: 'pending', fetchStatus: 'fetching' })
    await client.player.seek(3_000)
    await frames(client)
    expect(state()).toMatchObject({ status: 'success', fetchStatus: 'fetching' })
    expect(data()?.state.answered).not.toBeNull()
  })

  it('is one watch for two observers', async () => {
    const { client, observe, asked } = setUp()
    observe()
    observe()
    await client.player.seek(3_000)
    observe()
    await frames(client)
    expect(asked).toHaveBeenCalledTimes(1)
  })

  it('does not watch anew when the window is focused or the browser says that it is online', async () => {
    const { client, observe, asked } = setUp()
    observe()
    await client.player.seek(3_000)
    focusManager.setFocused(false)
    focusManager.setFocused(true)
    onlineManager.setOnline(false)
    onlineManager.setOnline(true)
    await frames(client)
    expect(asked).toHaveBeenCalledTimes(1)
  })

  it('keeps its data when the last observer leaves, and watches on from there when one comes back', async () => {
    const { client, observe, asked, state, data } = setUp()
    const leave = observe()
    await client.player.seek(4_000)
    await frames(client)
    const known = data()
    leave()
    await frames(client)
    expect(state()).toMatchObject({ fetchStatus: 'idle' })
    expect(data()).toBe(known)
    await client.player.playAll()
    expect(data()).toBe(known)
    observe()
    await frames(client)
    expect(asked).toHaveBeenCalledTimes(2)
    expect(asked).toHaveBeenLastCalledWith(callId, known?.cursor)
    expect(data()?.state.latestGatherEnd).toMatchObject({ status: 'valid' })
    expect(state()).toMatchObject({ fetchStatus: 'fetching' })
  })

  it('has one live watch after an observer left and came back in one breath, as in strict mode', async () => {
    const { client, observe, data } = setUp()
    observe()()
    observe()
    await client.player.playAll()
    await frames(client)
    expect(data()?.state.latestGatherEnd).toMatchObject({ status: 'valid' })
  })

  it('fetches the whole anew when it is invalidated', async () => {
    const { client, cache, observe, asked, data } = setUp()
    observe()
    await client.player.seek(4_000)
    await frames(client)
    cache.invalidateQueries({ queryKey: gatherKeys.call(client, callId) }).catch(() => {})
    await client.player.playAll()
    await frames(client)
    expect(asked).toHaveBeenCalledTimes(2)
    expect(asked).toHaveBeenLastCalledWith(callId, null)
    expect(data()?.state.latestGatherEnd).toMatchObject({ status: 'valid' })
  })

  it('is done when the call is over, and is not fetched again', async () => {
    const { client, observe, asked, state, data } = setUp(hangupMidGather)
    const leave = observe()
    observe('v3:another')
    await client.player.playAll()
    await client.player.advance(61_000)
    await frames(client)
    expect(state()).toMatchObject({ status: 'success', fetchStatus: 'idle' })
    expect(data()).toMatchObject({ sync: 'ended' })
    leave()
    const before = asked.mock.calls.length
    observe()
    await frames(client)
    expect(asked).toHaveBeenCalledTimes(before)
  })

  it('is in error when the call may not be watched, and drops what was known of it', async () => {
    const { client, observe, state, data } = setUp()
    observe()
    await client.player.seek(4_000)
    client.faults.refuseCall(callId, socketError(gatherError('forbidden', 'Gone.')))
    client.faults.dropConnection()
    await client.player.advance(2_000)
    await frames(client)
    expect(state()).toMatchObject({ status: 'error', fetchStatus: 'idle' })
    expect(data()).toMatchObject({ error: { status: 403 }, cursor: null })
    expect(data()?.state.answered).toBeNull()
  })

  it('collects what comes within a frame, and misses nothing', async () => {
    const { client, cache, observe, data } = setUp()
    observe()
    await client.player.seek(3_000)
    await frames(client)
    const changes = vi.fn()
    cache.getQueryCache().subscribe((event) => {
      if (event.type === 'updated' && event.action.type === 'success') changes()
    })
    client.press(callId, '0123456789'.repeat(20))
    await frames(client)
    expect(data()?.state.keys.size).toBe(200)
    expect(changes.mock.calls.length).toBeLessThan(10)
  })

  it('does not mix calls', async () => {
    const { client, observe, data } = setUp()
    observe()
    observe('v3:another')
    await client.player.playAll()
    await frames(client)
    expect(data('v3:another')).toMatchObject({ error: { status: 404 }, cursor: null })
    expect(data()?.error).toBeUndefined()
  })
})

describe('the query of the list of calls', () => {
  it('follows the list', async () => {
    const { client, cache } = setUp()
    const observer = new QueryObserver(cache, callsQueryOptions(client))
    const leave = observer.subscribe(() => {})
    await client.player.playAll()
    await frames(client)
    expect(observer.getCurrentResult().data).toMatchObject({ sync: 'live', calls: [{ phase: 'answered' }] })
    leave()
  })
})
