/**
 * Scripted callers: what someone on the telephone does, as data. The same steps can be written in TypeScript
 * (`runScenario(sim, {...})`) or in a JSON file for the command line.
 */
import type { Simulator } from '../simulator/simulator.ts'
import type { Caller } from './caller.ts'

/** One thing the caller does. Times are milliseconds of the simulator's clock. */
export type ScenarioStep =
  /** Waits until the call is answered. */
  | { waitForAnswer: true; timeoutMs?: number }
  /** Waits for the next prompt with these words in it (`""`: any). */
  | { waitForPrompt: string; toTheEnd?: boolean; timeoutMs?: number }
  /** Waits for the next event of this type. */
  | { waitFor: string; timeoutMs?: number }
  /** Presses keys; a list of pauses is a rhythm. */
  | { press: string; everyMs?: number | readonly number[] }
  | { say: string }
  /** Talks over whatever is being said. */
  | { interrupt: string; timeoutMs?: number }
  /** Does nothing for so long. */
  | { wait: number }
  | { hangUp: true }
  /** Fails unless the next event of this type has these values in its payload. */
  | { expect: string; payload?: Readonly<Record<string, unknown>>; timeoutMs?: number }

/** A scripted caller. */
export interface Scenario {
  name: string
  /** What it shows, in a sentence. */
  description?: string
  to?: string
  from?: string
  steps: readonly ScenarioStep[]
}

/** A scenario that did not go as written. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError'
}

/** Lets a scripted caller call. Resolves with the caller when the last step is done; rejects with a `ScenarioError` that names the step. */
export async function runScenario(sim: Pick<Simulator, 'phone'>, scenario: Scenario): Promise<Caller> {
  const { to, from } = scenario
  const caller = await sim.phone.dial({ ...(to === undefined ? {} : { to }), ...(from === undefined ? {} : { from }) })
  await runSteps(caller, scenario)
  return caller
}

/** Lets a caller who is already on the telephone go through the steps of a scenario. */
export async function runSteps(caller: Caller, { name, steps }: Pick<Scenario, 'name' | 'steps'>): Promise<void> {
  for (const [index, step] of steps.entries()) {
    try {
      await take(caller, step)
    } catch (error) {
      throw new ScenarioError(
        `"${name}", step ${index + 1} ${JSON.stringify(step)}: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      )
    }
  }
}

async function take(caller: Caller, step: ScenarioStep): Promise<void> {
  const wait = 'timeoutMs' in step && step.timeoutMs !== undefined ? { timeoutMs: step.timeoutMs } : {}
  if ('waitForAnswer' in step) await caller.answered(wait)
  else if ('waitForPrompt' in step)
    await caller.waitForPrompt(step.waitForPrompt, { ...wait, toTheEnd: step.toTheEnd ?? false })
  else if ('waitFor' in step) await caller.waitFor(step.waitFor, wait)
  else if ('press' in step) await caller.press(step.press, { everyMs: step.everyMs ?? 0 })
  else if ('say' in step) await caller.say(step.say)
  else if ('interrupt' in step) await caller.interrupt(step.interrupt, wait)
  else if ('wait' in step) await caller.wait(step.wait)
  else if ('hangUp' in step) await caller.hangUp()
  else await expectEvent(caller, step, wait)
}

async function expectEvent(
  caller: Caller,
  step: Extract<ScenarioStep, { expect: string }>,
  wait: { timeoutMs?: number },
): Promise<void> {
  const { payload } = await caller.waitFor(step.expect, wait)
  for (const [name, wanted] of Object.entries(step.payload ?? {})) {
    const got = payload[name]
    if (JSON.stringify(got) !== JSON.stringify(wanted))
      throw new Error(`${step.expect} has ${name} ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}.`)
  }
}

const shapes: Record<string, (value: unknown) => boolean> = {
  waitForAnswer: (value) => value === true,
  waitForPrompt: isText,
  waitFor: isText,
  press: (value) => isText(value) && /^[0-9*#]+$/.test(value),
  say: isText,
  interrupt: isText,
  wait: isMs,
  hangUp: (value) => value === true,
  expect: isText,
}

/** Reads a scenario from parsed JSON, or says what is wrong with it. */
export function readScenario(value: unknown): Scenario {
  if (!isRecord(value)) throw new ScenarioError('A scenario is a JSON object with a name and steps.')
  const { name, steps, to, from, description } = value
  if (!isText(name) || name === '') throw new ScenarioError('A scenario needs a name.')
  for (const [field, text] of Object.entries({ to, from, description }))
    if (text !== undefined && !isText(text)) throw new ScenarioError(`"${name}": ${field} must be text.`)
  if (!Array.isArray(steps) || steps.length === 0) throw new ScenarioError(`"${name}" needs at least one step.`)
  return {
    name,
    steps: steps.map((step, index) => readStep(step, `"${name}", step ${index + 1}`)),
    ...(isText(to) ? { to } : {}),
    ...(isText(from) ? { from } : {}),
    ...(isText(description) ? { description } : {}),
  }
}

function readStep(step: unknown, where: string): ScenarioStep {
  const deeds = isRecord(step) ? Object.keys(step).filter((key) => Object.hasOwn(shapes, key)) : []
  const [deed] = deeds
  if (!isRecord(step) || deed === undefined || deeds.length > 1)
    throw new ScenarioError(`${where}: does exactly one of ${Object.keys(shapes).join(', ')}.`)
  if (!shapes[deed]?.(step[deed])) throw new ScenarioError(`${where}: ${deed} cannot be ${JSON.stringify(step[deed])}.`)
  const { timeoutMs, everyMs } = step
  if (timeoutMs !== undefined && !isMs(timeoutMs)) throw new ScenarioError(`${where}: timeoutMs must be milliseconds.`)
  if (everyMs !== undefined && !isMs(everyMs) && !(Array.isArray(everyMs) && everyMs.every(isMs)))
    throw new ScenarioError(`${where}: everyMs must be milliseconds, or a list of them.`)
  return step as ScenarioStep
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isMs(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
