/** Tests the notices of the live log about parameters and endpoints that the simulator ignores or lacks. */
import type {
  ActionHangupParams,
  ActionJoinAIAssistantParams,
  ActionRejectParams,
  ActionSendDtmfParams,
  ActionSpeakParams,
  ActionStartPlaybackParams,
  ActionStopPlaybackParams,
  ActionUpdateClientStateParams,
} from 'telnyx/resources/calls/actions'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { createLog } from '../simulator/log.ts'
import { type TestSimulator, testSimulator } from '../testing/simulator.test-kit.ts'
import type { schemas } from './schemas.ts'

/** Collects the notices of the live log, without their time and call. */
function noticesOf({ sim }: TestSimulator): string[] {
  const lines: string[] = []
  const log = createLog((line) => lines.push(line.replace(/^.*! notice +\S+ +/, '')), {
    colours: false,
    hideDigits: false,
  })
  sim.watch((activity) => log(activity), ['notice'])
  return lines
}

describe('the log', () => {
  it('the live log has one notice per command that names the parameters Telnyx does not have', async () => {
    await using test = await testSimulator()
    const notices = noticesOf(test)
    const caller = await test.answeredCall()
    const send = (command: string, body: object) => test.client.post(`/calls/${caller.id}/actions/${command}`, { body })
    await send('gather', { input_type: 'speech', maximum_digits: 4 })
    await send('speak', { payload: 'Hi', voice: 'female', language_code: 'en', 'a\u001b[2J': 1 })
    await send('gather_stop', Object.fromEntries(Array.from({ length: 7 }, (_, index) => [`x${index}`, 0])))
    expect(notices).toEqual([
      'gather: `input_type` is not a parameter of this command; ignored',
      'speak: `language_code`, `a?[2J` are not parameters of this command; ignored',
      'gather_stop: `x0`, `x1`, `x2`, `x3`, `x4` and 2 more are not parameters of this command; ignored',
    ])
  })

  it('the live log has no notice for command parameters that the Telnyx SDK has', async () => {
    type Unlisted<Name extends keyof typeof schemas, Params> = Exclude<
      keyof Params,
      keyof (typeof schemas)[Name]['properties']
    >
    // Does not compile if the SDK has a parameter that the log would call unknown.
    expectTypeOf<Unlisted<'speak', ActionSpeakParams>>().toEqualTypeOf<never>()
    expectTypeOf<Unlisted<'playback_start', ActionStartPlaybackParams>>().toEqualTypeOf<never>()
    expectTypeOf<Unlisted<'playback_stop', ActionStopPlaybackParams>>().toEqualTypeOf<never>()
    expectTypeOf<Unlisted<'send_dtmf', ActionSendDtmfParams>>().toEqualTypeOf<never>()
    expectTypeOf<Unlisted<'reject', ActionRejectParams>>().toEqualTypeOf<never>()
    expectTypeOf<Unlisted<'hangup', ActionHangupParams>>().toEqualTypeOf<never>()
    expectTypeOf<Unlisted<'client_state_update', ActionUpdateClientStateParams>>().toEqualTypeOf<never>()
    expectTypeOf<Unlisted<'ai_assistant_join', ActionJoinAIAssistantParams>>().toEqualTypeOf<never>()
    await using test = await testSimulator()
    const notices = noticesOf(test)
    const caller = await test.answeredCall()
    await test.client.calls.actions.gather(caller.id, { maximum_digits: 1, command_id: 'a', client_state: 'eA==' })
    expect(notices).toEqual([])
  })

  it.each([
    ['post', '/calls/CALL/actions/record_start', 'record_start'],
    ['post', '/calls/CALL/actions/enqueue/', 'enqueue'],
    ['post', '/messages', 'POST /messages'],
    ['post', '/ai/chat/completions', 'POST /ai/chat/completions'],
    ['get', '/number_lookup/+15550123', 'GET /number_lookup/:id'],
  ] as const)('the live log says that %s %s exists at Telnyx but is not simulated', async (method, path, name) => {
    await using test = await testSimulator()
    const notices = noticesOf(test)
    const caller = await test.answeredCall()
    await expect(test.client[method](path.replace('CALL', caller.id))).rejects.toMatchObject({ status: 404 })
    expect(notices).toEqual([`${name}: exists at Telnyx, not simulated`])
  })

  it.each([
    ['post', '/calls/CALL/actions/record_strat'],
    ['get', '/calls/CALL/actions/record_start'],
    ['get', '/mesages'],
  ] as const)('the live log has no notice for %s %s, which Telnyx does not have', async (method, path) => {
    await using test = await testSimulator()
    const notices = noticesOf(test)
    const caller = await test.answeredCall()
    await expect(test.client[method](path.replace('CALL', caller.id))).rejects.toMatchObject({ status: 404 })
    expect(notices).toEqual([])
  })
})

describe('the webhook route of a transfer target', () => {
  it('a transfer target with its own webhook_url gets POST webhooks although the first leg uses GET', async () => {
    await using test = await testSimulator()
    const { data } = await test.client.calls.dial({
      to: '+15550123',
      from: '+15550199',
      connection_id: '1',
      webhook_url: 'http://127.0.0.1:9/first',
      webhook_url_method: 'GET',
    })
    await test.clock.advance(3000)
    await test.client.calls.actions.transfer(data?.call_control_id ?? '', {
      to: '+15550124',
      webhook_url: 'http://127.0.0.1:9/own',
    })
    await test.clock.settle()
    const methods = test.sim.deliveries().map(({ url, method }) => `${method} ${new URL(url).pathname}`)
    expect(new Set(methods)).toEqual(new Set(['GET /first', 'POST /own']))
  })
})
