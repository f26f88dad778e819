/** Scripted callers as data: in TypeScript (`runScenario(sim, {...})`) or in a JSON file for the command line. */
import { z } from 'zod'
import { read } from '../settings/read.ts'
import type { Caller } from './caller.ts'
import type { Phone } from './phone.ts'

const ms = z.number().min(0)
const timeoutMs = ms.optional()

/** Times are milliseconds of the simulator's clock. */
const step = z.union(
  [
    /** Waits until the call is answered. */
    z.strictObject({ waitForAnswer: z.literal(true), timeoutMs }),
    /** Waits for the next prompt that contains the text `waitForPrompt` (`""`: any prompt). */
    z.strictObject({ waitForPrompt: z.string(), toTheEnd: z.boolean().optional(), timeoutMs }),
    /** Waits for the next event of the type `waitFor`. */
    z.strictObject({ waitFor: z.string(), timeoutMs }),
    /** Presses keys. `everyMs` is the pause between keys, or a list of pauses. */
    z.strictObject({
      press: z.string().regex(/^[0-9*#]+$/, 'keys are 0-9, * and #'),
      everyMs: z.union([ms, z.array(ms).readonly()], 'must be milliseconds, or a list of them').optional(),
    }),
    z.strictObject({ say: z.string() }),
    /** Waits until the platform speaks, then interrupts it. */
    z.strictObject({ interrupt: z.string(), timeoutMs }),
    /** Waits this many milliseconds of the simulator's clock. */
    z.strictObject({ wait: ms }),
    z.strictObject({ hangUp: z.literal(true) }),
    /** Fails unless the next event of the type `expect` has the values of `payload` in its payload. */
    z.strictObject({ expect: z.string(), payload: z.record(z.string(), z.unknown()).readonly().optional(), timeoutMs }),
  ],
  'a step does exactly one of waitForAnswer, waitForPrompt, waitFor, press, say, interrupt, wait, hangUp, expect',
)

const scenario = z.strictObject({
  name: z.string().min(1),
  description: z.string().optional(),
  to: z.string().optional(),
  from: z.string().optional(),
  steps: z.array(step).min(1).readonly(),
})

/** One step of a scenario: an action, wait or expectation of the caller. Times are milliseconds of the simulator's clock. */
export type ScenarioStep =
  | { waitForAnswer: true; timeoutMs?: number | undefined }
  | { waitForPrompt: string; toTheEnd?: boolean | undefined; timeoutMs?: number | undefined }
  | { waitFor: string; timeoutMs?: number | undefined }
  | { press: string; everyMs?: number | readonly number[] | undefined }
  | { say: string }
  | { interrupt: string; timeoutMs?: number | undefined }
  | { wait: number }
  | { hangUp: true }
  | { expect: string; payload?: Readonly<Record<string, unknown>> | undefined; timeoutMs?: number | undefined }

/** A scripted caller: the numbers of the call and its steps. */
export interface Scenario {
  name: string
  /** One sentence about what the scenario demonstrates. */
  description?: string | undefined
  /** Phone number of the application. Default `+15550199`. */
  to?: string | undefined
  /** Phone number of the caller. Default `+15550100`. */
  from?: string | undefined
  steps: readonly ScenarioStep[]
}

/** Thrown when a step of a scenario fails. The message names the step. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError'
}

/** Validates a scenario from parsed JSON. Throws a TypeError that names the invalid field. */
export const readScenario = (value: unknown): Scenario => read(scenario, value, 'scenario')

/** Dials and runs the steps of a scenario. Resolves with the caller after the last step; rejects with a `ScenarioError`. */
export async function runScenario(sim: { phone: Phone }, scenario: Scenario): Promise<Caller> {
  const caller = await sim.phone.dial(scenario)
  await runSteps(caller, scenario)
  return caller
}

/** Runs the steps of a scenario with an existing caller. Rejects with a `ScenarioError`. */
export async function runSteps(caller: Caller, { name, steps }: Pick<Scenario, 'name' | 'steps'>): Promise<void> {
  for (const [index, step] of steps.entries()) {
    try {
      await take(caller, step)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new ScenarioError(`"${name}", step ${index + 1} ${JSON.stringify(step)}: ${why}`, { cause: error })
    }
  }
}

async function take(caller: Caller, step: ScenarioStep): Promise<void> {
  if ('waitForAnswer' in step) await caller.answered(step)
  else if ('waitForPrompt' in step) await caller.waitForPrompt(step.waitForPrompt, step)
  else if ('waitFor' in step) await caller.waitFor(step.waitFor, step)
  else if ('press' in step) await caller.press(step.press, step)
  else if ('say' in step) await caller.say(step.say)
  else if ('interrupt' in step) await caller.interrupt(step.interrupt, step)
  else if ('wait' in step) await caller.wait(step.wait)
  else if ('hangUp' in step) await caller.hangUp()
  else await expectEvent(caller, step)
}

async function expectEvent(caller: Caller, step: Extract<ScenarioStep, { expect: string }>): Promise<void> {
  const { payload } = await caller.waitFor(step.expect, step)
  for (const [name, wanted] of Object.entries(step.payload ?? {})) {
    const got = payload[name]
    if (JSON.stringify(got) !== JSON.stringify(wanted))
      throw new Error(`The event ${step.expect} has ${name} ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}.`)
  }
}
