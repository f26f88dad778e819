/**
 * Runs parts of a benchmark in separate processes. A part is bundled from source without third-party packages and run by
 * plain Node, so that no loader affects the figures. Closing the process channel ends the part.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBirpc } from 'birpc'
import { build, type Plugin } from 'esbuild'

/** The requests that a part handles, by name. Each has one argument and a result. */
export type Abilities = Readonly<Record<string, (argument: never) => unknown>>

/** Memory of a part after a full collection, in bytes. */
export interface Memory {
  readonly heap: number
  readonly rss: number
}

/** A running part. */
export interface Part<Able extends Abilities> {
  ask<Name extends keyof Able & string>(
    name: Name,
    ...argument: Parameters<Able[Name]>
  ): Promise<Awaited<ReturnType<Able[Name]>>>
  /** CPU time spent since the part began, in µs. */
  cpu(): Promise<number>
  memory(): Promise<Memory>
  /** How long each collection of young objects took since the last request, in ms. */
  scavenges(): Promise<number[]>
  stop(): Promise<void>
}

/** How a part is started. */
export interface StartOptions {
  /** The core to stay on, where the system can pin a process. */
  readonly core?: number
  /** Flags of V8. Default: none. */
  readonly flags?: readonly string[]
  /** Given to the part's `settings`. */
  readonly settings?: unknown
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a part: `file` is relative to this folder. */
export async function start<Able extends Abilities>(file: string, options: StartOptions = {}): Promise<Part<Able>> {
  const script = await bundle(file)
  const { core, settings = null } = options
  const pin = core !== undefined && existsSync('/usr/bin/taskset') ? ['/usr/bin/taskset', '-c', String(core)] : []
  const [command = '', ...flags] = [
    ...pin,
    process.execPath,
    '--expose-gc',
    ...(options.flags ?? []),
    '--disable-warning=ExperimentalWarning',
    script,
  ]
  const child = spawn(command, flags, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
    env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '', PART_SETTINGS: JSON.stringify(settings) },
  })
  running.add(child)
  const ended = once(child, 'exit').then(() => running.delete(child))
  const tooEarly = ended.then(() => Promise.reject(new Error(`The part ${file} ended at once.`)))
  await Promise.race([once(child, 'message'), tooEarly])
  tooEarly.catch(() => {})
  const remote = createBirpc<Record<string, (argument?: unknown) => unknown>>(
    {},
    { post: (message) => child.send(message), on: (listener) => child.on('message', listener), timeout: -1 },
  )
  child.once('exit', () => remote.$close(new Error(`The part ${file} ended while it was asked.`)))
  const ask = (name: string, argument?: unknown) => remote.$call(name, argument)
  return {
    ask: ask as Part<Able>['ask'],
    cpu: async () => (await ask('$cpu')) as number,
    memory: async () => (await ask('$memory')) as Memory,
    scavenges: async () => (await ask('$scavenges')) as number[],
    stop: async () => {
      if (child.connected) child.disconnect()
      const late = setTimeout(() => child.kill('SIGKILL'), 3000)
      await ended
      clearTimeout(late)
    },
  }
}

const bundles = new Map<string, Promise<string>>()

/** Bundles our own code; what comes from a package is imported from where it is installed. */
function bundle(file: string): Promise<string> {
  const known = bundles.get(file)
  if (known) return known
  const outfile = fileURLToPath(new URL(`../node_modules/.cache/parts/${basename(file, '.ts')}.mjs`, import.meta.url))
  const made = build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
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
      return found.path.includes('/node_modules/') ? { path: found.path, external: true } : found
    })
  },
}
