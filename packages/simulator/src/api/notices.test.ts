/** Tests the notices of the live log about parameters and endpoints that the simulator ignores or lacks. */
import type {
  ActionAddAIAssistantMessagesParams,
  ActionAnswerParams,
  ActionBridgeParams,
  ActionEnqueueParams,
  ActionGatherParams,
  ActionGatherUsingAIParams,
  ActionGatherUsingAudioParams,
  ActionGatherUsingSpeakParams,
  ActionHangupParams,
  ActionJoinAIAssistantParams,
  ActionLeaveQueueParams,
  ActionPauseRecordingParams,
  ActionRejectParams,
  ActionResumeRecordingParams,
  ActionSendDtmfParams,
  ActionSpeakParams,
  ActionStartAIAssistantParams,
  ActionStartPlaybackParams,
  ActionStartRecordingParams,
  ActionStartStreamingParams,
  ActionStartTranscriptionParams,
  ActionStopAIAssistantParams,
  ActionStopGatherParams,
  ActionStopPlaybackParams,
  ActionStopRecordingParams,
  ActionStopStreamingParams,
  ActionStopTranscriptionParams,
  ActionTransferParams,
  ActionUpdateClientStateParams,
} from 'telnyx/resources/calls/actions'
import type { CallDialParams } from 'telnyx/resources/calls/calls'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { createLog } from '../simulator/log.ts'
import { type TestSimulator, testSimulator } from '../testing/simulator.test-kit.ts'
import { describeIgnoredParameters, type withoutEffect } from './parameters.ts'
import type { schemas } from './schemas.ts'

/** The parameters of each command in the official SDK. Its `bridge` renames the body field `call_control_id`. */
interface SdkParameters {
  ai_assistant_add_messages: ActionAddAIAssistantMessagesParams
  ai_assistant_join: ActionJoinAIAssistantParams
  ai_assistant_start: ActionStartAIAssistantParams
  ai_assistant_stop: ActionStopAIAssistantParams
  answer: ActionAnswerParams
  bridge: Omit<ActionBridgeParams, 'call_control_id_to_bridge_with'>
  client_state_update: ActionUpdateClientStateParams
  dial: CallDialParams
  enqueue: ActionEnqueueParams
  gather: ActionGatherParams
  gather_stop: ActionStopGatherParams
  gather_using_ai: ActionGatherUsingAIParams
  gather_using_audio: ActionGatherUsingAudioParams
  gather_using_speak: ActionGatherUsingSpeakParams
  hangup: ActionHangupParams
  leave_queue: ActionLeaveQueueParams
  playback_start: ActionStartPlaybackParams
  playback_stop: ActionStopPlaybackParams
  record_pause: ActionPauseRecordingParams
  record_resume: ActionResumeRecordingParams
  record_start: ActionStartRecordingParams
  record_stop: ActionStopRecordingParams
  reject: ActionRejectParams
  send_dtmf: ActionSendDtmfParams
  speak: ActionSpeakParams
  streaming_start: ActionStartStreamingParams
  streaming_stop: ActionStopStreamingParams
  transcription_start: ActionStartTranscriptionParams
  transcription_stop: ActionStopTranscriptionParams
  transfer: ActionTransferParams
}

type WithoutEffect<Name> = Name extends keyof typeof withoutEffect ? (typeof withoutEffect)[Name][number] : never

/** The parameters of the SDK that neither a schema nor `withoutEffect` lists, as `command.parameter`. */
type Unlisted = {
  [Name in keyof SdkParameters]: `${Name}.${Exclude<
    keyof SdkParameters[Name] & string,
    keyof (typeof schemas)[Name]['properties'] | WithoutEffect<Name>
  >}`
}[keyof SdkParameters]

/** The names in `withoutEffect` that the SDK does not have, as `command.parameter`. */
type Obsolete = {
  [Name in keyof typeof withoutEffect]: `${Name}.${Exclude<WithoutEffect<Name>, keyof SdkParameters[Name]>}`
}[keyof typeof withoutEffect]

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
    await send('gather', { foo: 'speech', maximum_digits: 4 })
    await send('speak', { payload: 'Hi', voice: 'female', tone: 'en', 'a\u001b[2J': 1 })
    await send('gather_stop', Object.fromEntries(Array.from({ length: 7 }, (_, index) => [`x${index}`, 0])))
    expect(notices).toEqual([
      'gather: `foo` is not a parameter of this command; ignored',
      'speak: `tone`, `a?[2J` are not parameters of this command; ignored',
      'gather_stop: `x0`, `x1`, `x2`, `x3`, `x4` and 2 more are not parameters of this command; ignored',
    ])
  })

  it.each([
    ['gather', 'max_digits', '(did you mean `maximum_digits`?)'],
    ['gather', 'min_digits', '(did you mean `minimum_digits`?)'],
    ['gather', 'numDigits', '(did you mean `maximum_digits`?)'],
    ['gather', 'terminating_digits', '(did you mean `terminating_digit`?)'],
    ['gather', 'timeout_ms', '(did you mean `timeout_millis`?)'],
    ['gather', 'input_type', '(a gather collects keys; for speech use `gather_using_ai`)'],
    ['speak', 'language_code', '(did you mean `language`?)'],
    ['answer', 'webhookUrl', '(did you mean `webhook_url`?)'],
  ] as const)('suggests what a program meant when it sends %s the parameter %s', (command, name, hint) => {
    expect(describeIgnoredParameters(command, { [name]: 'x' })).toBe(
      `${command}: \`${name}\` ${hint} is not a parameter of this command; ignored`,
    )
  })

  it('the live log has one notice per command for known parameters that do nothing in the simulator', async () => {
    await using test = await testSimulator()
    const notices = noticesOf(test)
    const { data } = await test.client.calls.dial({
      to: '+15550123',
      from: '+15550199',
      connection_id: '1',
      prevent_double_bridge: true,
      send_silence_when_idle: false,
      from_display_name: 'Clinic',
      ...{ webhookUrl: 'http://127.0.0.1:9' },
    })
    await test.clock.advance(3000)
    await test.client.calls.actions.hangup(data?.call_control_id ?? '', { custom_headers: [] })
    expect(notices).toEqual([
      'dial: `webhookUrl` (did you mean `webhook_url`?) is not a parameter of this command; ignored. ' +
        '`from_display_name`, `prevent_double_bridge` have no effect in the simulator',
      'hangup: `custom_headers` has no effect in the simulator',
    ])
  })

  it('the live log has no notice for command parameters that the Telnyx SDK has', async () => {
    // Each of these does not compile if the SDK or the simulator has a command or a parameter that the other lacks.
    expectTypeOf<Unlisted>().toEqualTypeOf<never>()
    expectTypeOf<Obsolete>().toEqualTypeOf<never>()
    expectTypeOf<keyof SdkParameters>().toEqualTypeOf<keyof typeof schemas>()
    await using test = await testSimulator()
    const notices = noticesOf(test)
    const caller = await test.answeredCall()
    await test.client.calls.actions.gather(caller.id, { maximum_digits: 1, command_id: 'a', client_state: 'eA==' })
    expect(notices).toEqual([])
  })

  it.each([
    ['post', '/calls/CALL/actions/siprec_start', 'siprec_start'],
    ['post', '/calls/CALL/actions/pay/', 'pay'],
    ['post', '/messages/long_code', 'POST /messages/long_code'],
    ['post', '/ai/embeddings', 'POST /ai/embeddings'],
    ['get', '/connections/7', 'GET /connections/:id'],
  ] as const)('the live log says that %s %s exists at Telnyx but is not simulated', async (method, path, name) => {
    await using test = await testSimulator()
    const notices = noticesOf(test)
    const caller = await test.answeredCall()
    await expect(test.client[method](path.replace('CALL', caller.id))).rejects.toMatchObject({ status: 404 })
    expect(notices).toEqual([`${name}: exists at Telnyx, not simulated`])
  })

  it.each([
    ['post', '/calls/CALL/actions/record_strat'],
    ['get', '/calls/CALL/actions/siprec_start'],
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
