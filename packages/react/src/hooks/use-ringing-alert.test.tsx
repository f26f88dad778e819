import { ScenarioWriter } from '@callgather/protocol/scenarios'
import { cleanup } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { actAndSettle, playTo, renderHookWithClient } from '../testing/render-hook.tsx'
import { createScenarioClient } from '../testing/scenario-client.ts'
import { type UseRingingAlertOptions, useRingingAlert } from './use-ringing-alert.ts'

const parties = { from: '+15550001111', to: '+15550002222' }
const rings = new ScenarioWriter('Rings')
  .wait(1000)
  .event('call.initiated', { payload: { ...parties, direction: 'incoming', caller_id_name: 'Ada' } })
  .wait(1000)
  .event('call.answered')
  .end()
const dials = new ScenarioWriter('Dials')
  .event('call.initiated', { payload: { ...parties, direction: 'outgoing' } })
  .end()

function alertWith(options?: UseRingingAlertOptions) {
  const client = createScenarioClient([rings, dials])
  const { result, unmount } = renderHookWithClient(client, () => useRingingAlert(options))
  return { client, result, unmount }
}

beforeEach(() => {
  document.title = 'Desk'
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

test('the title of the page starts with the number of ringing calls until a call is answered', async () => {
  const { client, result } = alertWith()
  await playTo(client, 500)
  expect(document.title).toBe('Desk')
  await playTo(client, 1500)
  expect(document.title).toBe('(1) Desk')
  expect(result.current.ringing.map(({ callId }) => callId)).toEqual([rings.callId])
  await playTo(client, 2500)
  expect(document.title).toBe('Desk')
})

test('a title that the host sets while a call rings is kept', async () => {
  const { client } = alertWith()
  await playTo(client, 1500)
  document.title = 'Ada'
  await playTo(client, 2500)
  expect(document.title).toBe('Ada')
})

test('a tone plays only when it is switched on, and stops when the call is answered', async () => {
  const close = vi.fn(async () => {})
  const opened = vi.fn()
  class FakeAudio {
    constructor() {
      opened()
    }
    resume = () => Promise.reject(new Error('The page was not used yet.'))
    close = close
  }
  vi.stubGlobal('AudioContext', FakeAudio)
  const silent = alertWith()
  await playTo(silent.client, 1500)
  silent.unmount()
  expect(opened).not.toHaveBeenCalled()
  const { client } = alertWith({ sound: true })
  await playTo(client, 1500)
  expect(opened.mock.calls.length - close.mock.calls.length).toBe(1)
  await playTo(client, 2500)
  expect(opened.mock.calls.length - close.mock.calls.length).toBe(0)
})

test('useRingingAlert keeps its title where the browser has no notification and no sound for a page', async () => {
  const refused = vi.fn()
  class Illegal {
    static permission = 'granted'
    constructor(...given: unknown[]) {
      refused(...given)
      throw new TypeError('Illegal constructor')
    }
  }
  vi.stubGlobal('Notification', Illegal)
  vi.stubGlobal('AudioContext', Illegal)
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(true)
  const { client } = alertWith({ notification: true, sound: true })
  await playTo(client, 500)
  await playTo(client, 1500)
  expect(document.title).toBe('(1) Desk')
  expect(refused.mock.calls).toEqual(expect.arrayContaining([[], ['Ada', { tag: rings.callId }]]))
})

test('a hidden page notifies the agent of a ringing call only after the agent allows it', async () => {
  const made: string[] = []
  const closed = vi.fn()
  class FakeNotification extends EventTarget {
    static permission = 'default'
    static requestPermission = async () => 'granted'
    constructor(text: string) {
      super()
      made.push(text)
    }
    close = closed
  }
  vi.stubGlobal('Notification', FakeNotification)
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(true)
  const refused = alertWith({ notification: true })
  await playTo(refused.client, 1500)
  refused.unmount()
  expect(made).toEqual([])

  const { client, result } = alertWith({ notification: true })
  await playTo(client, 500)
  expect(result.current.notifications).toBe('default')
  await actAndSettle(() => result.current.allowNotifications())
  await playTo(client, 1500)
  expect(made).toEqual(['Ada'])
  await playTo(client, 2500)
  expect(closed).toHaveBeenCalled()
})
