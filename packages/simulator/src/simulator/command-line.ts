/** The command line: arguments in, a running simulator and lines of text out. Free of the process, so that it can be tested as it is. */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { virtualClock } from '../clock/clock.ts'
import type { FaultsInput } from '../delivery/faults.ts'
import type { SettingsInput } from '../settings/settings.ts'
import { createLog } from './log.ts'
import { runScenarioFiles } from './run-files.ts'
import { createSimulator, type Simulator, type SimulatorOptions } from './simulator.ts'

/** Where the text goes. */
export interface Terminal {
  /** Standard output: the one JSON line. */
  out(text: string): void
  /** Standard error: the log. */
  err(text: string): void
  colours: boolean
}

/** What came of it: a simulator that runs, or an exit code. */
export type Outcome = { sim: Simulator } | { exitCode: number }

const HELP = `callgather-simulator: a Telnyx that runs on your laptop.

  npx @callgather/simulator --webhook-url http://localhost:3000/webhooks

Then point your program at it:
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

/** Does what the arguments ask. Never rejects: what is wrong with them is told on the terminal. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<Outcome> {
  try {
    return await obey(args, terminal)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
    terminal.err(
      `callgather-simulator: ${taken ? `the port is taken; choose another with --port (0 for any). ${message}` : message}\nTry --help.\n`,
    )
    return { exitCode: 2 }
  }
}

async function obey(args: readonly string[], terminal: Terminal): Promise<Outcome> {
  const { values } = parseArgs({ args: [...args], options })
  if (values.help) {
    terminal.out(HELP)
    return { exitCode: 0 }
  }
  const config = values.config === undefined ? {} : await readConfig(values.config)
  const webhookUrl = values['webhook-url'] ?? config.webhookUrl
  const failoverUrl = values['failover-url'] ?? config.webhookFailoverUrl
  const host = values.host ?? config.host
  const seed = values.seed ?? config.seed
  const sim = await createSimulator({
    ...config,
    ...(webhookUrl === undefined ? {} : { webhookUrl }),
    ...(failoverUrl === undefined ? {} : { webhookFailoverUrl: failoverUrl }),
    ...(host === undefined ? {} : { host }),
    ...(seed === undefined ? {} : { seed }),
    port: values.port === undefined ? (config.port ?? USUAL_PORT) : portOf(values.port),
    faults: { ...config.faults, ...faultsOf(values.fault ?? []) },
    settings: {
      ...config.settings,
      ai: { ...config.settings?.ai, ...modelOf(values['model-url'], values.model) },
      delivery: { ...config.settings?.delivery, ...(values['allow-remote'] ? { allowRemote: true } : {}) },
    },
    ...(values['virtual-clock'] ? { clock: virtualClock({ quietMs: QUIET_MS }) } : {}),
  })
  const log = (line: string) => terminal.err(`${line}\n`)
  if (!values.quiet) {
    sim.watch(createLog(log, { colours: terminal.colours, hideDigits: values['hide-digits'] ?? false }))
    if (webhookUrl === undefined) log('No --webhook-url: events are recorded (see /events), but go nowhere.')
    log(`Telephone  ${sim.phoneUrl}`)
    log(`Events     ${sim.eventsUrl}`)
    log(`For your program: TELNYX_BASE_URL=${sim.url} TELNYX_PUBLIC_KEY=${sim.publicKey}`)
  }
  terminal.out(`${JSON.stringify({ url: sim.url, publicKey: sim.publicKey, phone: sim.phoneUrl })}\n`)
  if (!values.scenario) return { sim }
  const failed = await runScenarioFiles(sim, values.scenario, log)
  await sim.close()
  return { exitCode: failed === 0 ? 0 : 1 }
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

async function readConfig(
  path: string,
): Promise<Omit<SimulatorOptions, 'clock' | 'webhookUrl'> & { webhookUrl?: string }> {
  let parsed: unknown
  try {
    parsed = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new TypeError(
      `Cannot read the config file ${path}: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new TypeError(`The config file ${path} must hold a JSON object.`)
  const known = ['webhookUrl', 'webhookFailoverUrl', 'port', 'host', 'seed', 'faults', 'settings', 'connectionId']
  for (const name of Object.keys(parsed))
    if (!known.includes(name))
      throw new TypeError(`The config file ${path} has "${name}"; it may have: ${known.join(', ')}.`)
  return parsed
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
