import type { HostEvent } from '@callgather/protocol'
import { checkHostEvent } from '@callgather/protocol/host-contract'
import { type Scenario, ScenarioWriter } from '@callgather/protocol/scenarios'
import { QueryClient, QueryObserver } from '@tanstack/react-query'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createClientWith } from '../client/gather-client.ts'
import { callQueryOptions } from '../query/call-query.ts'
import { callsQueryOptions } from '../query/calls-query.ts'
import { ScenarioServer } from '../testing/scenario-server.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { subscribeHostEvents } from './host-events.ts'

/** A call with one step for each fact that the list of calls shows, and a step that it does not show. */
const call = (title: string): Scenario =>
  new ScenarioWriter(title)
    .answered({ callerName: 'Sample Caller' })
    .event('call.dtmf.received', { payload: { digit: '5' } })
    .hangup()
    .end()

const callA = call('A')
const callB = call('B')
const listed: readonly string[] = ['call-ringing', 'call-answered', 'call-ended']

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A client on a scripted server, and a subscription to its host events. */
function deskOf() {
  const clock = new VirtualClock(Date.parse('2030-01-01T00:00:00Z'))
  const server = new ScenarioServer(clock)
  const positions = new Map<string, number>()
  for (const { callId } of [callA, callB]) server.addCall(callId, ['view'])
  const agent = { name: 'agent-1' }
  const client = createClientWith({
    transport: server,
    clock,
    getTicket: () => `h.${btoa(JSON.stringify({ sub: agent.name, iat: 0, exp: 9e9, jti: Math.random() }))}.s`,
    base: 'http://server.invalid',
    fetch: () => Promise.reject(new Error('This client sends no command.')),
    onWake: () => () => {},
  })
  const cache = new QueryClient()
  const events: HostEvent[] = []
  const stop = subscribeHostEvents(client, cache, (event) => void events.push(event))
  // Longer than a frame of the cache, so that each step is a write of its own.
  const settle = async (virtualMs = 0) => {
    await vi.advanceTimersByTimeAsync(50)
    await clock.advanceTo(clock.now() + virtualMs)
    await vi.advanceTimersByTimeAsync(50)
  }
  const unwatch = new Map<string, () => void>()
  return {
    ...{ client, server, agent, events, stop, settle },
    /** Appends the next event of a call, and returns the host event that it causes. */
    append: async ({ callId, steps }: Scenario) => {
      const position = positions.get(callId) ?? 0
      positions.set(callId, position + 1)
      const event = steps[position]?.event
      if (event) server.append(callId, event)
      await settle()
      return [listed[0], listed[1], null, listed[2]][position] ?? null
    },
    watchList: async () => {
      const observer = new QueryObserver(cache, callsQueryOptions(client))
      unwatch.set(
        'list',
        observer.subscribe(() => {}),
      )
      await settle()
    },
    watchCall: async ({ callId }: Scenario) => {
      const observer = new QueryObserver(cache, callQueryOptions(client, callId))
      unwatch.set(
        callId,
        observer.subscribe(() => {}),
      )
      await settle()
    },
    unwatch: async (name: string) => {
      unwatch.get(name)?.()
      unwatch.delete(name)
      await settle()
    },
    isWatched: (name: string) => unwatch.has(name),
    ofCalls: (scenario?: Scenario): string[] =>
      events.flatMap((event) =>
        listed.includes(event.type) && 'callId' in event && (!scenario || event.callId === scenario.callId)
          ? [event.type]
          : [],
      ),
  }
}

it('publishes the ringing, the answer and the end of a call that only the list of calls shows', async () => {
  const desk = deskOf()
  await desk.watchList()
  for (const _ of callA.steps) await desk.append(callA)
  expect(desk.ofCalls()).toEqual(listed)
  expect(desk.events).toContainEqual(
    expect.objectContaining({
      type: 'call-ringing',
      callId: callA.callId,
      callerName: 'Sample Caller',
      sessionId: null,
    }),
  )
  expect(desk.events).toContainEqual(expect.objectContaining({ type: 'call-ended', hungUpBy: 'caller', cause: null }))
  for (const event of desk.events) expect(checkHostEvent(event)).toEqual({ ok: true, message: event })
})

it('publishes no event for calls that were answered or ended before the first snapshot of the list', async () => {
  const desk = deskOf()
  for (const _ of callA.steps) await desk.append(callA)
  await desk.append(callB)
  await desk.append(callB)
  await desk.watchList()
  expect(desk.ofCalls()).toEqual([])
  await desk.append(callB)
  await desk.append(callB)
  expect(desk.ofCalls()).toEqual(['call-ended'])
})

it.each(['the list is read first', 'the call is read first'])(
  'publishes a call that rings in the first snapshot of the list once, when %s',
  async (order) => {
    const desk = deskOf()
    await desk.append(callA)
    if (order === 'the call is read first') await desk.watchCall(callA)
    expect(desk.ofCalls()).toEqual([])
    await desk.watchList()
    expect(desk.ofCalls()).toEqual(['call-ringing'])
    if (order === 'the list is read first') await desk.watchCall(callA)
    // A list that is shown again is read again, and the call still rings.
    await desk.unwatch('list')
    await desk.watchList()
    expect(desk.ofCalls()).toEqual(['call-ringing'])
  },
)

it('publishes the past events of a call that joins the list later, the oldest call first', async () => {
  const desk = deskOf()
  await desk.watchList()
  desk.server.setUnreachable(true)
  for (const _ of callA.steps) await desk.append(callA)
  await desk.append(callB)
  expect(desk.ofCalls()).toEqual([])
  desk.server.setUnreachable(false)
  await desk.settle(60_000)
  expect(desk.ofCalls()).toEqual([...listed, 'call-ringing'])
})

it('publishes the answer that only the first snapshot of a listed call shows', async () => {
  const desk = deskOf()
  await desk.watchList()
  await desk.append(callA)
  desk.server.lose(1)
  await desk.append(callA)
  expect(desk.ofCalls()).toEqual(['call-ringing'])
  await desk.watchCall(callA)
  expect(desk.ofCalls()).toEqual(['call-ringing', 'call-answered'])
  await desk.append(callA)
  expect(desk.ofCalls()).toEqual(['call-ringing', 'call-answered'])
})

it('publishes nothing about the calls of the previous agent after a change of agent', async () => {
  const desk = deskOf()
  await desk.append(callA)
  await desk.append(callB)
  await desk.watchList()
  await desk.watchCall(callA)
  await desk.append(callA)
  expect(desk.ofCalls(callB)).toEqual(['call-ringing'])
  desk.events.length = 0
  desk.agent.name = 'agent-2'
  desk.server.drop(null)
  await desk.settle(60_000)
  // Call A was answered for the previous agent. Call B still rings, so the page of the next agent must ring too.
  expect(desk.ofCalls(callA)).toEqual([])
  expect(desk.ofCalls(callB)).toEqual(['call-ringing'])
})

it('publishes nothing after its subscription has stopped', async () => {
  const desk = deskOf()
  await desk.watchList()
  desk.stop()
  const before = desk.events.length
  await desk.append(callA)
  desk.server.drop(null)
  await desk.settle(60_000)
  expect(desk.events).toHaveLength(before)
})

it('publishes each fact at most once, in order, and each fact of a watched call, in any interleaving', async () => {
  const action = fc.constantFrom('append A', 'append B', 'list', 'watch A', 'watch B')
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 24 }), async (actions) => {
      const desk = deskOf()
      const expected: string[] = []
      for (const name of actions) {
        const scenario = name.endsWith('A') ? callA : callB
        const { callId } = scenario
        if (name === 'list') await (desk.isWatched('list') ? desk.unwatch('list') : desk.watchList())
        else if (name.startsWith('watch'))
          await (desk.isWatched(callId) ? desk.unwatch(callId) : desk.watchCall(scenario))
        else {
          const type = await desk.append(scenario)
          if (type && (desk.isWatched('list') || desk.isWatched(callId))) expected.push(`${type} ${callId}`)
        }
      }
      for (const scenario of [callA, callB]) {
        const types = desk.ofCalls(scenario)
        expect(types).toEqual(listed.filter((type) => types.includes(type)))
        const missing = expected.filter((it) => it.endsWith(scenario.callId) && !types.includes(it.split(' ')[0] ?? ''))
        expect(missing).toEqual([])
      }
      desk.stop()
      desk.client.close()
    }),
    { numRuns: 150 },
  )
})
