/**
 * Parts of a benchmark that run in processes of their own: a server under test, a generator of load, a crowd of
 * watchers. A part is bundled from source without its third-party packages and run by plain Node, so that nothing but
 * the code itself is measured; it is spoken to over the process channel and ended by closing that.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

/** What a part can be asked to do: names, each with one argument and an answer. */
export type Abilities = Readonly<Record<string, (argument: never) => unknown>>

/** What every part can be asked. */
export interface Usage {
  /** CPU time spent by the process since it began, in µs. */
  readonly cpu: number
  /** After a full collection, in bytes. */
  readonly heap: number
  readonly rss: number
}

/** A running part. */
export interface Part<Able extends Abilities> {
  ask<Name extends keyof Able & string>(
    name: Name,
    ...argument: Parameters<Able[Name]>
  ): Promise<Awaited<ReturnType<Able[Name]>>>
  /** CPU time only: cheap, and collects nothing. */
  cpu(): Promise<number>
  usage(): Promise<Usage>
  stop(): Promise<void>
  readonly pid: number
}

/** How a part is started. */
export interface StartOptions {
  /** The core to stay on, where the system can pin a process. */
  readonly core?: number
  /** Given to the part's `serve`. */
  readonly settings?: unknown
  readonly nodeOptions?: readonly string[]
  /** What its CPU profile is called, after the file. */
  readonly label?: string
}

interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a part: `file` is relative to this folder. */
export async function start<Able extends Abilities>(file: string, options: StartOptions = {}): Promise<Part<Able>> {
  const script = await bundle(file)
  const { core, settings = null, nodeOptions = [], label = '' } = options
  const pin = core !== undefined && existsSync('/usr/bin/taskset') ? ['/usr/bin/taskset', '-c', String(core)] : []
  const [command = '', ...before] = [...pin, process.execPath]
  const profile = process.env.BENCH_PROFILE ? profiling(process.env.BENCH_PROFILE, file, label) : []
  const child = spawn(command, [...before, '--expose-gc', ...profile, ...nodeOptions, script], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
    env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '', PART_SETTINGS: JSON.stringify(settings) },
  })
  running.add(child)
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let next = 1
  const ready = new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('exit', (code, signal) => reject(new Error(`The part ${file} ended at once: ${signal ?? code}.`)))
    child.once('error', reject)
  })
  child.on('message', (message: Answer) => {
    const asked = waiting.get(message.id)
    waiting.delete(message.id)
    if (message.error !== undefined) asked?.reject(new Error(`${file}: ${message.error}`))
    else asked?.resolve(message.value)
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      running.delete(child)
      for (const { reject } of waiting.values()) reject(new Error(`The part ${file} ended while it was asked.`))
      resolve()
    })
  })
  await ready
  const ask = (name: string, argument?: unknown) =>
    new Promise((resolve, reject) => {
      if (!child.connected) {
        reject(new Error(`The part ${file} has ended, and cannot ${name}.`))
        return
      }
      const id = next++
      waiting.set(id, { resolve, reject })
      child.send({ id, name, argument })
    })
  return {
    ask: ask as Part<Able>['ask'],
    cpu: async () => (await ask('$cpu')) as number,
    usage: async () => (await ask('$usage')) as Usage,
    stop: async () => {
      child.disconnect()
      const late = setTimeout(() => child.kill('SIGKILL'), 3000)
      await ended
      clearTimeout(late)
    },
    pid: child.pid ?? 0,
  }
}

let profiles = 0

/** Options for a CPU profile whose file says of what it is. */
function profiling(folder: string, file: string, label: string): string[] {
  const words = `${basename(file, '.ts')} ${label}`.toLowerCase().replace(/[^a-z0-9+]+/g, '-')
  const name = `${words.replace(/^-|-$/g, '')}.${++profiles}.cpuprofile`
  return ['--cpu-prof', '--cpu-prof-interval=250', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}`]
}

const bundles = new Map<string, Promise<string>>()

/** Bundles our own code; what comes from a package is imported from where it is installed. */
function bundle(file: string): Promise<string> {
  const known = bundles.get(file)
  if (known) return known
  const entry = fileURLToPath(new URL(file, import.meta.url))
  const outfile = fileURLToPath(new URL(`../results/parts/${basename(file, '.ts')}.mjs`, import.meta.url))
  const made = build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['callgather:source'],
    sourcemap: 'inline',
    logLevel: 'error',
    plugins: [packagesStayOutside],
  }).then(() => outfile)
  bundles.set(file, made)
  return made
}

const packagesStayOutside: Plugin = {
  name: 'packages-stay-outside',
  setup(builder) {
    builder.onResolve({ filter: /^[^./]/ }, async ({ path, resolveDir, kind, pluginData }) => {
      if (pluginData === 'again' || kind === 'entry-point' || path.startsWith('node:')) return undefined
      const found = await builder.resolve(path, { resolveDir, kind, pluginData: 'again' })
      if (found.errors.length > 0) return { path, external: true }
      if (!found.path.includes('/node_modules/')) return found
      return { path: found.path, external: true }
    })
  },
}
