/** `callgather-simulator run -- COMMAND`: runs a program, unchanged, against the simulator. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleWith, createCertificate } from '../redirect/certificate.ts'
import { environmentOf, type Runtime, runtimeOf } from '../redirect/environment.ts'
import { startRedirection } from '../redirect/proxy.ts'
import { findWebhookRoutes, portsOf } from '../redirect/receiver.ts'
import type { Simulator } from './simulator.ts'

interface RunOptions {
  readonly sim: Simulator
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]]
  /** Whether the webhook URL was given; otherwise it is looked for. */
  readonly hasWebhookUrl: boolean
  /** The folder in which the program runs and its routes are looked for. Default: the current one. */
  readonly folder?: string
  readonly log: (line: string) => void
}

/** A program that runs. */
export interface ProgramRun {
  /** Settles when the program has ended, with its exit code, and what was started for it is gone. */
  readonly exitCode: Promise<number>
  /** Ends the program as a terminal does. */
  stop(signal: NodeJS.Signals): void
}

const LOOK_FOR_PORT_EVERY_MS = 300

/** Starts a program in an environment where `https://api.telnyx.com` is the simulator. */
export async function runProgram(options: RunOptions): Promise<ProgramRun> {
  const { sim, command, hasWebhookUrl, folder = process.cwd(), log } = options
  const runtime = runtimeOf(command[0])
  const scratch = await mkdtemp(join(tmpdir(), 'callgather-run-'))
  const certificate = await createCertificate('api.telnyx.com')
  const [certFile, bundleFile] = [join(scratch, 'certificate.pem'), join(scratch, 'authorities.pem')]
  await writeFile(certFile, certificate.cert)
  await writeFile(bundleFile, bundleWith(certificate))
  const redirection = await startRedirection(certificate, Number(new URL(sim.url).port))

  let requests = 0
  const unwatch = sim.watch(() => {
    requests += 1
  }, ['command'])
  const receiver = createPortReport((port) => onPort(port))
  const reportPort = await receiver.listen()
  const preload = preloadFile()
  const env = environmentOf({
    ...redirection,
    runtime,
    reportPort,
    preload,
    certFile,
    bundleFile,
    publicKey: sim.publicKey,
    inherited: process.env,
  })
  if (runtime === 'other') log(untested(command[0], env))

  let isFound = hasWebhookUrl
  const onPort = (port: number) => {
    if (isFound) return
    isFound = true
    clearInterval(timer)
    chooseWebhookUrl(sim, port, folder).then(log, (error: unknown) => log(String(error)))
  }
  const child = spawn(command[0], command.slice(1), { cwd: folder, env: { ...process.env, ...env }, stdio: 'inherit' })
  const timer = setInterval(() => {
    if (isFound || child.pid === undefined) return
    portsOf(child.pid).then(
      ([port]) => port !== undefined && onPort(port),
      (error: unknown) => log(String(error)),
    )
  }, LOOK_FOR_PORT_EVERY_MS)

  const finish = async () => {
    const exitCode = await endOf(child, command[0], log)
    clearInterval(timer)
    unwatch()
    if (requests === 0) log(noRequest(runtime))
    receiver.close()
    await redirection.close()
    await rm(scratch, { recursive: true, force: true })
    return exitCode
  }
  return { exitCode: finish(), stop: (signal) => void child.kill(signal) }
}

/** Beside this file when it runs from source, beside the bundle when it is installed. */
function preloadFile(): string {
  const places = ['../redirect/preload.cjs', './preload.cjs'].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  )
  return places.find(existsSync) ?? (places[1] as string)
}

/** Sets the simulator's webhook URL to the likeliest route of the program. Returns what to say about it. */
async function chooseWebhookUrl(sim: Simulator, port: number, folder: string): Promise<string> {
  const [route, ...others] = await findWebhookRoutes(folder)
  if (!route)
    return `The program listens on port ${port}, but no POST route was found in its source. Give --webhook-url http://127.0.0.1:${port}/PATH.`
  const url = `http://127.0.0.1:${port}${route.path}`
  sim.setWebhookUrl(url)
  const rest = [...new Set(others.map(({ path }) => path))].filter((path) => path !== route.path)
  const also = rest.length > 0 ? ` Other POST routes: ${rest.slice(0, 5).join(', ')}; choose with --webhook-url.` : ''
  return `Webhooks   ${url} (${route.file}:${route.line}).${also}`
}

/** Takes the ports that the preload reports. */
function createPortReport(onPort: (port: number) => void) {
  const server = createServer((socket) => {
    socket.setEncoding('utf8').on('error', () => {})
    socket.once('data', (text) => {
      const port = Number(String(text).trim())
      if (Number.isInteger(port) && port > 0) onPort(port)
      socket.destroy()
    })
  })
  return {
    listen: async () => {
      await once(server.listen(0, '127.0.0.1'), 'listening')
      return (server.address() as AddressInfo).port
    },
    close: () => void server.close(),
  }
}

function endOf(child: ChildProcess, command: string, log: (line: string) => void): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      log(`The program could not be started: ${error.message}. Check that "${command}" is on PATH.`)
      resolve(127)
    })
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)))
  })
}

const untested = (command: string, env: Record<string, string>) =>
  [
    `"${command}" is not a runtime that was tested (Node.js, Python, curl). It is started with this environment:`,
    ...Object.entries(env).map(([name, value]) => `  ${name}=${value}`),
  ].join('\n')

const noRequest = (runtime: Runtime) =>
  runtime === 'node' || runtime === 'curl'
    ? 'The program sent no command to https://api.telnyx.com.'
    : 'The program sent no command to https://api.telnyx.com. Its HTTP client may ignore HTTPS_PROXY (aiohttp needs trust_env=True).'
