/**
 * Compiles the examples for Svelte and Angular, and checks the types of the templates for Vue and Svelte, against the packed
 * `@callgather/embed`. The tools are installed in a separate folder, which takes minutes, so only `npm run test:long` does it.
 */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isLong } from './long.ts'
import { packAll, type Tarballs } from './published/projects.ts'

const execute = promisify(execFile)

/** Runs a program. Its error holds the output, because compilers write their errors to standard output. */
async function run(command: string, args: readonly string[], options: { cwd: string }): Promise<void> {
  await execute(command, args, options).catch((error: Error & { stdout?: string }) => {
    throw new Error(`${error.message}\n${error.stdout ?? ''}`)
  })
}

const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')
const PATIENCE_MS = 10 * 60_000

if (!isLong) console.log('Skipping the Svelte and Angular examples. Set CALLGATHER_LONG to install their compilers.')

describe.skipIf(!isLong)('The examples for other frameworks, with the packed packages,', () => {
  let folder: string
  let tarballs: Tarballs

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'callgather-compiled-'))
    tarballs = await packAll(root, folder)
  }, PATIENCE_MS)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** Copies an example and installs its dependencies with npm, ours from the tarballs. Returns its folder. */
  async function install(name: string): Promise<string> {
    const project = join(folder, name)
    await cp(join(root, 'examples/embed', name), project, {
      recursive: true,
      filter: (path) => !['node_modules', 'dist', '.angular'].includes(basename(path)),
    })
    const manifest = JSON.parse(await readFile(join(project, 'package.json'), 'utf8')) as Record<string, object>
    const ours = { '@callgather/embed': `file:${tarballs['@callgather/embed']}` }
    // The packages are not on a registry, so the dependencies of embed come from their tarballs too.
    const { '@callgather/embed': _, ...others } = tarballs
    const overrides = Object.fromEntries(Object.entries(others).map(([name, path]) => [name, `file:${path}`]))
    await writeFile(
      join(project, 'package.json'),
      JSON.stringify({ ...manifest, dependencies: { ...manifest.dependencies, ...ours }, overrides }),
    )
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'], { cwd: project })
    return project
  }

  it('compile with `vite build` and `svelte-check` in Svelte 5', { timeout: PATIENCE_MS }, async () => {
    const cwd = await install('svelte')
    await run('npm', ['run', 'check'], { cwd })
    await run('npm', ['run', 'build'], { cwd })
    expect(await readdir(join(cwd, 'dist'))).toContain('index.html')
  })

  it('compile with `ng build` in Angular', { timeout: PATIENCE_MS }, async () => {
    const cwd = await install('angular')
    await run('npm', ['run', 'build'], { cwd })
    expect(await readdir(join(cwd, 'dist/desk/browser'))).toContain('index.html')
  })

  it('pass `vue-tsc` in Vue 3', { timeout: PATIENCE_MS }, async () => {
    const cwd = await install('vue')
    await run('npm', ['run', 'check'], { cwd })
  })
})
