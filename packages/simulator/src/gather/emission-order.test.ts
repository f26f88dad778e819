/** What is emitted, and in which order, for each DTMF command and each way it can end. */
import { describe, expect, it } from 'vitest'
import type { Caller } from '../index.ts'
import type { SimulatorOptions } from '../simulator/simulator.ts'
import { type TestSimulator, testSimulator } from '../testing/simulator.test-kit.ts'

interface Row {
  name: string
  settings?: NonNullable<SimulatorOptions['settings']>
  run(test: TestSimulator, caller: Caller): Promise<unknown>
  /** After `call.initiated`, `call.answered`. */
  story: string[]
}

const PROMPT_URL = 'https://example.com/prompt.wav'
const APOLOGY_URL = 'https://example.com/sorry.wav'
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

/** One step after the other. */
const steps =
  (...all: ((test: TestSimulator, caller: Caller) => Promise<unknown>)[]): Row['run'] =>
  async (test, caller) => {
    for (const step of all) {
      await step(test, caller)
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
    name: 'gather, valid by the terminator, which is not among the digits',
    run: steps(gather({}), press('42#')),
    story: [key('4'), key('2'), key('#'), done('valid', '42')],
  },
  {
    name: 'gather, valid by maximum_digits, with no terminator needed',
    run: steps(gather({ maximum_digits: 2 }), press('42')),
    story: [key('4'), key('2'), done('valid', '42')],
  },
  {
    name: 'gather, valid by the pause after the last key',
    run: steps(gather({ inter_digit_timeout_millis: 700 }), press('4'), wait(699), press('2'), wait(700)),
    story: [key('4'), key('2'), done('valid', '42')],
  },
  {
    name: 'gather, a # that can be input because there is no terminator',
    run: steps(gather({ terminating_digit: '', maximum_digits: 2 }), press('4#')),
    story: [key('4'), key('#'), done('valid', '4#')],
  },
  {
    name: 'gather, another terminator',
    run: steps(gather({ terminating_digit: '*' }), press('4#*')),
    story: [key('4'), key('#'), key('*'), done('valid', '4#')],
  },
  {
    name: 'gather, invalid: too few digits',
    run: steps(gather({ minimum_digits: 3 }), press('42#')),
    story: [key('4'), key('2'), key('#'), done('invalid', '42')],
  },
  {
    name: 'gather, invalid: a key that is not in valid_digits, found at the end',
    run: steps(gather({ valid_digits: '123', maximum_digits: 2 }), press('49')),
    story: [key('4'), key('9'), done('invalid', '49')],
  },
  {
    name: 'gather, invalid: the terminator first',
    run: steps(gather({}), press('#')),
    story: [key('#'), done('invalid', '')],
  },
  {
    name: 'gather, timeout: no first key within initial_timeout_millis',
    run: steps(gather({ initial_timeout_millis: 900 }), wait(899), wait(1)),
    story: [done('timeout', '')],
  },
  {
    name: 'gather, timeout_millis caps it: what is there is valid',
    run: steps(gather({ timeout_millis: 1000 }), press('4'), wait(1000)),
    story: [key('4'), done('valid', '4')],
  },
  {
    name: 'gather, timeout_millis caps it: what is there is not enough',
    run: steps(gather({ timeout_millis: 1000, minimum_digits: 2 }), press('4'), wait(1000)),
    story: [key('4'), done('invalid', '4')],
  },
  {
    name: 'gather, timeout_millis caps it before initial_timeout_millis',
    run: steps(gather({ timeout_millis: 1000 }), wait(1000)),
    story: [done('timeout', '')],
  },
  { name: 'gather, cancelled', run: steps(gather({}), press('4'), stop), story: [key('4'), done('cancelled', '4')] },
  {
    name: 'gather, call_hangup',
    run: steps(gather({}), press('4'), hangUp),
    story: [key('4'), done('call_hangup', '4'), HUNG_UP],
  },

  // gather_using_audio
  {
    name: 'gather_using_audio, valid, the first key cutting the prompt',
    run: steps(audio(), press('5503#')),
    story: [started, key('5'), ended('cancelled'), key('5'), key('0'), key('3'), key('#'), done('valid', '5503')],
  },
  {
    name: 'gather_using_audio, valid after the prompt',
    run: steps(audio({ maximum_digits: 1 }), wait(MEDIA_MS), press('5')),
    story: [started, ended('completed'), key('5'), done('valid', '5')],
  },
  {
    name: 'gather_using_audio, timeout after three prompts',
    run: steps(audio({ timeout_millis: 5000 }), wait(3 * (MEDIA_MS + 5000))),
    story: [started, ended('completed'), started, ended('completed'), started, ended('completed'), done('timeout', '')],
  },
  {
    name: 'gather_using_audio, invalid then valid, with the apology between',
    run: steps(
      audio({ maximum_digits: 1, valid_digits: '12', invalid_audio_url: APOLOGY_URL }),
      press('9'),
      wait(2 * MEDIA_MS),
      press('1'),
    ),
    story: [
      started,
      key('9'),
      ended('cancelled'),
      `call.playback.started(${APOLOGY_URL})`,
      ended('completed', APOLOGY_URL),
      started,
      ended('completed'),
      key('1'),
      done('valid', '1'),
    ],
  },
  {
    name: 'gather_using_audio, a key cutting the apology is the first digit of the next try',
    run: steps(
      audio({ maximum_digits: 1, valid_digits: '12', invalid_audio_url: APOLOGY_URL }),
      press('9'),
      press('1'),
    ),
    story: [
      started,
      key('9'),
      ended('cancelled'),
      `call.playback.started(${APOLOGY_URL})`,
      key('1'),
      ended('cancelled', APOLOGY_URL),
      done('valid', '1'),
    ],
  },
  {
    name: 'gather_using_audio, invalid when the tries are used up, with the last input',
    run: steps(audio({ maximum_digits: 1, valid_digits: '12', maximum_tries: 2 }), press('9'), press('8')),
    story: [started, key('9'), ended('cancelled'), started, key('8'), ended('cancelled'), done('invalid', '8')],
  },
  {
    name: 'gather_using_audio, cancelled during the prompt',
    run: steps(audio(), stop),
    story: [started, ended('cancelled'), done('cancelled', '')],
  },
  {
    name: 'gather_using_audio, call_hangup during the prompt',
    run: steps(audio(), hangUp),
    story: [started, done('call_hangup', ''), ended('call_hangup'), HUNG_UP],
  },
  {
    name: 'gather_using_audio, a file that cannot be played, and collection all the same',
    settings: { audio: { brokenMedia: { [PROMPT_URL]: { status: 'file_not_found' } } } },
    run: steps(audio({ maximum_digits: 1 }), wait(1), press('5')),
    story: [started, ended('file_not_found'), key('5'), done('valid', '5')],
  },

  // gather_using_speak
  {
    name: 'gather_using_speak, valid, with no prompt events',
    run: steps(speak(), press('5503#')),
    story: [key('5'), key('5'), key('0'), key('3'), key('#'), done('valid', '5503')],
  },
  {
    name: 'gather_using_speak, valid after the prompt',
    run: steps(speak({ maximum_digits: 1 }), wait(SPEECH_MS), press('5')),
    story: [key('5'), done('valid', '5')],
  },
  {
    name: 'gather_using_speak, timeout after all tries',
    run: steps(speak({ timeout_millis: 2000, maximum_tries: 2 }), wait(2 * (SPEECH_MS + 2000))),
    story: [done('timeout', '')],
  },
  {
    name: 'gather_using_speak, invalid',
    run: steps(speak({ maximum_tries: 1, minimum_digits: 4 }), press('55#')),
    story: [key('5'), key('5'), key('#'), done('invalid', '55')],
  },
  { name: 'gather_using_speak, cancelled', run: steps(speak(), stop), story: [done('cancelled', '')] },
  {
    name: 'gather_using_speak, call_hangup',
    run: steps(speak(), press('5'), hangUp),
    story: [key('5'), done('call_hangup', '5'), HUNG_UP],
  },

  // around them
  { name: 'a key with no gather', run: steps(press('7')), story: [key('7')] },
  { name: 'gather_stop with no gather', run: steps(stop), story: [] },
  {
    name: 'a second gather ends the first',
    run: steps(gather({}), press('4'), gather({}), press('2#')),
    story: [key('4'), done('cancelled', '4'), key('2'), key('#'), done('valid', '2')],
  },

  // settings
  {
    name: 'G2: a cut prompt may end completed',
    settings: { gather: { bargeInStatus: 'completed' } },
    run: steps(audio({ maximum_digits: 1 }), press('5')),
    story: [started, key('5'), ended('completed'), done('valid', '5')],
  },
  {
    name: 'G2: a prompt that fails may end the gather',
    settings: { gather: { afterFailedPrompt: 'end' }, audio: { brokenMedia: { [PROMPT_URL]: { status: 'failed' } } } },
    run: steps(audio(), wait(1)),
    story: [started, ended('failed'), done('invalid', '')],
  },
  {
    name: 'G3: speak events of a prompt',
    settings: { gather: { emitSpeakEvents: true } },
    run: steps(speak({ maximum_digits: 1 }), press('5')),
    story: ['call.speak.started', key('5'), 'call.speak.ended(completed)', done('valid', '5')],
  },
  {
    name: 'G3: speak events at a hangup',
    settings: { gather: { emitSpeakEvents: true } },
    run: steps(speak(), hangUp),
    story: ['call.speak.started', done('call_hangup', ''), 'call.speak.ended(call_hangup)', HUNG_UP],
  },
  {
    name: 'G4: a key that cuts the prompt may not count',
    settings: { gather: { bargeInKeyCounts: false } },
    run: steps(audio({ maximum_digits: 1 }), press('59')),
    story: [started, key('5'), ended('cancelled'), key('9'), done('valid', '9')],
  },
  {
    name: 'G5: the terminator may be among the digits',
    settings: { gather: { terminatorInDigits: true } },
    run: steps(gather({}), press('4#')),
    story: [key('4'), key('#'), done('valid', '4#')],
  },
  {
    name: 'G6: the terminator first may be silence',
    settings: { gather: { terminatorFirst: 'timeout' } },
    run: steps(gather({}), press('#')),
    story: [key('#'), done('timeout', '')],
  },
  {
    name: 'G6: the terminator first may be nothing',
    settings: { gather: { terminatorFirst: 'ignore' } },
    run: steps(gather({}), press('#1#')),
    story: [key('#'), key('1'), key('#'), done('valid', '1')],
  },
  {
    name: 'G7: a key outside valid_digits may be dropped',
    settings: { gather: { invalidKey: 'drop' } },
    run: steps(gather({ valid_digits: '12', maximum_digits: 1 }), press('91')),
    story: [key('9'), key('1'), done('valid', '1')],
  },
  {
    name: 'G10: no key may end invalid',
    settings: { gather: { noInputStatus: 'invalid' } },
    run: steps(gather({}), wait(5000)),
    story: [done('invalid', '')],
  },
  {
    name: 'G12: an invalid attempt may cost no try',
    settings: { gather: { invalidUsesTry: false } },
    run: steps(audio({ maximum_digits: 1, valid_digits: '1', maximum_tries: 1 }), press('9'), press('1')),
    story: [started, key('9'), ended('cancelled'), started, key('1'), ended('cancelled'), done('valid', '1')],
  },
  {
    name: 'G13: the digits of an invalid end may be blank',
    settings: { gather: { invalidDigits: 'blank' } },
    run: steps(gather({ minimum_digits: 2 }), press('4#')),
    story: [key('4'), key('#'), done('invalid', '')],
  },
  {
    name: 'G18: two gathers may cancel each other',
    settings: { gather: { secondGather: 'cancel-both' } },
    run: steps(gather({}), gather({}), press('1#')),
    story: [done('cancelled', ''), done('cancelled', ''), key('1'), key('#')],
  },
  {
    name: 'G19: the prompt may end before the gather',
    settings: { gather: { hangupOrder: 'prompt-first' } },
    run: steps(audio(), hangUp),
    story: [started, ended('call_hangup'), done('call_hangup', ''), HUNG_UP],
  },
]

describe('the order of emission', () => {
  it.each(rows)('$name', async ({ settings, run, story }) => {
    await using test = await testSimulator(settings ? { settings } : {})
    const caller = await test.answeredCall()
    await run(test, caller)
    await test.clock.settle()
    expect(test.story()).toEqual(['call.initiated', 'call.answered', ...story])
    // Delivered in the same order, when nothing goes wrong on the way.
    expect(test.received.map(({ event }) => event.id)).toEqual(test.emitted.map(({ id }) => id))
  })

  it('numbers them by occurred_at, which never repeats', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    await test.client.calls.actions.gather(caller.id, {})
    await caller.press('123456789#')
    const times = test.emitted.map(({ occurred_at }) => occurred_at)
    expect(times).toEqual([...new Set(times)].sort())
    expect(times.every((time) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(time))).toBe(true)
  })
})
