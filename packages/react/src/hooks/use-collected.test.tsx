import 'fake-indexeddb/auto'
import type { CollectedValue } from '@callgather/protocol'
import { pinEntry, ScenarioWriter } from '@callgather/protocol/scenarios'
import { entries } from 'idb-keyval'
import { useState } from 'react'
import { flushSync } from 'react-dom'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { deleteAgent } from '../client/agent-storage.ts'
import { actAndSettle, playAll, playTo, renderHookWithClient } from '../testing/render-hook.tsx'
import { createScenarioClient } from '../testing/scenario-client.ts'
import { useCollected } from './use-collected.ts'

const twoValues = new ScenarioWriter('Two values')
  .answered()
  .command('account', 'gather', { maximum_digits: 4 })
  .event('call.gather.ended', { command_id: 'account', payload: { status: 'valid', digits: '4071' } })
  .wait(10_000)
  .command('pin', 'gather', { maximum_digits: 4 }, { mask: 'digits' })
  .event('call.gather.ended', { command_id: 'pin', payload: { status: 'valid', digits: null, digit_count: 4 } })
  .end()

/** A page with a new client. The browser's storage is the same for all pages. */
function openPage(scenario = twoValues) {
  const client = createScenarioClient(scenario)
  const delivered: CollectedValue[] = []
  const onCollected = (value: CollectedValue) => void delivered.push(value)
  const view = renderHookWithClient(client, () => useCollected(scenario.callId, { onCollected }))
  return { client, view, ids: () => delivered.map(({ id }) => id) }
}

async function storedText(): Promise<string> {
  const databases = await indexedDB.databases()
  expect(databases.map(({ name }) => name)).toEqual(['callgather'])
  const { createStore } = await import('idb-keyval')
  return JSON.stringify(await entries(createStore('callgather', 'records')))
}

beforeEach(() => deleteAgent(null))

describe('onCollected of useCollected', () => {
  it('onCollected receives each final value once in strict mode, oldest first', async () => {
    const { client, ids } = openPage()
    await playAll(client)
    expect(ids()).toEqual(['account digits', 'pin digits'])
  })

  it('onCollected receives no value again when a reconnected server replays the call', async () => {
    const { client, ids } = openPage()
    await playTo(client, 5_000)
    client.faults.loseHistory(twoValues.callId)
    client.faults.dropConnection()
    for (const { event } of twoValues.steps.slice(0, 5)) client.append(twoValues.callId, event)
    await playAll(client)
    await actAndSettle(() => client.player.advance(30_000))
    expect(ids()).toEqual(['account digits', 'pin digits'])
  })

  it('onCollected receives only the values collected since the last page when the page is reloaded', async () => {
    const first = openPage()
    await playTo(first.client, 5_000)
    expect(first.ids()).toEqual(['account digits'])
    first.view.unmount()
    const second = openPage()
    await playAll(second.client)
    expect(second.ids()).toEqual(['pin digits'])
  })

  it('onCollected receives a value in only one of two tabs', async () => {
    const tabs = [openPage(), openPage()]
    await Promise.all(tabs.map(({ client }) => client.player.playAll()))
    await actAndSettle(() => {})
    expect(tabs.flatMap(({ ids }) => ids()).sort()).toEqual(['account digits', 'pin digits'])
  })

  it('onCollected receives all values again after the client was closed, because the agent signed out', async () => {
    const first = openPage()
    await playAll(first.client)
    await actAndSettle(() => first.client.close())
    expect(await storedText()).toBe('[]')
    const second = openPage()
    await playAll(second.client)
    expect(second.ids()).toEqual(['account digits', 'pin digits'])
  })

  it('onCollected receives no value of another call that the agent left while the value was claimed', async () => {
    const other = new ScenarioWriter('No values').answered().end()
    const client = createScenarioClient([twoValues, other])
    const received: string[] = []
    let select = (_: string) => {}
    renderHookWithClient(client, () => {
      const [callId, setCallId] = useState(twoValues.callId)
      select = setCallId
      useCollected(callId, { onCollected: ({ id }) => void received.push(`${callId}: ${id}`) })
    })
    const get = vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementationOnce(function (this: IDBObjectStore, key) {
      flushSync(() => select(other.callId))
      return this.get(key)
    })
    await playTo(client, 5_000)
    get.mockRestore()
    expect(received).toEqual([`${twoValues.callId}: account digits`])
  })

  it('the browser stores the ids of delivered values and never the values', async () => {
    const { client } = openPage()
    await playAll(client)
    const stored = await storedText()
    expect(stored).toContain('account digits')
    expect(stored).not.toContain('4071')
  })

  it('onCollected receives the values of a page whose browser denies the storage', async () => {
    const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(() => {
      throw new DOMException('denied', 'SecurityError')
    })
    const { client, ids } = openPage(pinEntry)
    await playAll(client)
    expect(ids()).toEqual(['pin digits'])
    expect(transaction).toHaveBeenCalled()
    transaction.mockRestore()
  })

  it('the client reports an onCollected that rejects, and delivers the next value', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    const client = createScenarioClient(twoValues)
    const onCollected = vi.fn(async () => {
      throw new Error('of the host')
    })
    renderHookWithClient(client, () => useCollected(twoValues.callId, { onCollected }))
    await playAll(client)
    expect(onCollected).toHaveBeenCalledTimes(2)
    expect(error).toHaveBeenCalledWith(expect.stringContaining('`onCollected` threw'), expect.any(Error))
    error.mockRestore()
  })
})

describe('the copy actions of useCollected', () => {
  const setUp = async () => {
    const writeText = vi.fn(async (_: string) => {})
    vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText } })
    const client = createScenarioClient(twoValues)
    const { result } = renderHookWithClient(client, () => useCollected(twoValues.callId))
    await playAll(client)
    return { writeText, result }
  }

  it('copy rejects for a masked value and writes nothing to the clipboard', async () => {
    const { writeText, result } = await setUp()
    await expect(result.current.copy('pin digits')).rejects.toThrow('hidden')
    expect(writeText).not.toHaveBeenCalled()
    await result.current.copy('account digits')
    expect(writeText).toHaveBeenCalledWith('4071')
  })

  it('copyAll writes each value on its own line, with dots for a masked value', async () => {
    const { writeText, result } = await setUp()
    await result.current.copyAll()
    expect(writeText).toHaveBeenCalledWith('digits: ••••\ndigits: 4071')
    await result.current.copyAll('json')
    expect(JSON.parse(writeText.mock.calls[1]?.[0] ?? '')).toMatchObject([{ value: null }, { value: '4071' }])
  })

  it('copy rejects with a hint when the page has no clipboard', async () => {
    const { result } = await setUp()
    vi.stubGlobal('navigator', { ...navigator, clipboard: undefined })
    await expect(result.current.copy('account digits')).rejects.toThrow('HTTPS')
  })
})
