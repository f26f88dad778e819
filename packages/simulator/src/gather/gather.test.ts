import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Effect } from '../machine/machine.ts'
import { defaultSettings } from '../settings/settings.ts'
import { type GatherInput, type GatherParams, type GatherState, startGather, stepGather } from './gather.ts'

const anyKey = fc.constantFrom(...'0123456789*#')
const params: fc.Arbitrary<GatherParams> = fc
  .record({
    minimum_digits: fc.integer({ min: 1, max: 6 }),
    extra: fc.integer({ min: 0, max: 6 }),
    terminating_digit: fc.constantFrom('#', '*', '', '5'),
    valid_digits: fc.constantFrom('0123456789#*', '0123456789', '123'),
    maximum_tries: fc.integer({ min: 1, max: 3 }),
    hasPrompt: fc.boolean(),
    hasInvalidPrompt: fc.boolean(),
  })
  .map(({ extra, hasPrompt, hasInvalidPrompt, ...rest }) => ({
    ...rest,
    maximum_digits: rest.minimum_digits + extra,
    inter_digit_timeout_millis: 5000,
    timeout_millis: 60_000,
    initial_timeout_millis: 5000,
    gather_id: undefined,
    prompt: hasPrompt ? { kind: 'media', media: { audio_url: 'https://example.com/a.wav' } } : null,
    invalidPrompt: hasPrompt && hasInvalidPrompt ? { kind: 'speech', text: 'Sorry?' } : null,
  }))
const input: fc.Arbitrary<GatherInput> = fc.oneof(
  { weight: 6, arbitrary: anyKey.map((digit) => ({ type: 'key' as const, digit })) },
  { weight: 3, arbitrary: fc.constantFrom<GatherInput>({ type: 'sound-ended' }, { type: 'sound-failed' }) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom('first key', 'next key', 'whole command', 'unknown')
      .map((name) => ({ type: 'timer' as const, name })),
  },
  { weight: 1, arbitrary: fc.constantFrom<GatherInput>({ type: 'stop' }, { type: 'machine' }, { type: 'hangup' }) },
)
const settings = fc.record({
  bargeInStatus: fc.constantFrom('cancelled' as const, 'completed' as const),
  afterFailedPrompt: fc.constantFrom('collect' as const, 'end' as const),
  bargeInKeyCounts: fc.boolean(),
  terminatorInDigits: fc.boolean(),
  terminatorFirst: fc.constantFrom('invalid' as const, 'timeout' as const, 'ignore' as const),
  invalidKey: fc.constantFrom('keep' as const, 'drop' as const),
  noInputStatus: fc.constantFrom('timeout' as const, 'invalid' as const),
  invalidUsesTry: fc.boolean(),
  invalidDigits: fc.constantFrom('keep' as const, 'blank' as const),
  hangupOrder: fc.constantFrom('gather-first' as const, 'prompt-first' as const),
})

/** Feeds inputs as the runner does: only set timers fire, and only a playing prompt ends. */
function play(gatherParams: GatherParams, chosen: Partial<GatherState['settings']>, inputs: readonly GatherInput[]) {
  const effects: Effect[] = []
  const timers = new Set<string>()
  let playing = false
  let { state, effects: first } = startGather(gatherParams, { ...defaultSettings.gather, ...chosen })
  const perform = (batch: readonly Effect[]) => {
    effects.push(...batch)
    for (const effect of batch) {
      if (effect.do === 'set-timer') timers.add(effect.name)
      if (effect.do === 'clear-timer') timers.delete(effect.name)
      if (effect.do === 'say' || effect.do === 'play') playing = true
      if (effect.do === 'stop-sound') playing = false
    }
  }
  perform(first)
  for (const next of inputs) {
    if (next.type === 'timer' && !timers.delete(next.name)) continue
    if (next.type === 'sound-ended' || next.type === 'sound-failed') {
      if (!playing) continue
      playing = false
    }
    ;({ state, effects: first } = stepGather(state, next))
    perform(first)
  }
  return { state, effects, timers, playing }
}

const emittedEvents = (effects: readonly Effect[]) => effects.filter((effect) => effect.do === 'emit')

describe('a DTMF gather with any inputs', () => {
  it('ends a DTMF gather exactly once on hangup, without leftover timers or prompts', () => {
    fc.assert(
      fc.property(params, settings, fc.array(input, { maxLength: 40 }), (gatherParams, chosen, inputs) => {
        const { state, effects, timers, playing } = play(gatherParams, chosen, [...inputs, { type: 'hangup' }])
        expect(emittedEvents(effects)).toHaveLength(1)
        expect(state.phase).toBe('ended')
        expect(timers.size).toBe(0)
        expect(playing).toBe(false)
        expect(effects.filter((effect) => effect.do === 'end')).toHaveLength(1)
      }),
      { numRuns: 3000 },
    )
  })

  it('a DTMF gather ends as valid only with an allowed number of allowed digits', () => {
    fc.assert(
      fc.property(params, settings, fc.array(input, { maxLength: 40 }), (gatherParams, chosen, inputs) => {
        const [end] = emittedEvents(
          play(gatherParams, { ...chosen, terminatorInDigits: false }, [...inputs, { type: 'hangup' }]).effects,
        )
        if (end?.do !== 'emit' || end.payload.status !== 'valid') return
        const digits = String(end.payload.digits)
        expect(digits.length).toBeGreaterThanOrEqual(gatherParams.minimum_digits)
        expect(digits.length).toBeLessThanOrEqual(gatherParams.maximum_digits)
        for (const digit of digits) expect(gatherParams.valid_digits).toContain(digit)
      }),
      { numRuns: 3000 },
    )
  })

  it('an active DTMF gather always has a timer or a prompt pending', () => {
    fc.assert(
      fc.property(params, settings, fc.array(input, { maxLength: 40 }), (gatherParams, chosen, inputs) => {
        const { state, timers, playing } = play(gatherParams, chosen, inputs)
        if (state.phase !== 'ended') expect(timers.size > 0 || playing).toBe(true)
      }),
      { numRuns: 3000 },
    )
  })

  it('a gather plays its prompt maximum_tries times when the caller presses no key', () => {
    fc.assert(
      fc.property(params, (gatherParams) => {
        const silence = Array.from({ length: 10 }, (): GatherInput[] => [
          { type: 'sound-ended' },
          { type: 'timer', name: 'first key' },
        ]).flat()
        const { effects, state } = play(gatherParams, {}, silence)
        expect(effects.filter((effect) => effect.do === 'play')).toHaveLength(
          gatherParams.prompt ? gatherParams.maximum_tries : 0,
        )
        expect(state.phase).toBe('ended')
      }),
    )
  })
})
