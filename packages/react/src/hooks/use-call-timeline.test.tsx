import { aiBooking, twoGathers } from '@callgather/protocol/scenarios'
import { expect, it } from 'vitest'
import { playAll, playTo, renderHookWithClient } from '../testing/render-hook.tsx'
import { createScenarioClient } from '../testing/scenario-client.ts'
import { useCallTimeline } from './use-call-timeline.ts'

it('useCallTimeline returns the entries, gathers and commands of a call as arrays', async () => {
  const client = createScenarioClient(twoGathers)
  const { result } = renderHookWithClient(client, () => useCallTimeline(twoGathers.callId))
  expect(result.current).toMatchObject({ entries: [], gathers: [], conversations: [], commands: [], startedAt: null })
  await playAll(client)
  const { entries, gathers, commands, startedAt } = result.current
  expect(entries[0]?.at).toBe(startedAt)
  expect(gathers).toHaveLength(2)
  const gathered = gathers.flatMap(({ keys }) => keys)
  expect(gathered.length).toBeGreaterThan(0)
  expect(gathered).toEqual(entries.filter((entry) => entry.kind === 'key'))
  expect(commands.map(({ id }) => id)).toEqual(expect.arrayContaining(gathers.map(({ id }) => id)))
})

it('useCallTimeline keeps the identity of unchanged arrays and items', async () => {
  const client = createScenarioClient(twoGathers)
  const { result } = renderHookWithClient(client, () => useCallTimeline(twoGathers.callId))
  await playAll(client)
  const { entries, gathers } = result.current
  client.emit(twoGathers.callId, 'call.hold', { payload: {} })
  await playAll(client)
  expect(result.current.entries.length).toBe(entries.length + 1)
  expect(result.current.entries[0]).toBe(entries[0])
  expect(result.current.gathers).toBe(gathers)
})

it('useCallTimeline returns the messages of each conversation as an array', async () => {
  const client = createScenarioClient(aiBooking)
  const { result } = renderHookWithClient(client, () => useCallTimeline(aiBooking.callId))
  await playTo(client, 12_000)
  const before = result.current.conversations[0]?.messages ?? []
  await playAll(client)
  const [conversation] = result.current.conversations
  expect(conversation?.messages.length).toBeGreaterThan(before.length)
  expect(conversation?.messages[0]).toBe(before[0])
  expect(conversation?.messages).toEqual(result.current.entries.filter((entry) => entry.kind === 'message'))
})
