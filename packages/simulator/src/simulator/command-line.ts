/** The command line: arguments in, a running simulator and lines of text out. Free of the process, so that it can be tested as it is. */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { virtualClock } from '../clock/clock.ts'
import type { FaultsInput } from '../delivery/faults.ts'
import { examples } from '../scenario/examples.ts'
import { readScenario, runScenario, type Scenario } from '../scenario/scenario.ts'
import { read } from '../settings/read.ts'
import type { SettingsInput } from '../settings/settings.ts'
import { createLog } from './log.ts'
import { type ProgramRun, runProgram } from './run.ts'
import { createSimulator, type Simulator } from './simulator.ts'

/** Where the text goes. */
interface Terminal {
  /** Standard output: the one JSON line. */
  out(text: string): void
  /** Standard error: the log. */
  err(text: string): void
  colours: boolean
}

/** What came of it: a simulator that runs, perhaps with a program, or an exit code. */
export type Outcome = { sim: Simulator; program?: ProgramRun } | { exitCode: number }

const HELP = `callgather-simulator: a Telnyx that runs on your laptop.

  npx @callgather/simulator run -- node app.js       run a program, unchanged, against the simulator
  npx @callgather/simulator --webhook-url http://localhost:3000/webhooks

With \`run\`, https://api.telnyx.com is the simulator for the program, and its webhook URL is found unless it is given.
Without it, point your program at it:
  TELNYX_BASE_URL=http://127.0.0.1:12111/v2  TELNYX_API_KEY=anything  TELNYX_PUBLIC_KEY=<printed at the start>
and call it from the telephone in your browser: http://127.0.0.1:12111/phone

Options
  --webhook-url URL      where webhooks go (http or https, on this machine)
  --failover-url URL     where they go when that fails
  --port N               port to listen on (default 12111; 0 for any)
  --host ADDRESS         address to listen on (default 127.0.0.1)
  --seed N               one seed, one behaviour: ids, faults, and the public key
  --fault NAME=RATE      a fault, e.g. --fault duplicate=0.2 --fault drop=0.05 (repeatable)
  --config FILE          JSON with any of: webhookUrl, webhookFailoverUrl, port, host, seed, faults, settings, connectionId
  --virtual-clock        time stands still until POST /_sim/clock/advance {"ms":…}
  --scenario FILE        let a scripted caller call, then exit (repeatable; a name from the examples works too)
  --model-url URL        let a real model talk for the AI: an OpenAI-compatible base URL, such as http://127.0.0.1:11434/v1
  --model NAME           its name (its key, if it needs one: CALLGATHER_MODEL_KEY in the environment)
  --allow-remote         let webhooks leave this machine
  --hide-digits          a dot in the log for each key that is pressed
  --quiet                no log
  --help                 this

Faults
  duplicate reorder delay drop badSignature staleTimestamp wrongKey gzip slow
  apiLatency apiError apiRateLimit apiAnswerLost apiReset

Pages    /phone  a telephone      /events  calls, commands, deliveries
Control  /_sim   see the README of @callgather/simulator
`

const USUAL_PORT = 12111
/** A program on a socket answers first and sends its commands afterwards: so long it may take, in real time. */
const QUIET_MS = 20

/** Runs the command line. Never rejects: errors are printed on the terminal and end with exit code 2. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<Outcome> {
  try {
    return await obey(args, terminal)
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
    const why = isTaken ? 'the port is already in use. Choose another with --port (0 for any free port). ' : ''
    terminal.err(`callgather-simulator: ${why}${messageOf(error)}\nTry --help.\n`)
    return { exitCode: 2 }
  }
}

/** `run [options] -- COMMAND`: the options and the command; `null` for a simulator alone. */
function splitRun(args: readonly string[]): { own: string[]; command: [string, ...string[]] | null } {
  if (args[0] !== 'run') return { own: [...args], command: null }
  const end = args.indexOf('--')
  const [program, ...rest] = end < 0 ? [] : args.slice(end + 1)
  const own = args.slice(1, end < 0 ? undefined : end)
  if (program !== undefined) return { own, command: [program, ...rest] }
  if (own.includes('--help') || own.includes('-h')) return { own, command: null }
  throw new TypeError('run needs a program after --, such as: callgather-simulator run -- node app.js.')
}

async function obey(args: readonly string[], terminal: Terminal): Promise<Outcome> {
  const { own, command } = splitRun(args)
  const { values } = parseArgs({ args: own, options })
  if (values.help) {
    terminal.out(HELP)
    return { exitCode: 0 }
  }
  const file = values.config === undefined ? {} : await readConfig(values.config)
  const webhookUrl = values['webhook-url'] ?? file.webhookUrl
  const sim = await createSimulator({
    ...file,
    webhookUrl,
    webhookFailoverUrl: values['failover-url'] ?? file.webhookFailoverUrl,
    host: values.host ?? file.host,
    seed: values.seed ?? file.seed,
    port: values.port === undefined ? (file.port ?? USUAL_PORT) : portOf(values.port),
    faults: { ...file.faults, ...faultsOf(values.fault ?? []) },
    settings: {
      ...file.settings,
      ai: { ...file.settings?.ai, ...modelOf(values['model-url'], values.model) },
      delivery: { ...file.settings?.delivery, ...(values['allow-remote'] ? { allowRemote: true } : {}) },
    },
    redirectWebhooks: command !== null,
    clock: values['virtual-clock'] ? virtualClock({ quietMs: QUIET_MS }) : undefined,
  })
  const log = (line: string) => terminal.err(`${line}\n`)
  if (!values.quiet) {
    sim.watch(createLog(log, { colours: terminal.colours, hideDigits: values['hide-digits'] ?? false }))
    if (webhookUrl === undefined && !command)
      log('No --webhook-url: events are recorded (see /events), but go nowhere.')
    log(`Telephone  ${sim.phoneUrl}`)
    log(`Events     ${sim.eventsUrl}`)
    if (!command) log(`For your program: TELNYX_BASE_URL=${sim.url} TELNYX_PUBLIC_KEY=${sim.publicKey}`)
  }
  // A program has standard output to itself.
  if (!command) terminal.out(`${JSON.stringify({ url: sim.url, publicKey: sim.publicKey, phone: sim.phoneUrl })}\n`)
  if (command) {
    return { sim, program: await runProgram({ sim, command, hasWebhookUrl: webhookUrl !== undefined, log }) }
  }
  if (!values.scenario) return { sim }
  let exitCode = 0
  for (const name of values.scenario) {
    try {
      const scenario = await loadScenario(name)
      const run = runScenario(sim, scenario)
      await (sim.clock ? sim.clock.runUntil(run) : run)
      log(`✓ ${scenario.name}`)
    } catch (error) {
      exitCode = 1
      log(`✗ ${messageOf(error)}`)
    }
  }
  await sim.close()
  return { exitCode }
}

/** The options as `parseArgs` takes them; `--help` names each. */
export const options = {
  'webhook-url': { type: 'string' },
  'failover-url': { type: 'string' },
  port: { type: 'string' },
  host: { type: 'string' },
  seed: { type: 'string' },
  fault: { type: 'string', multiple: true },
  config: { type: 'string' },
  'virtual-clock': { type: 'boolean' },
  scenario: { type: 'string', multiple: true },
  'model-url': { type: 'string' },
  model: { type: 'string' },
  'allow-remote': { type: 'boolean' },
  'hide-digits': { type: 'boolean' },
  quiet: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

const configFile = z
  .strictObject({
    webhookUrl: z.string(),
    webhookFailoverUrl: z.string(),
    port: z.number(),
    host: z.string(),
    seed: z.union([z.string(), z.number()]),
    // The simulator itself reads these two.
    faults: z.custom<FaultsInput>(),
    settings: z.custom<SettingsInput>(),
    connectionId: z.string(),
  })
  .partial()

async function readConfig(path: string): Promise<z.infer<typeof configFile>> {
  let parsed: unknown
  try {
    parsed = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new TypeError(`Cannot read the config file ${path}: ${messageOf(error)}`)
  }
  return read(configFile, parsed, `config file ${path}`)
}

async function loadScenario(name: string): Promise<Scenario> {
  const example = examples.find((scenario) => scenario.name === name)
  if (example) return example
  const text = await readFile(name, 'utf8').catch(() => {
    const names = examples.map((scenario) => scenario.name).join(', ')
    throw new Error(`There is no scenario file ${name}, and no example of this name. Examples: ${names}.`)
  })
  return readScenario(JSON.parse(text))
}

function faultsOf(pairs: readonly string[]): FaultsInput {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', rate = '1'] = pair.split('=')
      if (rate.trim() === '' || Number.isNaN(Number(rate)))
        throw new TypeError(`--fault ${pair}: give a name and a rate, such as --fault duplicate=0.2.`)
      return [name, Number(rate)]
    }),
  )
}

function modelOf(baseUrl: string | undefined, model: string | undefined): NonNullable<SettingsInput['ai']> {
  if (baseUrl === undefined) {
    if (model !== undefined) throw new TypeError('--model needs --model-url: where the model is.')
    return {}
  }
  if (!URL.canParse(baseUrl))
    throw new TypeError(`--model-url needs a URL such as http://127.0.0.1:11434/v1, not "${baseUrl}".`)
  const apiKey = process.env.CALLGATHER_MODEL_KEY
  return { model: { baseUrl, ...(apiKey === undefined ? {} : { apiKey }), ...(model === undefined ? {} : { model }) } }
}

function portOf(value: string): number {
  const port = Number(value)
  if (!/^\d+$/.test(value) || port > 65_535)
    throw new TypeError(`--port needs a number from 0 to 65535, not "${value}".`)
  return port
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
