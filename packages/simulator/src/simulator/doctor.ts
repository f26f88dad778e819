/** `callgather-simulator doctor`: examines how a program treats webhooks, and reports each check. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { realClock } from '../clock/clock.ts'
import { signerOfSeed } from '../delivery/signer.ts'
import { refusalOfTarget } from '../delivery/target.ts'
import { createTransport } from '../delivery/transport.ts'
import { type DoctorCall, examine, type Row } from '../doctor/checks.ts'
import { createSend } from '../doctor/send.ts'
import { type ProgramRun, runProgram } from './run.ts'
import { createSimulator, type Simulator } from './simulator.ts'

interface DoctorOptions {
  /** Webhook URL of the program. Required without `command`, which detects it. */
  readonly webhookUrl: string | undefined
  /** The program to start, or null for a program that already runs. */
  readonly command: readonly [string, ...string[]] | null
  /** The folder where the program runs. Default: the current folder. */
  readonly folder?: string
  readonly seed: string | number
  readonly port: number
  readonly allowRemote: boolean
  /** Longest wait for an answer, in milliseconds. Default 6000: more than Telnyx waits, to measure slow programs. */
  readonly patienceMs?: number
  /** Called once, before the first check, with the URL and what the program needs to know. */
  onStart(about: { url: string; publicKey: string; baseUrl: string }): void
  onRow(row: Row): void
  /** Messages of the program's start. */
  log(line: string): void
}

const DEFAULT_PATIENCE_MS = 6000
const MAX_START_MS = 60_000
const POLL_MS = 100

/** Runs the checks. Rejects when the program does not start, or the webhook URL is not allowed. */
export async function runDoctor(options: DoctorOptions): Promise<{ url: string; publicKey: string; rows: Row[] }> {
  const { command, seed, port, allowRemote, patienceMs = DEFAULT_PATIENCE_MS, onRow } = options
  const refusal = options.webhookUrl === undefined ? null : refusalOfTarget(options.webhookUrl, allowRemote)
  if (refusal !== null) throw new TypeError(refusal)
  const clock = realClock()
  const transport = createTransport(null, clock)
  const sim = await createSimulator({ seed, port, settings: { delivery: { allowRemote } } })
  let program: ProgramRun | null = null
  try {
    let setWebhookUrl: (url: string) => void = () => {}
    const detected = new Promise<string>((resolve) => {
      setWebhookUrl = resolve
    })
    if (options.webhookUrl !== undefined) setWebhookUrl(options.webhookUrl)
    if (command) {
      const observed: Simulator = { ...sim, setWebhookUrl }
      const hasWebhookUrl = options.webhookUrl !== undefined
      const { folder, log } = options
      program = await runProgram({
        sim: observed,
        command,
        hasWebhookUrl,
        log,
        // Standard output is for the report.
        outputTo: 'stderr',
        ...(folder === undefined ? {} : { folder }),
      })
    }
    const url = await (program ? startOf(program, detected) : detected)
    const { publicKey } = sim
    options.onStart({ url, publicKey, baseUrl: sim.url })
    const settings = { ...sim.settings.delivery, timeoutMs: patienceMs }
    const rows = await examine({
      publicKey,
      send: createSend({ url, signer: signerOfSeed(seed), transport, settings }),
      dial: () => dial(sim),
      limitMs: sim.settings.delivery.timeoutMs,
      onRow,
    })
    return { url, publicKey, rows }
  } finally {
    program?.stop('SIGTERM')
    await program?.exitCode
    await sim.close()
    transport.close()
    clock.stop()
  }
}

/** Waits until the program accepts connections on the port of its webhook URL. Rejects when it ends or takes too long. */
async function startOf(program: ProgramRun, detected: Promise<string>): Promise<string> {
  const waiting = new AbortController()
  const { signal } = waiting
  const ended = program.exitCode.then((code) => {
    throw new Error(`The program ended with exit code ${code} before it listened. See its output.`)
  })
  const late = sleep(MAX_START_MS, null, { signal }).then(() => {
    throw new Error(
      `No webhook URL answered within ${MAX_START_MS / 1000} s. See the output of the program, or set --webhook-url.`,
    )
  })
  const listening = async () => {
    const url = await detected
    while (!signal.aborted && !(await isListening(url))) await sleep(POLL_MS)
    return url
  }
  try {
    return await Promise.race([listening(), ended, late])
  } finally {
    waiting.abort()
    for (const pending of [ended, late]) pending.catch(() => {})
  }
}

async function isListening(url: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const socket = connect(Number(port || (protocol === 'https:' ? 443 : 80)), host)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Creates a ringing call in the simulator, whose webhooks the doctor sends itself. */
async function dial(sim: Simulator): Promise<DoctorCall> {
  const caller = await sim.phone.dial()
  const commands: string[] = []
  sim.watch(
    (activity) => {
      if (activity.type === 'command' && activity.call_id === caller.id) commands.push(activity.command)
    },
    ['command'],
  )
  const event = async (type: string) =>
    caller.history.find(({ event_type }) => event_type === type) ?? caller.waitFor(type)
  return {
    initiated: await event('call.initiated'),
    commands,
    async hangUp() {
      await caller.hangUp()
      return event('call.hangup')
    },
  }
}
