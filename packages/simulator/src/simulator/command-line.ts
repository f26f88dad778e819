/** The command line: parses arguments, starts a simulator and prints text. Uses no process globals, so tests can call it. */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { distance } from 'fastest-levenshtein'
import { z } from 'zod'
import manifest from '../../package.json' with { type: 'json' }
import { virtualClock } from '../clock/clock.ts'

import { type FaultsInput, faultNames } from '../delivery/faults.ts'
import { formatRow, formatSummary } from '../doctor/report.ts'

import { examples } from '../scenario/examples.ts'
import { readScenario, runScenario, type Scenario } from '../scenario/scenario.ts'
import { read } from '../settings/read.ts'
import type { SettingsInput } from '../settings/settings.ts'
import { runDoctor } from './doctor.ts'
import { createLog } from './log.ts'
import { type ProgramRun, runProgram } from './run.ts'
import { createSimulator, type Simulator } from './simulator.ts'

/** The output streams of the command line. */
interface Terminal {
  /** Writes to standard output, which gets only the JSON line, the help or the report of the doctor. */
  out(text: string): void
  /** Writes to standard error, which gets the log and errors. */
  err(text: string): void
  colours: boolean
}

/** A running simulator (for `run`, with its program), or an exit code. */
export type Outcome = { sim: Simulator; program?: ProgramRun } | { exitCode: number }

const HELP = `callgather-simulator: a Telnyx that runs on your laptop.

  npx @callgather/simulator run -- node app.js       run an unchanged program against the simulator
  npx @callgather/simulator --webhook-url http://localhost:3000/webhooks
  npx @callgather/simulator doctor --webhook-url http://localhost:3000/webhooks
                                                     check how a program treats good, forged and unusual webhooks

\`run\` redirects the program's requests to https://api.telnyx.com to the simulator. It detects the webhook URL of the
program unless you set --webhook-url. Without \`run\`, configure your program:
  TELNYX_BASE_URL=http://127.0.0.1:12111/v2  TELNYX_API_KEY=anything  TELNYX_PUBLIC_KEY=<printed at the start>
Then call your program from the phone page: http://127.0.0.1:12111/phone

\`doctor\` takes --webhook-url, --seed (default "doctor"), --port, --allow-remote and --json. It can start the program:
  npx @callgather/simulator doctor -- node app.js    exits with 1 if a check fails

Options
  --webhook-url URL      webhook URL (http or https, on this machine)
  --failover-url URL     webhook URL to use when --webhook-url fails
  --message-webhook-url URL  webhook URL of text messages (default: --webhook-url)
  --port N               port to listen on (default 12111; 0 for any free port)
  --host ADDRESS         address to listen on (default 127.0.0.1)
  --seed N               makes ids, faults and the public key repeatable
  --fault NAME=RATE      enable a fault at a rate from 0 to 1, e.g. --fault duplicate=0.2 (repeatable)
  --config FILE          JSON with any of: webhookUrl, webhookFailoverUrl, messageWebhookUrl,
                         port, host, seed, faults, settings, connectionId
  --virtual-clock        advance time only with POST /_sim/clock/advance {"ms":…}
  --scenario FILE        run a scenario file or a named example, then exit (repeatable)
  --model-url URL        use a real model for the AI: an OpenAI-compatible base URL, such as http://127.0.0.1:11434/v1
  --model NAME           model name (set its API key in CALLGATHER_MODEL_KEY)
  --allow-remote         allow webhooks to other machines
  --hide-digits          log pressed keys as dots
  --json                 print the report of doctor as one JSON line
  --quiet                disable the log
  --version              show the version
  --help                 show this help

Faults
  duplicate reorder delay drop badSignature staleTimestamp wrongKey gzip slow
  apiLatency apiError apiRateLimit apiAnswerLost apiReset

Pages    /phone  the caller's phone      /events  calls, commands, deliveries
Control  /_sim   see the README of @callgather/simulator
`

const DEFAULT_PORT = 12111
/** Real time that the virtual clock waits for commands that a program sends after its webhook response. */
const QUIET_MS = 20

/** Runs the command line. Never rejects: errors are printed on the terminal and end with exit code 2. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<Outcome> {
  try {
    return await execute(args, terminal)
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
    const why = isTaken ? 'the port is already in use. Choose another with --port (0 for any free port). ' : ''
    terminal.err(`callgather-simulator: ${why}${messageOf(error)}\nTry --help.\n`)
    return { exitCode: 2 }
  }
}

/** Splits `run [options] -- COMMAND`, and `doctor` likewise. The command is `null` without a program. */
function splitProgram(args: readonly string[]): { own: string[]; command: [string, ...string[]] | null } {
  if (args[0] !== 'run' && args[0] !== 'doctor') return { own: [...args], command: null }
  const end = args.indexOf('--')
  const [program, ...rest] = end < 0 ? [] : args.slice(end + 1)
  const own = args.slice(1, end < 0 ? undefined : end)
  if (program !== undefined) return { own, command: [program, ...rest] }
  const isInformation = own.some((option) => ['--help', '-h', '--version'].includes(option))
  if (args[0] === 'doctor' || isInformation) return { own, command: null }
  throw new TypeError('run needs a program. Add it after --, such as: callgather-simulator run -- node app.js.')
}

async function execute(args: readonly string[], terminal: Terminal): Promise<Outcome> {
  const { own, command } = splitProgram(args)
  const { values } = parseOptions(own)
  if (values.help) {
    terminal.out(HELP)
    return { exitCode: 0 }
  }
  if (values.version) {
    terminal.out(`${manifest.version}\n`)
    return { exitCode: 0 }
  }
  if (args[0] === 'doctor') return { exitCode: await runDoctorCommand(values, command, terminal) }
  if (values.json) throw new TypeError('--json needs doctor, such as: callgather-simulator doctor --json.')
  const file = values.config === undefined ? {} : await readConfig(values.config)
  const webhookUrl = values['webhook-url'] ?? file.webhookUrl
  const messageWebhookUrl = values['message-webhook-url'] ?? file.messageWebhookUrl
  const sim = await createSimulator({
    ...file,
    webhookUrl,
    webhookFailoverUrl: values['failover-url'] ?? file.webhookFailoverUrl,
    messageWebhookUrl,
    host: values.host ?? file.host,
    seed: values.seed ?? file.seed,
    port: values.port === undefined ? (file.port ?? DEFAULT_PORT) : portOf(values.port),
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
    if (webhookUrl === undefined && !command) log('No --webhook-url: events are recorded on /events but not delivered.')
    log(`Phone      ${sim.phoneUrl}`)
    log(`Events     ${sim.eventsUrl}`)
    if (!command) log(`For your program: TELNYX_BASE_URL=${sim.url} TELNYX_PUBLIC_KEY=${sim.publicKey}`)
  }
  // With `run`, only the program writes to standard output.
  if (!command) terminal.out(`${JSON.stringify({ url: sim.url, publicKey: sim.publicKey, phone: sim.phoneUrl })}\n`)
  if (command) {
    const hasWebhookUrl = webhookUrl !== undefined
    const hasMessageWebhookUrl = messageWebhookUrl !== undefined
    return { sim, program: await runProgram({ sim, command, hasWebhookUrl, hasMessageWebhookUrl, log }) }
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

const DOCTOR_OPTIONS: readonly string[] = ['webhook-url', 'seed', 'port', 'allow-remote', 'json']
/** Keeps the public key the same between two runs, so that the program can be configured once. */
const DEFAULT_DOCTOR_SEED = 'doctor'

/** Runs the doctor and prints its report. Returns 1 if a check failed. */
async function runDoctorCommand(
  values: { [Name in keyof typeof options]?: unknown },
  command: readonly [string, ...string[]] | null,
  terminal: Terminal,
): Promise<number> {
  const other = Object.keys(values).find((name) => !DOCTOR_OPTIONS.includes(name))
  if (other !== undefined) throw new TypeError(`doctor does not take --${other}. Remove it.`)
  const webhookUrl = textOf(values['webhook-url'])
  if (webhookUrl === undefined && !command)
    throw new TypeError('doctor needs --webhook-url URL, or a program after --, such as: doctor -- node app.js.')
  const print = (line: string) => (values.json ? terminal.err : terminal.out)(`${line}\n`)
  const report = await runDoctor({
    webhookUrl,
    command,
    seed: textOf(values.seed) ?? DEFAULT_DOCTOR_SEED,
    port: typeof values.port === 'string' ? portOf(values.port) : DEFAULT_PORT,
    allowRemote: values['allow-remote'] === true,
    log: (line) => terminal.err(`${line}\n`),
    onStart: ({ url, publicKey, baseUrl }) => {
      print(`Webhooks   ${url}`)
      print(`Needs      TELNYX_PUBLIC_KEY=${publicKey} TELNYX_BASE_URL=${baseUrl}`)
    },
    onRow: (row) => print(formatRow(row, terminal.colours)),
  })
  print(formatSummary(report.rows))
  const isOk = report.rows.every(({ result }) => result !== 'failed')
  if (values.json) terminal.out(`${JSON.stringify({ ok: isOk, ...report })}\n`)
  return isOk ? 0 : 1
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)

/** The command-line options, for `parseArgs`. `--help` lists all of them. */
export const options = {
  'webhook-url': { type: 'string' },
  'failover-url': { type: 'string' },
  'message-webhook-url': { type: 'string' },
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
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Parses the options. Throws a TypeError for an unknown option, with the option that was probably meant. */
function parseOptions(args: string[]) {
  try {
    return parseArgs({ args, options })
  } catch (error) {
    const extra = /^Unexpected argument '([^']+)'/.exec(messageOf(error))?.[1]
    if (extra !== undefined)
      throw new TypeError(
        `Unexpected argument '${extra}'. To start a program, use: callgather-simulator run -- node app.js.`,
      )
    const unknown = /^Unknown option '(--[^']+)'/.exec(messageOf(error))?.[1]
    if (unknown === undefined) throw error
    const known = Object.keys(options).map((name) => `--${name}`)
    throw new TypeError(`Unknown option '${unknown}'.${suggestion(unknown, known)}`)
  }
}

const MAX_TYPING_ERRORS = 3
/** A short word has fewer typing errors: `foo` does not mean `drop`. */
const maxErrorsIn = (word: string) => Math.min(MAX_TYPING_ERRORS, Math.floor(word.length / 2))

function suggestion(word: string, known: readonly string[]): string {
  const [nearest] = known.toSorted((a, b) => distance(word, a) - distance(word, b))
  return nearest !== undefined && distance(word, nearest) <= maxErrorsIn(word) ? ` Did you mean ${nearest}?` : ''
}

const configFile = z
  .strictObject({
    webhookUrl: z.string(),
    webhookFailoverUrl: z.string(),
    messageWebhookUrl: z.string(),
    port: z.number(),
    host: z.string(),
    seed: z.union([z.string(), z.number()]),
    // `createSimulator` validates `faults` and `settings`.
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
    throw new TypeError(`Cannot read the config file ${path}. Check its path and JSON syntax. ${messageOf(error)}`)
  }
  return read(configFile, parsed, `config file ${path}`)
}

async function loadScenario(name: string): Promise<Scenario> {
  const example = examples.find((scenario) => scenario.name === name)
  if (example) return example
  const text = await readFile(name, 'utf8').catch(() => {
    const names = examples.map((scenario) => scenario.name).join(', ')
    throw new Error(`Cannot find the scenario ${name}. Use a file path or one of the examples: ${names}.`)
  })
  return readScenario(JSON.parse(text))
}

function faultsOf(pairs: readonly string[]): FaultsInput {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', rate = '1'] = pair.split('=')
      if (rate.trim() === '' || Number.isNaN(Number(rate)))
        throw new TypeError('--fault needs a name and a rate, such as --fault duplicate=0.2.')
      if (!Object.hasOwn(faultNames, name))
        throw new TypeError(`Unknown fault '${name}'.${suggestion(name, Object.keys(faultNames))}`)
      return [name, Number(rate)]
    }),
  )
}

function modelOf(baseUrl: string | undefined, model: string | undefined): NonNullable<SettingsInput['ai']> {
  if (baseUrl === undefined) {
    if (model !== undefined) throw new TypeError('--model needs --model-url. Add the base URL of the model.')
    return {}
  }
  if (!URL.canParse(baseUrl)) throw new TypeError('--model-url needs a URL, such as http://127.0.0.1:11434/v1.')
  const apiKey = process.env.CALLGATHER_MODEL_KEY
  return { model: { baseUrl, ...(apiKey === undefined ? {} : { apiKey }), ...(model === undefined ? {} : { model }) } }
}

function portOf(value: string): number {
  const port = Number(value)
  if (!/^\d+$/.test(value) || port > 65_535) throw new TypeError('--port needs a number from 0 to 65535.')
  return port
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
