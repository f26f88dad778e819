/** Runs a server in its own process, so that a test can kill it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build, type Plugin } from 'esbuild'

/** Leaves third-party packages out of a bundle. */
export const onlyOurs: Plugin = {
  name: 'only ours',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ kind, path }) =>
      kind === 'entry-point' || path.startsWith('@callgather/') ? null : { path, external: true },
    )
  },
}

const bundles = new Map<string, Promise<string>>()

/** Returns the path of a bundle of a program's sources, because Node.js takes seconds to load them one by one. */
export function bundleOf(program: string): Promise<string> {
  const bundle = bundles.get(program) ?? writeBundle(program)
  bundles.set(program, bundle)
  return bundle
}

async function writeBundle(program: string): Promise<string> {
  // Inside its package, where Node.js finds the packages that it imports.
  const [packageFolder = ''] = program.split('/src/')
  const outdir = join(packageFolder, 'node_modules', '.callgather-programs')
  const { outputFiles } = await build({
    entryPoints: [program],
    ...{ bundle: true, write: false, platform: 'node', format: 'esm', target: 'node20' },
    // Chunks keep dynamic imports dynamic, and their names depend on their content.
    ...{ outdir, splitting: true, outExtension: { '.js': '.mjs' } },
    conditions: ['callgather:source'],
    plugins: [onlyOurs],
  })
  await mkdir(outdir, { recursive: true })
  for (const { path, contents } of outputFiles) {
    // Another process may be reading the file.
    const draft = `${path}.${process.pid}`
    await writeFile(draft, contents)
    await rename(draft, path)
  }
  return join(outdir, `${basename(program, '.ts')}.mjs`)
}

/** A running server. */
export interface RunningProgram {
  /** The line of JSON that the server prints when it is ready. */
  readonly ready: { readonly url: string; readonly webhooks: string }
  readonly pid: number
  /** Returns the server's standard error output. */
  log(): string
  /** Sends a signal and resolves to the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a server from its sources. Rejects with its error output when it exits before it is ready. */
export async function startProgram(
  program: string,
  environment: Readonly<Record<string, string>>,
): Promise<RunningProgram> {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, [await bundleOf(program)], {
    env: { PATH, CALLGATHER_GRACE_SECONDS: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let written = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    written += text
  })
  const ready = await firstLine(child, () => written)
  const end = (signal: NodeJS.Signals) =>
    new Promise<number | null>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve(child.exitCode)
      child.once('exit', (code) => resolve(code))
      child.kill(signal)
    })
  return {
    ready: JSON.parse(ready) as RunningProgram['ready'],
    pid: child.pid ?? 0,
    log: () => written,
    end,
    [Symbol.asyncDispose]: async () => void (await end('SIGKILL')),
  }
}

function firstLine(child: ChildProcess, written: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\n')
      if (end >= 0) resolve(text.slice(0, end))
    })
    child.once('exit', (code) =>
      reject(new Error(`The server exited with code ${code} before it was ready: ${written()}`)),
    )
    child.once('error', reject)
  })
}
