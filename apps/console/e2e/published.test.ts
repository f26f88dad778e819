/**
 * The packages as somebody installs them: packed, unpacked elsewhere, and used as the quick start says. What a monorepo
 * hides shows here: files that are not published, exports that lead nowhere, declarations that compile only at home.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build, type Plugin } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../..', import.meta.url))
const packages = ['protocol', 'server', 'react', 'simulator'] as const

let folder: string

/** Packs a package and unpacks it into the folder's `node_modules`; what it depends on is linked from here. */
async function install(name: (typeof packages)[number]): Promise<void> {
  const home = join(root, 'packages', name)
  const packed = join(folder, 'packed', name)
  const target = join(folder, 'node_modules', '@callgather', name)
  await mkdir(packed, { recursive: true })
  await mkdir(target, { recursive: true })
  await run('pnpm', ['pack', '--pack-destination', packed], { cwd: home })
  const [tarball] = await readdir(packed)
  await run('tar', ['-xzf', join(packed, String(tarball)), '--strip-components=1', '-C', target])
  const { dependencies = {}, peerDependencies = {} } = JSON.parse(await readFile(join(target, 'package.json'), 'utf8'))
  for (const dependency of Object.keys({ ...dependencies, ...peerDependencies }))
    if (!dependency.startsWith('@callgather/')) await link(dependency, home)
}

async function link(dependency: string, home: string): Promise<void> {
  const path = join(folder, 'node_modules', dependency)
  await mkdir(dirname(path), { recursive: true })
  await symlink(join(home, 'node_modules', dependency), path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}

/** Every way in that a package's exports name, wildcards by one that there is. */
async function entriesOf(name: string): Promise<string[]> {
  const file = join(folder, 'node_modules', '@callgather', name, 'package.json')
  const { exports } = JSON.parse(await readFile(file, 'utf8')) as { exports: Record<string, unknown> }
  return Object.keys(exports).map((key) => `@callgather/${name}${key.slice(1).replace('*', 'de')}`)
}

/** The programs of the quick start, as they stand there. */
async function quickStart(): Promise<string[]> {
  const guide = await readFile(join(root, 'docs/guides/quick-start.mdx'), 'utf8')
  return [...guide.matchAll(/```tsx\n(import.*?)```/gs)].map(([, code]) => String(code))
}

/** What the compiler says of the programs in the folder, with every declaration file checked; nothing if all is well. */
async function compile(): Promise<string> {
  const compilerOptions = {
    ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true },
    ...{ module: 'nodenext', target: 'es2022', jsx: 'react-jsx', lib: ['es2023', 'dom', 'dom.iterable'], types: [] },
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts', '*.tsx'] }))
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  return run(process.execPath, [tsc, '-p', folder]).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  )
}

/** Leaves out what is not ours. */
const onlyOurs: Plugin = {
  name: 'only ours',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^[^./]/ }, ({ path }) => (path.startsWith('@callgather/') ? null : { path, external: true }))
  },
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callgather-published-'))
  await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}')
  for (const name of packages) await install(name)
  for (const types of ['@types/react', '@types/react-dom']) await link(types, join(root, 'packages/react'))
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('the packages, as they are published', () => {
  it('have every file that their exports name', async () => {
    for (const name of packages) {
      const entries = (await entriesOf(name)).filter((entry) => !entry.endsWith('.json'))
      const contents = entries.map((entry) => `import '${entry}'`).join('\n')
      const { errors } = await build({
        stdin: { contents, resolveDir: folder },
        bundle: true,
        write: false,
        outdir: join(folder, 'out'),
        format: 'esm',
        plugins: [onlyOurs],
        logLevel: 'silent',
      })
      expect(errors).toEqual([])
    }
    const schema = createRequire(join(folder, 'package.json')).resolve('@callgather/protocol/wire.schema.json')
    expect(JSON.parse(await readFile(schema, 'utf8'))).toBeTypeOf('object')
  })

  it('compile as the quick start says, in the strictest way of finding modules', async () => {
    const programs = await quickStart()
    expect(programs.length).toBeGreaterThan(1)
    for (const [index, code] of programs.entries()) await writeFile(join(folder, `quick-start-${index}.tsx`), code)
    await writeFile(join(folder, 'env.d.ts'), 'interface ImportMeta { readonly env: Readonly<Record<string, string>> }')
    expect(await compile()).toBe('')
  })
})
