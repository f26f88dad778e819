/** `callgather-simulator run -- COMMAND`: runs an unchanged program against the simulator. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TELNYX_HOST } from '../api/server.ts'
import { bundleWith, createCertificate } from '../redirect/certificate.ts'
import { environmentOf, type Runtime, runtimeOf } from '../redirect/environment.ts'
import { startRedirection } from '../redirect/proxy.ts'
import { findWebhookRoutes, isMessageRoute, portsOf, type WebhookRoute } from '../redirect/receiver.ts'
import type { Simulator } from './simulator.ts'

interface RunOptions {
  readonly sim: Simulator
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]]
  /** Whether a webhook URL is set. If not, it is detected from the program. */
  readonly hasWebhookUrl: boolean
  /** Whether a webhook URL for text messages is set. If not, it is detected too. Default: false. */
  readonly hasMessageWebhookUrl?: boolean
  /** The folder where the program runs and its routes are searched. Default: the current folder. */
  readonly folder?: string
  readonly log: (line: string) => void
  /** Where the program's standard output goes. Default `stdout`: the simulator's own standard output. */
  readonly outputTo?: 'stdout' | 'stderr'
}

/** A program that `callgather-simulator run` started. */
export interface ProgramRun {
  /** Resolves with the program's exit code after the program has ended and its redirection is removed. */
  readonly exitCode: Promise<number>
  /** Sends a signal to the program. */
  stop(signal: NodeJS.Signals): void
}

/** Signals that end a program on request. */
const usualSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM']
const PORT_POLL_INTERVAL_MS = 300

/** Starts a program with `https://api.telnyx.com` redirected to the simulator. */
export async function runProgram(options: RunOptions): Promise<ProgramRun> {
  const { sim, command, hasWebhookUrl, folder = process.cwd(), log } = options
  const runtime = runtimeOf(command[0])
  const scratch = await mkdtemp(join(tmpdir(), 'callgather-run-'))
  const certificate = await createCertificate(TELNYX_HOST)
  const [certFile, bundleFile] = [join(scratch, 'certificate.pem'), join(scratch, 'authorities.pem')]
  await writeFile(certFile, certificate.cert)
  await writeFile(bundleFile, bundleWith(certificate))
  await copyFile(bundled('sitecustomize.py'), join(scratch, 'sitecustomize.py'))
  const redirection = await startRedirection(certificate, Number(new URL(sim.url).port))

  let requests = 0
  const unwatch = sim.watch(() => {
    requests += 1
  }, ['command'])
  const receiver = createPortReport((port) => onPort(port))
  const reportPort = await receiver.listen()
  const env = environmentOf({
    ...redirection,
    runtime,
    reportPort,
    nodePreload: bundled('preload.cjs'),
    pythonFolder: scratch,
    certFile,
    bundleFile,
    publicKey: sim.publicKey,
    inherited: process.env,
  })
  let isFound = hasWebhookUrl
  const onPort = (port: number) => {
    if (isFound) return
    isFound = true
    clearInterval(timer)
    chooseWebhookUrls(options, port, folder).then(log, (error: unknown) => log(String(error)))
  }
  const child = spawn(command[0], command.slice(1), {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['inherit', options.outputTo === 'stderr' ? 2 : 1, 2],
  })
  if (runtime === 'other') child.once('spawn', () => log(untested(command[0], env)))
  const timer = setInterval(() => {
    if (isFound || child.pid === undefined) return
    portsOf(child.pid).then(
      ([port]) => port !== undefined && onPort(port),
      (error: unknown) => log(String(error)),
    )
  }, PORT_POLL_INTERVAL_MS)

  const finish = async () => {
    const exitCode = await endOf(child, command[0], log)
    clearInterval(timer)
    unwatch()
    if (requests === 0 && child.pid !== undefined) log(noRequest(runtime))
    receiver.close()
    await redirection.close()
    await rm(scratch, { recursive: true, force: true })
    return exitCode
  }
  return { exitCode: finish(), stop: (signal) => void child.kill(signal) }
}

/** Returns the path of a file that programs preload, in the source tree or next to the built bundle. */
function bundled(name: string): string {
  const [source, built] = [`../redirect/${name}`, `./${name}`].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  ) as [string, string]
  return existsSync(source) ? source : built
}

const MAX_LISTED_ROUTES = 5

/** Sets the webhook URLs to the likeliest routes of the program. Returns the log message. */
async function chooseWebhookUrls(
  { sim, command, hasMessageWebhookUrl = false }: RunOptions,
  port: number,
  folder: string,
): Promise<string> {
  const routes = await findWebhookRoutes(folder, command)
  const [route] = routes
  if (!route)
    return `The program listens on port ${port}, but its source has no POST route that looks like a webhook endpoint. Set --webhook-url http://127.0.0.1:${port}/PATH if it has one.`
  const urlOf = ({ path }: WebhookRoute) => `http://127.0.0.1:${port}${path}`
  const lineOf = (name: string, chosen: WebhookRoute) => `${name} ${urlOf(chosen)} (${chosen.file}:${chosen.line}).`
  sim.setWebhookUrl(urlOf(route))
  const lines = [`${lineOf('Webhooks  ', route)}${otherRoutes(route, routes)}`]
  const messageRoute = hasMessageWebhookUrl ? undefined : routes.find(isMessageRoute)
  if (messageRoute && messageRoute.path !== route.path) {
    sim.setMessageWebhookUrl(urlOf(messageRoute))
    lines.push(lineOf('Messages  ', messageRoute))
  }
  return lines.join('\n')
}

function otherRoutes(chosen: WebhookRoute, routes: readonly WebhookRoute[]): string {
  const others = new Set(routes.map(({ path }) => path))
  others.delete(chosen.path)
  if (others.size === 0) return ''
  const listed = others.size > MAX_LISTED_ROUTES ? `${others.size} in this folder` : [...others].join(', ')
  return ` Other POST routes: ${listed}; choose with --webhook-url.`
}

/** Receives the listening port of the program, which its preload reports. */
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
      log(`Cannot start the program: ${error.message}. Check that "${command}" is on PATH.`)
      resolve(127)
    })
    child.once('exit', (code, signal) => {
      if (signal !== null && !usualSignals.includes(signal)) log(`${signal} ended the program.`)
      resolve(code ?? exitCodeOf(signal))
    })
  })
}

/** Returns the exit code that a shell gives to a program which a signal ended. */
const exitCodeOf = (signal: NodeJS.Signals | null): number => 128 + (signal === null ? 0 : constants.signals[signal])

const untested = (command: string, env: Record<string, string>) =>
  [
    `"${command}" is not a tested runtime (Node.js, Python, curl). It starts with these environment variables:`,
    ...Object.entries(env).map(([name, value]) => `  ${name}=${value}`),
  ].join('\n')

const noRequest = (runtime: Runtime) =>
  runtime === 'other'
    ? 'The program sent no command to https://api.telnyx.com. Its HTTP client may ignore HTTPS_PROXY.'
    : 'The program sent no command to https://api.telnyx.com.'
