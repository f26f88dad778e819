/** Tests which events each DTMF gather command emits, and in which order, for each end status. */
import { describe, expect, it } from 'vitest'
import type { Caller } from '../index.ts'
import type { SimulatorOptions } from '../simulator/simulator.ts'
import { type TestSimulator, testSimulator } from '../testing/simulator.test-kit.ts'

interface Row {
  name: string
  settings?: NonNullable<SimulatorOptions['settings']>
  run(test: TestSimulator, caller: Caller): Promise<unknown>
  /** Expected events after `call.initiated` and `call.answered`. */
  story: string[]
}

const PROMPT_URL = 'https://example.com/prompt.wav'
const INVALID_PROMPT_URL = 'https://example.com/sorry.wav'
const started = `call.playback.started(${PROMPT_URL})`
const ended = (status: string, url = PROMPT_URL) => `call.playback.ended(${status} ${url})`
const key = (digit: string) => `call.dtmf.received(${digit})`
const done = (status: string, digits: string) => `call.gather.ended(${status} ${digits === '' ? "''" : digits})`

const gather =
  (body: Parameters<TestSimulator['client']['calls']['actions']['gather']>[1]) =>
  (test: TestSimulator, caller: Caller) =>
    test.client.calls.actions.gather(caller.id, body)
const audio =
  (body: object = {}) =>
  (test: TestSimulator, caller: Caller) =>
    test.client.calls.actions.gatherUsingAudio(caller.id, { audio_url: PROMPT_URL, ...body })
const speak =
  (body: object = {}) =>
  (test: TestSimulator, caller: Caller) =>
    test.client.calls.actions.gatherUsingSpeak(caller.id, { payload: 'Your PIN, please.', voice: 'female', ...body })

/** Runs the steps in sequence. */
const steps =
  (...actions: ((test: TestSimulator, caller: Caller) => Promise<unknown>)[]): Row['run'] =>
  async (test, caller) => {
    for (const act of actions) {
      await act(test, caller)
      await test.clock.settle()
    }
  }
const press = (keys: string) => (_: TestSimulator, caller: Caller) => caller.press(keys)
const wait =
  (ms: number) =>
  ({ clock }: TestSimulator) =>
    clock.advance(ms)
const hangUp = (_: TestSimulator, caller: Caller) => caller.hangUp()
const stop = ({ client }: TestSimulator, caller: Caller) => client.calls.actions.stopGather(caller.id, {})
const HUNG_UP = 'call.hangup(normal_clearing)'
const MEDIA_MS = 3000
const SPEECH_MS = 'Your PIN, please.'.length * 60

const rows: Row[] = [
  // gather
  {
    name: 'gather ends valid at the terminator and reports digits without it',
    run: steps(gather({}), press('42#')),
    story: [key('4'), key('2'), key('#'), done('valid', '42')],
  },
  {
    name: 'gather ends valid at maximum_digits without a terminator',
    run: steps(gather({ maximum_digits: 2 }), press('42')),
    story: [key('4'), key('2'), done('valid', '42')],
  },
  {
    name: 'gather ends valid when inter_digit_timeout_millis elapses after the last key',
    run: steps(gather({ inter_digit_timeout_millis: 700 }), press('4'), wait(699), press('2'), wait(700)),
    story: [key('4'), key('2'), done('valid', '42')],
  },
  {
    name: 'gather collects # as a digit when terminating_digit is empty',
    run: steps(gather({ terminating_digit: '', maximum_digits: 2 }), press('4#')),
    story: [key('4'), key('#'), done('valid', '4#')],
  },
  {
    name: 'gather collects # as a digit when terminating_digit is *',
    run: steps(gather({ terminating_digit: '*' }), press('4#*')),
    story: [key('4'), key('#'), key('*'), done('valid', '4#')],
  },
  {
    name: 'gather ends invalid with fewer digits than minimum_digits',
    run: steps(gather({ minimum_digits: 3 }), press('42#')),
    story: [key('4'), key('2'), key('#'), done('invalid', '42')],
  },
  {
    name: 'gather ends invalid after the last key when a digit is not in valid_digits',
    run: steps(gather({ valid_digits: '123', maximum_digits: 2 }), press('49')),
    story: [key('4'), key('9'), done('invalid', '49')],
  },
  {
    name: 'gather ends invalid when the first key is the terminator',
    run: steps(gather({}), press('#')),
    story: [key('#'), done('invalid', '')],
  },
  {
    name: 'gather ends with timeout when no key arrives within initial_timeout_millis',
    run: steps(gather({ initial_timeout_millis: 900 }), wait(899), wait(1)),
    story: [done('timeout', '')],
  },
  {
    name: 'gather ends valid at timeout_millis with enough digits',
    run: steps(gather({ timeout_millis: 1000 }), press('4'), wait(1000)),
    story: [key('4'), done('valid', '4')],
  },
  {
    name: 'gather ends invalid at timeout_millis with fewer digits than minimum_digits',
    run: steps(gather({ timeout_millis: 1000, minimum_digits: 2 }), press('4'), wait(1000)),
    story: [key('4'), done('invalid', '4')],
  },
  {
    name: 'gather ends with timeout when timeout_millis elapses before initial_timeout_millis',
    run: steps(gather({ timeout_millis: 1000 }), wait(1000)),
    story: [done('timeout', '')],
  },
  {
    name: 'gather ends cancelled on gather_stop with the digits so far',
    run: steps(gather({}), press('4'), stop),
    story: [key('4'), done('cancelled', '4')],
  },
  {
    name: 'gather ends with call_hangup before call.hangup when the caller hangs up',
    run: steps(gather({}), press('4'), hangUp),
    story: [key('4'), done('call_hangup', '4'), HUNG_UP],
  },

  // gather_using_audio
  {
    name: 'gather_using_audio cancels the prompt at the first key and ends valid',
    run: steps(audio(), press('5503#')),
    story: [started, key('5'), ended('cancelled'), key('5'), key('0'), key('3'), key('#'), done('valid', '5503')],
  },
  {
    name: 'gather_using_audio collects keys after the prompt and ends valid',
    run: steps(audio({ maximum_digits: 1 }), wait(MEDIA_MS), press('5')),
    story: [started, ended('completed'), key('5'), done('valid', '5')],
  },
  {
    name: 'gather_using_audio plays the prompt three times without input, then ends with timeout',
    run: steps(audio({ timeout_millis: 5000 }), wait(3 * (MEDIA_MS + 5000))),
    story: [started, ended('completed'), started, ended('completed'), started, ended('completed'), done('timeout', '')],
  },
  {
    name: 'gather_using_audio plays the invalid prompt after invalid input, then the prompt again',
    run: steps(
      audio({ maximum_digits: 1, valid_digits: '12', invalid_audio_url: INVALID_PROMPT_URL }),
      press('9'),
      wait(2 * MEDIA_MS),
      press('1'),
    ),
    story: [
      started,
      key('9'),
      ended('cancelled'),
      `call.playback.started(${INVALID_PROMPT_URL})`,
      ended('completed', INVALID_PROMPT_URL),
      started,
      ended('completed'),
      key('1'),
      done('valid', '1'),
    ],
  },
  {
    name: 'gather_using_audio takes a key during the invalid prompt as the first digit of the next try',
    run: steps(
      audio({ maximum_digits: 1, valid_digits: '12', invalid_audio_url: INVALID_PROMPT_URL }),
      press('9'),
      press('1'),
    ),
    story: [
      started,
      key('9'),
      ended('cancelled'),
      `call.playback.started(${INVALID_PROMPT_URL})`,
      key('1'),
      ended('cancelled', INVALID_PROMPT_URL),
      done('valid', '1'),
    ],
  },
  {
    name: 'gather_using_audio ends invalid with the last digits after maximum_tries',
    run: steps(audio({ maximum_digits: 1, valid_digits: '12', maximum_tries: 2 }), press('9'), press('8')),
    story: [started, key('9'), ended('cancelled'), started, key('8'), ended('cancelled'), done('invalid', '8')],
  },
  {
    name: 'gather_using_audio ends cancelled when gather_stop interrupts the prompt',
    run: steps(audio(), stop),
    story: [started, ended('cancelled'), done('cancelled', '')],
  },
  {
    name: 'gather_using_audio ends the gather, then the prompt, when the caller hangs up',
    run: steps(audio(), hangUp),
    story: [started, done('call_hangup', ''), ended('call_hangup'), HUNG_UP],
  },
  {
    name: 'gather_using_audio collects keys after the prompt file fails to play',
    settings: { audio: { brokenMedia: { [PROMPT_URL]: { status: 'file_not_found' } } } },
    run: steps(audio({ maximum_digits: 1 }), wait(1), press('5')),
    story: [started, ended('file_not_found'), key('5'), done('valid', '5')],
  },

  // gather_using_speak
  {
    name: 'gather_using_speak ends valid without emitting prompt events',
    run: steps(speak(), press('5503#')),
    story: [key('5'), key('5'), key('0'), key('3'), key('#'), done('valid', '5503')],
  },
  {
    name: 'gather_using_speak collects keys after the prompt and ends valid',
    run: steps(speak({ maximum_digits: 1 }), wait(SPEECH_MS), press('5')),
    story: [key('5'), done('valid', '5')],
  },
  {
    name: 'gather_using_speak ends with timeout after maximum_tries without input',
    run: steps(speak({ timeout_millis: 2000, maximum_tries: 2 }), wait(2 * (SPEECH_MS + 2000))),
    story: [done('timeout', '')],
  },
  {
    name: 'gather_using_speak ends invalid with fewer digits than minimum_digits',
    run: steps(speak({ maximum_tries: 1, minimum_digits: 4 }), press('55#')),
    story: [key('5'), key('5'), key('#'), done('invalid', '55')],
  },
  {
    name: 'gather_using_speak ends cancelled on gather_stop',
    run: steps(speak(), stop),
    story: [done('cancelled', '')],
  },
  {
    name: 'gather_using_speak ends with call_hangup when the caller hangs up',
    run: steps(speak(), press('5'), hangUp),
    story: [key('5'), done('call_hangup', '5'), HUNG_UP],
  },

  // no gather, and two gathers
  { name: 'a key without a gather emits only call.dtmf.received', run: steps(press('7')), story: [key('7')] },
  { name: 'gather_stop without a gather emits no event', run: steps(stop), story: [] },
  {
    name: 'a second gather command cancels the active gather and starts its own',
    run: steps(gather({}), press('4'), gather({}), press('2#')),
    story: [key('4'), done('cancelled', '4'), key('2'), key('#'), done('valid', '2')],
  },

  // settings
  {
    name: 'with bargeInStatus completed, a prompt that a key interrupts ends as completed (rule G2)',
    settings: { gather: { bargeInStatus: 'completed' } },
    run: steps(audio({ maximum_digits: 1 }), press('5')),
    story: [started, key('5'), ended('completed'), done('valid', '5')],
  },
  {
    name: 'with afterFailedPrompt end, a gather ends as invalid when its prompt fails to play (rule G2)',
    settings: { gather: { afterFailedPrompt: 'end' }, audio: { brokenMedia: { [PROMPT_URL]: { status: 'failed' } } } },
    run: steps(audio(), wait(1)),
    story: [started, ended('failed'), done('invalid', '')],
  },
  {
    name: 'with emitSpeakEvents, a spoken prompt emits call.speak.started and call.speak.ended (rule G3)',
    settings: { gather: { emitSpeakEvents: true } },
    run: steps(speak({ maximum_digits: 1 }), press('5')),
    story: ['call.speak.started', key('5'), 'call.speak.ended(completed)', done('valid', '5')],
  },
  {
    name: 'with emitSpeakEvents, call.speak.ended follows call.gather.ended at a hangup (rule G3)',
    settings: { gather: { emitSpeakEvents: true } },
    run: steps(speak(), hangUp),
    story: ['call.speak.started', done('call_hangup', ''), 'call.speak.ended(call_hangup)', HUNG_UP],
  },
  {
    name: 'with bargeInKeyCounts false, the key that interrupts the prompt is discarded (rule G4)',
    settings: { gather: { bargeInKeyCounts: false } },
    run: steps(audio({ maximum_digits: 1 }), press('59')),
    story: [started, key('5'), ended('cancelled'), key('9'), done('valid', '9')],
  },
  {
    name: 'with terminatorInDigits, the reported digits include the terminator (rule G5)',
    settings: { gather: { terminatorInDigits: true } },
    run: steps(gather({}), press('4#')),
    story: [key('4'), key('#'), done('valid', '4#')],
  },
  {
    name: 'with terminatorFirst timeout, a leading terminator ends the gather with timeout (rule G6)',
    settings: { gather: { terminatorFirst: 'timeout' } },
    run: steps(gather({}), press('#')),
    story: [key('#'), done('timeout', '')],
  },
  {
    name: 'with terminatorFirst ignore, a gather ignores a leading terminator (rule G6)',
    settings: { gather: { terminatorFirst: 'ignore' } },
    run: steps(gather({}), press('#1#')),
    story: [key('#'), key('1'), key('#'), done('valid', '1')],
  },
  {
    name: 'with invalidKey drop, a gather drops a key that is not in valid_digits (rule G7)',
    settings: { gather: { invalidKey: 'drop' } },
    run: steps(gather({ valid_digits: '12', maximum_digits: 1 }), press('91')),
    story: [key('9'), key('1'), done('valid', '1')],
  },
  {
    name: 'with noInputStatus invalid, a gather without keys ends as invalid (rule G10)',
    settings: { gather: { noInputStatus: 'invalid' } },
    run: steps(gather({}), wait(5000)),
    story: [done('invalid', '')],
  },
  {
    name: 'with invalidUsesTry false, invalid input does not use up one of maximum_tries (rule G12)',
    settings: { gather: { invalidUsesTry: false } },
    run: steps(audio({ maximum_digits: 1, valid_digits: '1', maximum_tries: 1 }), press('9'), press('1')),
    story: [started, key('9'), ended('cancelled'), started, key('1'), ended('cancelled'), done('valid', '1')],
  },
  {
    name: 'with invalidDigits blank, an invalid gather reports no digits (rule G13)',
    settings: { gather: { invalidDigits: 'blank' } },
    run: steps(gather({ minimum_digits: 2 }), press('4#')),
    story: [key('4'), key('#'), done('invalid', '')],
  },
  {
    name: 'with secondGather cancel-both, a second gather cancels both gathers (rule G18)',
    settings: { gather: { secondGather: 'cancel-both' } },
    run: steps(gather({}), gather({}), press('1#')),
    story: [done('cancelled', ''), done('cancelled', ''), key('1'), key('#')],
  },
  {
    name: 'with hangupOrder prompt-first, a hangup ends the prompt before the gather (rule G19)',
    settings: { gather: { hangupOrder: 'prompt-first' } },
    run: steps(audio(), hangUp),
    story: [started, ended('call_hangup'), done('call_hangup', ''), HUNG_UP],
  },
]

describe('event emission order', () => {
  it.each(rows)('$name', async ({ settings, run, story }) => {
    await using test = await testSimulator(settings ? { settings } : {})
    const caller = await test.answeredCall()
    await run(test, caller)
    await test.clock.settle()
    expect(test.story()).toEqual(['call.initiated', 'call.answered', ...story])
    // Without delivery failures, the webhooks arrive in emission order.
    expect(test.received.map(({ event }) => event.id)).toEqual(test.emitted.map(({ id }) => id))
  })

  it('events have unique, increasing occurred_at timestamps with microseconds', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    await test.client.calls.actions.gather(caller.id, {})
    await caller.press('123456789#')
    const times = test.emitted.map(({ occurred_at }) => occurred_at)
    expect(times).toEqual([...new Set(times)].sort())
    expect(times.every((time) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(time))).toBe(true)
  })
})
