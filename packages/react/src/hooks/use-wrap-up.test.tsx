import 'fake-indexeddb/auto'
import { GatherError, type HostEvent } from '@callgather/protocol'
import { checkHostEvent } from '@callgather/protocol/host-contract'
import { ScenarioWriter } from '@callgather/protocol/scenarios'
import { act } from '@testing-library/react'
import { createStore, entries } from 'idb-keyval'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { deleteAgent } from '../client/agent-storage.ts'
import { actAndSettle, playAll, playTo, renderHookWithClient } from '../testing/render-hook.tsx'
import { createScenarioClient } from '../testing/scenario-client.ts'
import { useHostEvents } from './use-host-events.ts'
import { useWrapUp, type WrapUpRecord } from './use-wrap-up.ts'

const finished = new ScenarioWriter('Finished call')
  .answered()
  .command('account', 'gather', { maximum_digits: 4 })
  .event('call.gather.ended', { command_id: 'account', payload: { status: 'valid', digits: '4071' } })
  .command('pin', 'gather', { maximum_digits: 4 }, { mask: 'digits' })
  .event('call.gather.ended', { command_id: 'pin', payload: { status: 'valid', digits: null, digit_count: 4 } })
  .command('quiet', 'gather', {})
  .event('call.gather.ended', { command_id: 'quiet', payload: { status: 'timeout', digits: '' } })
  .command('whisper', 'ai_assistant_add_messages', { messages: [{ role: 'system', content: 'Offer Thursday.' }] })
  .wait(60_000)
  .hangup()
  .end()

const missed = new ScenarioWriter('Missed call')
  .event('call.initiated', { payload: { from: '+15550001111', to: '+15550002222', direction: 'incoming' } })
  .wait(12_000)
  .hangup()
  .end()

/** A page with a new client. The browser's storage is the same for all pages. */
async function openPage(scenario = finished, onWrapUp?: (record: WrapUpRecord) => unknown) {
  const client = createScenarioClient(scenario)
  const { result, unmount } = renderHookWithClient(client, () => useWrapUp(scenario.callId, { onWrapUp }))
  await playAll(client)
  const view = () => result.current
  return { client, unmount, view, setNote: (note: string) => actAndSettle(() => view().setNote(note)) }
}

const storedText = async () => JSON.stringify(await entries(createStore('callgather', 'records')))

beforeEach(() => deleteAgent(null))

describe('the summary of useWrapUp', () => {
  it('useWrapUp summarises an ended call: times, values, outcomes and whispers', async () => {
    const { view } = await openPage()
    expect(view()).toMatchObject({ status: 'open', note: '', disposition: null })
    expect(view().summary).toMatchObject({ hungUpBy: 'caller', isMissed: false, durationMs: 60_980 })
    expect(view().summary.collected.map(({ value }) => value)).toEqual([null, '4071'])
    expect(view().summary.outcomes).toEqual([
      { outcome: 'valid', count: 2 },
      { outcome: 'timeout', count: 1 },
    ])
    expect(view().summary.whispers).toMatchObject([{ text: 'Offer Thursday.', who: 'agent-7' }])
  })

  it('useWrapUp reports an incoming call that ended without an answer as missed', async () => {
    const { view } = await openPage(missed)
    expect(view().summary).toMatchObject({ isMissed: true, durationMs: null })
  })
})

describe('the draft of useWrapUp', () => {
  it('a draft survives a reload of the page', async () => {
    const first = await openPage()
    await first.setNote('Call back on Friday')
    await actAndSettle(() => first.view().setDisposition('callback'))
    first.unmount()
    const second = await openPage()
    expect(second.view()).toMatchObject({ note: 'Call back on Friday', disposition: 'callback', status: 'open' })
  })

  it('a draft that was written during the call is kept when the call ends', async () => {
    const client = createScenarioClient(finished)
    const { result } = renderHookWithClient(client, () => useWrapUp(finished.callId))
    await playTo(client, 3_000)
    expect(result.current.status).toBe('live')
    await actAndSettle(() => result.current.setNote('Speaks quietly'))
    await playAll(client)
    expect(result.current).toMatchObject({ status: 'open', note: 'Speaks quietly' })
  })

  it('a stored draft never replaces what the agent has typed on this page', async () => {
    const first = await openPage()
    await first.setNote('Old')
    first.unmount()
    const client = createScenarioClient(finished)
    const { result } = renderHookWithClient(client, () => useWrapUp(finished.callId))
    act(() => result.current.setNote('New'))
    await playAll(client)
    expect(result.current.note).toBe('New')
  })

  it('a draft is deleted from the browser when the wrap-up is done, and a reloaded page still says so', async () => {
    const first = await openPage(finished, () => {})
    await first.setNote('Call back on Friday')
    expect(await storedText()).toContain('Friday')
    await actAndSettle(() => first.view().complete())
    expect(first.view().status).toBe('done')
    expect(await storedText()).not.toContain('Friday')
    first.unmount()
    expect((await openPage()).view()).toMatchObject({ status: 'done', note: '' })
  })

  it('a draft is deleted from the browser when the client is closed, because the agent signed out', async () => {
    const { client, setNote } = await openPage()
    await setNote('Call back on Friday')
    await actAndSettle(() => client.close())
    expect(await storedText()).toBe('[]')
  })

  it('a draft expires after 24 hours', async () => {
    const first = await openPage()
    await first.setNote('Call back on Friday')
    first.unmount()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 25 * 3_600_000 })
    onTestFinished(() => void vi.useRealTimers())
    expect((await openPage()).view().note).toBe('')
    expect(await storedText()).not.toContain('Friday')
  })

  it('an emptied draft leaves nothing in the browser', async () => {
    const { setNote } = await openPage()
    await setNote('Call')
    await setNote('')
    expect(await storedText()).toBe('[]')
  })
})

describe('complete of useWrapUp', () => {
  it('complete passes the trimmed note, the disposition and the masked values to onWrapUp', async () => {
    const onWrapUp = vi.fn()
    const { view, setNote } = await openPage(finished, onWrapUp)
    await setNote('  Call back ')
    await actAndSettle(() => view().setDisposition('callback'))
    await actAndSettle(() => view().complete())
    expect(onWrapUp).toHaveBeenCalledExactlyOnceWith({
      ...view().summary,
      note: 'Call back',
      disposition: 'callback',
    })
    expect(view().summary.collected[0]).toMatchObject({ mask: 'digits', value: null, digitCount: 4 })
  })

  it('complete saves the note and the disposition on the server without onWrapUp', async () => {
    const { client, view, setNote } = await openPage()
    await setNote(' Call back ')
    await actAndSettle(() => view().setDisposition('callback'))
    await actAndSettle(() => view().complete())
    expect(view()).toMatchObject({ status: 'done', note: 'Call back', disposition: 'callback' })
    const again = renderHookWithClient(client, () => useWrapUp(finished.callId)).result
    await playAll(client)
    expect(again.current.status).toBe('done')
  })

  it('shows the saved wrap-up of another agent as done, and does not save again', async () => {
    const onWrapUp = vi.fn()
    const client = createScenarioClient(finished)
    const { result } = renderHookWithClient(client, () => useWrapUp(finished.callId, { onWrapUp }))
    const payload = { note: 'Solved by chat', disposition: 'solved', subject: 'agent-8' }
    await actAndSettle(() => result.current.setNote('Mine'))
    await playTo(client, 3_000)
    await actAndSettle(() => client.emit(finished.callId, 'call.wrapped_up', { payload }))
    await playAll(client)
    expect(result.current).toMatchObject({ status: 'done', note: 'Solved by chat', disposition: 'solved' })
    await actAndSettle(() => result.current.complete())
    expect(onWrapUp).not.toHaveBeenCalled()
  })

  it('complete fetches the wrap-up of another agent that was saved after the subscription ended', async () => {
    const client = createScenarioClient(finished)
    const wrapUp = async () => {
      throw new GatherError(422, [{ code: '10027', title: 'Unprocessable Entity' }])
    }
    const { result } = renderHookWithClient({ ...client, wrapUp }, () => useWrapUp(finished.callId))
    await playAll(client)
    await actAndSettle(() => client.player.advance(60_000))
    expect(result.current).toMatchObject({ status: 'open', sync: 'ended' })
    const payload = { note: 'Solved by chat', disposition: 'solved', subject: 'agent-8' }
    await actAndSettle(() => client.emit(finished.callId, 'call.wrapped_up', { payload }))
    await actAndSettle(() => result.current.setNote('Mine'))
    await actAndSettle(() => result.current.complete())
    expect(result.current).toMatchObject({ status: 'done', note: 'Solved by chat', disposition: 'solved' })
  })

  it('complete keeps the draft when onWrapUp rejects, and can be repeated', async () => {
    const failure = new Error('offline')
    const onWrapUp = vi.fn<(record: WrapUpRecord) => Promise<void>>().mockRejectedValueOnce(failure)
    const { view, setNote } = await openPage(finished, onWrapUp)
    await setNote('Call back')
    await actAndSettle(() => view().complete())
    expect(view()).toMatchObject({ status: 'failed', note: 'Call back', failure })
    expect(await storedText()).toContain('Call back')
    await actAndSettle(() => view().complete())
    expect(view()).toMatchObject({ status: 'done', failure: null })
  })

  it('complete calls onWrapUp once when it is pressed twice', async () => {
    let save = () => {}
    const onWrapUp = vi.fn(() => new Promise<void>((resolve) => (save = resolve)))
    const { view } = await openPage(finished, onWrapUp)
    await actAndSettle(() => void Promise.all([view().complete(), view().complete()]))
    expect(view().status).toBe('saving')
    await actAndSettle(() => save())
    expect(view().status).toBe('done')
    expect(onWrapUp).toHaveBeenCalledOnce()
  })

  it('complete fails after 30 seconds when onWrapUp never settles, and can be repeated', async () => {
    const onWrapUp = vi.fn<(record: WrapUpRecord) => Promise<void>>(async () => {})
    onWrapUp.mockReturnValueOnce(new Promise(() => {}))
    const { client, view, setNote } = await openPage(finished, onWrapUp)
    await setNote('Call back')
    await actAndSettle(() => void view().complete())
    await actAndSettle(() => client.player.advance(29_000))
    expect(view().status).toBe('saving')
    await actAndSettle(() => client.player.advance(1_000))
    expect(view()).toMatchObject({ status: 'failed', note: 'Call back', failure: expect.any(Error) })
    await actAndSettle(() => view().complete())
    expect(view()).toMatchObject({ status: 'done', failure: null })
  })

  it('complete does nothing during the call', async () => {
    const onWrapUp = vi.fn()
    const client = createScenarioClient(finished)
    const { result } = renderHookWithClient(client, () => useWrapUp(finished.callId, { onWrapUp }))
    await playTo(client, 3_000)
    await actAndSettle(() => result.current.complete())
    expect(onWrapUp).not.toHaveBeenCalled()
    expect(result.current.status).toBe('live')
  })
})

describe('the host event of useWrapUp', () => {
  async function openPageWithEvents(onWrapUp?: (record: WrapUpRecord) => unknown) {
    const events: HostEvent[] = []
    const client = createScenarioClient(finished)
    const { result } = renderHookWithClient(client, () => {
      useHostEvents((event) => void events.push(event))
      return useWrapUp(finished.callId, { onWrapUp })
    })
    await playAll(client)
    return { client, view: () => result.current, saved: () => events.filter(({ type }) => type === 'wrap-up-saved') }
  }

  it('complete publishes wrap-up-saved once, with the masked values, without onWrapUp', async () => {
    const { view, saved } = await openPageWithEvents()
    await actAndSettle(() => view().setNote('  Call back '))
    await actAndSettle(() => view().setDisposition('callback'))
    await actAndSettle(() => view().complete())
    await actAndSettle(() => view().complete())
    expect(saved()).toMatchObject([
      {
        ...{ callId: finished.callId, note: 'Call back', disposition: 'callback', endedAt: view().summary.endedAt },
        collected: [
          { gatherId: 'account', value: '4071' },
          { gatherId: 'pin', value: null, digitCount: 4, mask: 'digits' },
        ],
      },
    ])
    for (const event of saved()) expect(checkHostEvent(event)).toEqual({ ok: true, message: event })
  })

  it('complete publishes wrap-up-saved after onWrapUp has resolved, not after it rejected', async () => {
    const onWrapUp = vi.fn<(record: WrapUpRecord) => Promise<void>>().mockRejectedValueOnce(new Error('offline'))
    const { view, saved } = await openPageWithEvents(onWrapUp)
    await actAndSettle(() => view().complete())
    expect(saved()).toEqual([])
    await actAndSettle(() => view().complete())
    expect(saved()).toHaveLength(1)
  })

  it('complete publishes no wrap-up-saved when the agent signed out while onWrapUp was running', async () => {
    let save = () => {}
    const onWrapUp = () => new Promise<void>((resolve) => (save = resolve))
    const { client, view, saved } = await openPageWithEvents(onWrapUp)
    await actAndSettle(() => void view().complete())
    await actAndSettle(() => client.close())
    await actAndSettle(() => save())
    expect(saved()).toEqual([])
  })
})
