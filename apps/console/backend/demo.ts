/**
 * `npm start`: a simulated Telnyx with a caller's phone, and this console with its backend, all on this machine.
 */
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { freePort, startProgram } from './processes.ts'

const usage = `Usage: npm start -- [options]

  --console-port N     port of the agent console      (default 4000, or any free port)
  --simulator-port N   port of the simulated Telnyx   (default 4010, or any free port)
  --data DIR           folder of the call logs        (default .callgather)
  --fresh              start without stored calls
  -h, --help           show this`

const { values } = parseArgs({
  options: {
    'console-port': { type: 'string', default: '4000' },
    'simulator-port': { type: 'string', default: '4010' },
    data: { type: 'string', default: '.callgather' },
    fresh: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  process.stdout.write(`${usage}\n`)
  process.exit(0)
}

const here = dirname(fileURLToPath(import.meta.url))
const simulatorCli = join(dirname(createRequire(import.meta.url).resolve('@callgather/simulator')), 'cli.mjs')

const consolePort = await freePort(Number(values['console-port']))
const simulatorPort = await freePort(Number(values['simulator-port']))
const consoleUrl = `http://127.0.0.1:${consolePort}`

const simulator = await startProgram<{ url: string; publicKey: string; phone: string }>(
  simulatorCli,
  ['--port', String(simulatorPort), '--webhook-url', `${consoleUrl}/callgather/webhooks`],
  {},
)

mkdirSync(values.data, { recursive: true })
const backend = await startProgram<{ console: string }>(join(here, 'backend.mjs'), [], {
  HOST: '127.0.0.1',
  PORT: String(consolePort),
  TELNYX_API_KEY: 'KEY_SIMULATED',
  TELNYX_PUBLIC_KEY: simulator.ready.publicKey,
  TELNYX_BASE_URL: simulator.ready.url,
  // A simulator starts without calls and with a new key, so each run has its own store.
  CALLGATHER_STORE: values.fresh ? 'memory:' : `file:${join(values.data, `demo-${process.pid}.db`)}`,
  PHONE_URL: simulator.ready.phone,
})

process.stdout.write(`
  CallGather is running, with a simulated Telnyx.

  Agent console    ${backend.ready.console}
  Caller's phone   ${simulator.ready.phone}
  Telnyx events    ${simulator.ready.phone.replace(/phone$/, 'events')}
  Telnyx API       ${simulator.ready.url}

  Open the first two side by side. Dial on the phone, answer in the console, then press Account number.
  Press Ctrl-C to stop.
`)

const programs = [simulator.process, backend.process]
let ending = false
function end(code: number) {
  if (ending) return
  ending = true
  for (const program of programs) program.kill('SIGTERM')
  setTimeout(() => process.exit(code), 5000).unref()
  const running = programs.filter((program) => program.exitCode === null)
  let left = running.length
  if (left === 0) process.exit(code)
  for (const program of running) {
    program.once('exit', () => {
      left -= 1
      if (left === 0) process.exit(code)
    })
  }
}
for (const program of programs) {
  program.once('exit', (code) => {
    if (!ending) process.stderr.write('One of the programs exited. Stopping the other.\n')
    end(code ?? 1)
  })
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => end(0))
