/** Tests keys after a dialled number, the end of a machine's greeting, and commands after the end of a call. */
import type { CallDialParams } from 'telnyx/resources/calls/calls'
import { expect, it } from 'vitest'
import { testSimulator } from '../testing/simulator.test-kit.ts'

const numbers = { from: '+15550199', connection_id: '1' }

it.each<[keys: string, params: Pick<CallDialParams, 'to' | 'send_digits_on_answer'>, expected: string[]]>([
  ['keys of the number', { to: '+15550123,200' }, ['200 at 0']],
  ['keys of send_digits_on_answer', { to: '+15550123,200', send_digits_on_answer: '9' }, ['9 at 0']],
  ['keys with pauses', { to: '+15550123,w2W00#' }, ['2 at 500', '00# at 1500']],
])('a dialled call rings at the plain number and plays the %s on answer', async (_, params, expected) => {
  await using test = await testSimulator()
  const played: string[] = []
  await test.client.calls.dial({ ...numbers, ...params })
  await test.clock.advance(1999)
  const answeredAt = test.clock.now() + 1
  test.sim.watch(
    (activity) => {
      if (activity.type === 'dtmf.sent') played.push(`${activity.digits} at ${Date.parse(activity.at) - answeredAt}`)
    },
    ['dtmf.sent'],
  )
  await test.clock.advance(5000)
  expect(played).toEqual(expected)
  expect(test.emitted.map(({ payload }) => payload.to)).toEqual(['+15550123', '+15550123'])
})

it('transfer plays the keys of its number on answer, and dial refuses keys with several numbers', async () => {
  await using test = await testSimulator()
  const digits: string[] = []
  test.sim.watch((activity) => activity.type === 'dtmf.sent' && digits.push(activity.digits), ['dtmf.sent'])
  const caller = await test.answeredCall()
  await test.client.calls.actions.transfer(caller.id, { to: '+15550123,42' })
  await test.clock.advance(2000)
  expect(digits).toEqual(['42'])
  await expect(test.client.calls.dial({ ...numbers, to: ['+15550123', '+15550124,2'] })).rejects.toMatchObject({
    error: { errors: [{ code: '10016', source: { pointer: '/to/1' } }] },
  })
})

it.each<[mode: NonNullable<CallDialParams['answering_machine_detection']>, expected: string[]]>([
  ['detect', []],
  ['detect_beep', ['call.machine.greeting.ended beep_detected']],
  ['detect_words', ['call.machine.greeting.ended ended']],
  ['greeting_end', ['call.machine.greeting.ended ended']],
  ['premium', ['call.machine.premium.greeting.ended beep_detected']],
])('answering-machine detection %s reports the end of the greeting: %j', async (mode, expected) => {
  await using test = await testSimulator({ settings: { leg: { callees: { '+15559': 'machine' } } } })
  for (const to of ['+15559', '+15550'])
    await test.client.calls.dial({ ...numbers, to, answering_machine_detection: mode })
  await test.clock.advance(5000)
  const before = test.emitted.length
  await test.clock.advance(4000)
  expect(test.emitted.slice(before).map(({ event_type, payload }) => `${event_type} ${payload.result}`)).toEqual(
    expected,
  )
})

it('the log says once per command how long before the command the call ended', async () => {
  await using test = await testSimulator()
  const notices: string[] = []
  test.sim.watch((activity) => activity.type === 'notice' && notices.push(activity.text), ['notice'])
  const caller = await test.answeredCall()
  await caller.hangUp()
  await test.clock.advance(1200)
  const command = test.client.calls.actions.speak(caller.id, { payload: 'Hello', voice: 'female' })
  await expect(command).rejects.toMatchObject({ status: 422, error: { errors: [{ code: '90018' }] } })
  expect(notices).toEqual([
    'speak: the call ended 1.2 s earlier (call.hangup, normal_clearing). Stop sending commands after call.hangup.',
  ])
})
