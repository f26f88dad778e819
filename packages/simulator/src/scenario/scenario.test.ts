import { describe, expect, it } from 'vitest'
import { exampleScenarios, readScenario, runScenario } from '../index.ts'
import { testSimulator } from '../testing/simulator.test-kit.ts'

describe('scenario files', () => {
  it.each([
    [[], 'expected object, received array'],
    [{ steps: [] }, 'name: Invalid input'],
    [{ name: 'x', steps: [] }, 'steps: Too small'],
    [{ name: 'x', steps: [{}] }, 'steps.0: a step does exactly one of'],
    [{ name: 'x', steps: [{ press: '1', say: 'x' }] }, 'steps.0: a step does exactly one of'],
    [{ name: 'x', steps: [{ press: 'abc' }] }, 'steps.0.press: keys are 0-9, * and #'],
    [{ name: 'x', steps: [{ hangUp: true }, { wait: -1 }] }, 'steps.1.wait: Too small'],
    [{ name: 'x', steps: [{ press: '1', everyMs: 'slow' }] }, 'everyMs: must be milliseconds'],
    [{ name: 'x', to: 7, steps: [{ hangUp: true }] }, 'to: Invalid input: expected string'],
  ])('readScenario rejects the scenario %j with the error "%s"', (value, why) => {
    expect(() => readScenario(value)).toThrow(why)
  })

  it('each example scenario stays the same after conversion to JSON and back', () => {
    for (const scenario of exampleScenarios)
      expect(readScenario(JSON.parse(JSON.stringify(scenario)))).toEqual(scenario)
    expect(new Set(exampleScenarios.map(({ name }) => name)).size).toBe(exampleScenarios.length)
  })
})

describe('simulated callers', () => {
  it('a caller pauses between keys, and a wait that times out reports the prompts and events of the call', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    await test.client.calls.actions.gatherUsingSpeak(caller.id, {
      payload: 'Your PIN, please.',
      voice: 'female',
      maximum_digits: 3,
    })
    const play = async () => {
      await caller.waitForPrompt(/pin/i, { toTheEnd: true })
      const began = test.clock.now()
      await caller.press('123', { everyMs: [200, 700] })
      expect(test.clock.now() - began).toBe(900)
      const ended = await caller.waitFor('call.gather.ended')
      expect(ended.payload).toMatchObject({ digits: '123', status: 'valid' })
    }
    await test.clock.runUntil(play())
    await expect(test.clock.runUntil(caller.waitForPrompt('weather', { timeoutMs: 500 }))).rejects.toThrow(
      'Timed out after 500 ms waiting for a prompt matching weather. The call is answered. Heard: "Your PIN, please."',
    )
    await expect(caller.press('A')).rejects.toThrow('Use only 0-9, * and #')
    await caller.hangUp()
    await expect(caller.say('Hello?')).rejects.toThrow('the call is ended')
  })

  it('the error of a failed scenario names the step that failed', async () => {
    await using test = await testSimulator()
    const run = runScenario(test.sim, {
      name: 'hopeful',
      steps: [{ wait: 10 }, { waitForAnswer: true, timeoutMs: 100 }],
    })
    await expect(test.clock.runUntil(run)).rejects.toThrow(
      '"hopeful", step 2 {"waitForAnswer":true,"timeoutMs":100}: Timed out after 100 ms waiting for an answer',
    )
  })

  it('rejects caller.answered() when the call ends without an answer', async () => {
    await using test = await testSimulator()
    const caller = await test.sim.phone.dial()
    const answered = caller.answered()
    await test.client.calls.actions.reject(caller.id, { cause: 'USER_BUSY' })
    await expect(test.clock.runUntil(answered)).rejects.toThrow('ended without an answer (user_busy)')
  })
})
