/** Tests queues of calls with the official SDK. */
import { expect, it } from 'vitest'
import { type TestSimulator, testSimulator } from '../testing/simulator.test-kit.ts'

const queueStory = ({ emitted }: TestSimulator) =>
  emitted
    .filter(({ event_type }) => event_type.endsWith('queued'))
    .map(({ event_type, payload }) =>
      event_type === 'call.enqueued'
        ? `${payload.queue} +${payload.current_position} avg ${payload.queue_avg_wait_time_secs}`
        : `${payload.queue} -${payload.queue_position} ${payload.reason} ${payload.wait_time_secs}`,
    )

const codeOf = (request: Promise<unknown>) =>
  request.then(
    () => 'no error',
    ({ error }) => error.errors[0].code,
  )

it('a queue lists its calls by position, and says why each left', async () => {
  await using test = await testSimulator()
  const { client, clock } = test
  const { actions } = client.calls
  const callers = [await test.answeredCall(), await test.answeredCall(), await test.answeredCall()] as const
  const [first, second, third] = callers
  await actions.enqueue(first.id, { queue_name: 'support', client_state: 'cQ==' })
  await clock.advance(10_000)
  await actions.enqueue(second.id, { queue_name: 'support', max_wait_time_secs: 60 })
  await actions.enqueue(third.id, { queue_name: 'support' })
  const { data: queue } = await client.queues.retrieve('support')
  expect(queue).toMatchObject({ name: 'support', current_size: 3, max_size: 100, average_wait_time_secs: 3 })
  const { data: waiting } = await client.queues.calls.list('support')
  expect(waiting.map((call) => [call.call_control_id, call.queue_position, call.wait_time_secs])).toEqual([
    [first.id, 1, 10],
    [second.id, 2, 0],
    [third.id, 3, 0],
  ])
  await actions.leaveQueue(first.id, {})
  await third.hangUp()
  await clock.advance(60_000)
  expect(queueStory(test)).toEqual([
    'support +1 avg 0',
    'support +2 avg 5',
    'support +3 avg 3',
    'support -1 leave 10',
    'support -2 hangup 0',
    'support -1 timeout 60',
  ])
  expect(test.emitted.find(({ event_type }) => event_type === 'call.enqueued')?.payload.client_state).toBe('cQ==')
  expect((await client.queues.list()).data).toMatchObject([{ id: queue?.id, current_size: 0 }])
})

it('bridge with a queue takes the longest waiting call, and refuses an empty queue', async () => {
  await using test = await testSimulator()
  const { actions } = test.client.calls
  const [first, second, agent] = [await test.answeredCall(), await test.answeredCall(), await test.answeredCall()]
  for (const { id } of [first, second]) await actions.enqueue(id, { queue_name: 'support' })
  const bridge = (body: object) => test.client.post(`/calls/${agent.id}/actions/bridge`, { body })
  await bridge({ queue: 'support' })
  expect(agent.view.bridged_with).toBe(first.id)
  expect(queueStory(test).at(-1)).toBe('support -1 bridged 0')
  expect(await codeOf(bridge({ queue: 'support', call_control_id: second.id }))).toBe('10015')
  expect(await codeOf(bridge({ queue: 'sales' }))).toBe('10027')
  expect(await codeOf(bridge({}))).toBe('10004')
})

it('enqueue ends the bridge of a call, and a call kept after its hangup cannot be bridged', async () => {
  await using test = await testSimulator()
  const { actions } = test.client.calls
  const [caller, other] = [await test.answeredCall(), await test.answeredCall()]
  await actions.bridge(caller.id, { call_control_id_to_bridge_with: other.id })
  await actions.enqueue(caller.id, { queue_name: 'support', keep_after_hangup: true })
  expect(other.view.state).toBe('ended')
  expect(caller.view.bridged_with).toBeNull()
  await caller.hangUp()
  expect((await test.client.queues.calls.list('support')).data).toMatchObject([{ is_alive: false }])
  const agent = await test.answeredCall()
  const bridge = () => test.client.post(`/calls/${agent.id}/actions/bridge`, { body: { queue: 'support' } })
  expect(await codeOf(bridge())).toBe('90018')
  expect(await codeOf(bridge())).toBe('10027')
})

it('refuses what a queue cannot do with the codes of Telnyx', async () => {
  await using test = await testSimulator()
  const { actions } = test.client.calls
  const [first, second] = [await test.answeredCall(), await test.answeredCall()]
  expect(await codeOf(actions.leaveQueue(first.id, {}))).toBe('90035')
  await test.client.queues.create({ queue_name: 'support', max_size: 1 })
  expect(await codeOf(test.client.queues.create({ queue_name: 'support' }))).toBe('10012')
  await actions.enqueue(first.id, { queue_name: 'support' })
  expect(await codeOf(actions.enqueue(first.id, { queue_name: 'support' }))).toBe('90038')
  expect(await codeOf(actions.enqueue(second.id, { queue_name: 'support' }))).toBe('90036')
  expect(await codeOf(actions.enqueue(second.id, { queue_name: 'support', max_size: 9 }))).toBe('90037')
  await expect(test.client.queues.retrieve('sales')).rejects.toMatchObject({ status: 404 })
})
