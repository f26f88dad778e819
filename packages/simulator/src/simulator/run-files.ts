/** Scenario files for the command line. */
import { readFile } from 'node:fs/promises'
import { examples } from '../scenario/examples.ts'
import { readScenario, runScenario, type Scenario } from '../scenario/scenario.ts'
import type { Simulator } from './simulator.ts'

/** Runs each in turn, under a virtual clock as fast as it goes; tells `log` how each went, and returns how many failed. */
export async function runScenarioFiles(
  sim: Simulator,
  names: readonly string[],
  log: (line: string) => void,
): Promise<number> {
  let failed = 0
  for (const name of names) {
    try {
      const scenario = await load(name)
      const run = runScenario(sim, scenario)
      await (sim.clock ? sim.clock.runUntil(run) : run)
      log(`✓ ${scenario.name}`)
    } catch (error) {
      failed += 1
      log(`✗ ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return failed
}

async function load(name: string): Promise<Scenario> {
  const example = examples.find((scenario) => scenario.name === name)
  if (example) return example
  let text: string
  try {
    text = await readFile(name, 'utf8')
  } catch {
    throw new Error(
      `There is no scenario file ${name}, and no example of this name. Examples: ${examples.map((scenario) => scenario.name).join(', ')}.`,
    )
  }
  return readScenario(JSON.parse(text))
}
