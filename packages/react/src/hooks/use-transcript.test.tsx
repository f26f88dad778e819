import { SortedMap } from '@callgather/protocol'
import { aiBooking, menuWithWrongKey, pinEntry } from '@callgather/protocol/scenarios'
import { describe, expect, it, vi } from 'vitest'
import { actAndSettle, playAll, playTo, renderHookWithClient } from '../testing/render-hook.tsx'
import { createScenarioClient } from '../testing/scenario-client.ts'
import { useDtmf } from './use-dtmf.ts'
import { usePlayback } from './use-playback.ts'
import { useServerTime } from './use-server-time.ts'
import { useTranscript } from './use-transcript.ts'

const { callId } = aiBooking

describe('useTranscript', () => {
  it('useTranscript adds a row for each entry and keeps the identity of unchanged rows', async () => {
    const client = createScenarioClient(aiBooking)
    const { result } = renderHookWithClient(client, () => useTranscript(callId))
    await playTo(client, 4_000)
    const first = result.current.at(0)
    const before = result.current.length
    await playAll(client)
    expect(result.current.length).toBeGreaterThan(before)
    expect(result.current.at(0)).toBe(first)
    expect(result.current.at(-1)).toMatchObject({ kind: 'lifecycle', eventType: 'call.conversation.ended' })
    expect(result.current.at(result.current.length)).toBeUndefined()
  })

  it('useTranscript returns rows as an array, and keeps the identity of unchanged arrays and rows', async () => {
    const client = createScenarioClient(aiBooking)
    const { result, rerender } = renderHookWithClient(client, () => useTranscript(callId))
    await playTo(client, 4_000)
    const before = result.current.rows
    expect(before).toHaveLength(result.current.length)
    expect(before.map((_, position) => result.current.at(position))).toEqual(before)
    rerender()
    expect(result.current.rows).toBe(before)
    await playAll(client)
    expect(result.current.rows.length).toBeGreaterThan(before.length)
    for (const [position, row] of before.entries()) expect(result.current.rows[position]).toBe(row)
  })

  it('useTranscript builds no array for a component that reads only `at` and `length`', async () => {
    const client = createScenarioClient(aiBooking)
    const iterate = vi.spyOn(SortedMap.prototype, Symbol.iterator)
    const { result } = renderHookWithClient(client, () => {
      const { at, length } = useTranscript(callId)
      return { last: at(-1), length }
    })
    const iterated = () =>
      (iterate.mock.contexts as SortedMap<unknown>[]).filter((entries) => entries.at(-1) === result.current.last)
    await playAll(client)
    expect(result.current.length).toBeGreaterThan(10)
    expect(iterated()).toEqual([])

    const reader = renderHookWithClient(client, () => useTranscript(callId).rows)
    await playAll(client)
    expect(reader.result.current).toHaveLength(result.current.length)
    expect(iterated()).toHaveLength(1)
    iterate.mockRestore()
  })

  it('useTranscript filters rows by kind and returns the positions of search matches', async () => {
    const client = createScenarioClient(aiBooking)
    const kinds = ['message'] as const
    const { result } = renderHookWithClient(client, () => useTranscript(callId, { kinds, search: ' TUESDAY ' }))
    await playAll(client)
    expect(result.current.length).toBe(6)
    const found = result.current.matches.map((position) => result.current.at(position))
    expect(found).toHaveLength(2)
    for (const row of found) expect(row).toMatchObject({ content: expect.stringContaining('Tuesday') })
  })

  it('useTranscript filters rows by a custom predicate', async () => {
    const client = createScenarioClient(aiBooking)
    const byCaller = (row: { kind: string; role?: string }) => row.kind === 'message' && row.role === 'user'
    const { result } = renderHookWithClient(client, () => useTranscript(callId, { where: byCaller }))
    await playAll(client)
    expect(result.current.length).toBe(3)
  })

  it('useTranscript returns partial speech until its transcription is final', async () => {
    const client = createScenarioClient(pinEntry)
    const { result } = renderHookWithClient(client, () => useTranscript(pinEntry.callId))
    await playTo(client, 3_000)
    const say = (transcript: string, is_final: boolean) =>
      actAndSettle(() =>
        client.emit(pinEntry.callId, 'call.transcription', {
          payload: { transcription_data: { transcript, is_final } },
        }),
      )
    const rows = result.current.length
    await say('Hello', false)
    await say('Hello there', false)
    expect(result.current.partials).toMatchObject([{ track: 'inbound', text: 'Hello there' }])
    expect(result.current.length).toBe(rows)
    await say('Hello there.', true)
    expect(result.current.partials).toEqual([])
    expect(result.current.at(-1)).toMatchObject({ kind: 'speech', text: 'Hello there.' })
  })
})

describe('useDtmf', () => {
  it('useDtmf separates stray keys from the keys of a gather and returns a new object for each press', async () => {
    const client = createScenarioClient(menuWithWrongKey)
    const id = menuWithWrongKey.callId
    const { result } = renderHookWithClient(client, () => useDtmf(id))
    await playTo(client, 2_300)
    await actAndSettle(() => client.press(id, '4'))
    expect(result.current.strays.map((key) => key.digit)).toEqual(['4'])
    const { lastKey, strays } = result.current
    await actAndSettle(() => client.press(id, '4'))
    expect(result.current.lastKey).not.toBe(lastKey)
    expect(result.current.keyCount).toBe(2)
    await playTo(client, 5_000)
    expect(result.current.gather?.keys).toMatchObject([{ digit: '9', role: 'invalid' }])
    expect(result.current.strays).toHaveLength(strays.length + 1)
  })
})

describe('usePlayback', () => {
  it('usePlayback returns the prompt that plays, and later how it ended', async () => {
    const client = createScenarioClient(menuWithWrongKey)
    const { result } = renderHookWithClient(client, () => usePlayback(menuWithWrongKey.callId))
    expect(result.current).toMatchObject({ playing: false, what: null })
    await playTo(client, 3_000)
    expect(result.current).toMatchObject({
      playing: true,
      what: 'playback',
      media: 'https://media.example.com/menu.mp3',
      gatherId: 'menu',
      endedAt: null,
    })
    await playTo(client, 4_460)
    expect(result.current).toMatchObject({ playing: false, outcome: 'cancelled' })
    expect(result.current.startedAt).not.toBeNull()
  })
})

describe('useServerTime', () => {
  it('useServerTime updates by the clock of the client, and never updates without an interval', async () => {
    const client = createScenarioClient(pinEntry)
    const { result } = renderHookWithClient(client, () => [
      useServerTime(pinEntry.callId, 1_000),
      useServerTime(pinEntry.callId, null),
    ])
    const [start = 0] = result.current
    await playTo(client, 10_500)
    expect(result.current[0]).toBe(start + 10_000)
    expect(result.current[1]).toBe(start)
  })
})
