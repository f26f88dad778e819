/**
 * Packs the packages, installs them in other projects with npm and pnpm, and compiles the code of the documents. Inside the
 * monorepo, unpublished files, broken exports and unresolvable types go unnoticed.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Document, readDocuments } from '@callgather/test-kit/documents'
import { onlyOurs } from '@callgather/test-kit/program'
import { build } from 'esbuild'
import type ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isLong } from './long.ts'
import { findAny, findUnnamed } from './published/declarations.ts'
import { errorsOf, programOf } from './published/program.ts'
import { installAll, type Manager, packAll } from './published/projects.ts'
import { serverView } from './published/server-components.ts'

const run = promisify(execFile)

const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')
const packages = ['protocol', 'server', 'react', 'simulator'] as const

// `npm test` compiles the documents against the sources, and checks the packages with publint and the API reports.
const describeLong = describe.skipIf(!isLong)
const managers: readonly Manager[] = ['npm', 'pnpm']

/** Installing may download packages, and shares the machine with other tests. */
const PATIENCE_MS = 10 * 60_000

/** A project that imports every entry of every package, with the optional peers that some of them need. */
const everything: Document = {
  path: 'every entry',
  name: 'every-entry',
  installs: [...packages.map((name) => `@callgather/${name}`), '@tanstack/react-query', 'msw', 'fastify', 'hono'],
  programs: new Map([['entries.tsx', 'export {}\n']]),
}

let folder: string
let documents: readonly Document[]

const homeOf = (project: string, name: string) => join(project, 'node_modules', '@callgather', name)

/** Returns every entry in the `exports` of an installed package, with one file per pattern. */
async function entriesOf(project: string, name: string): Promise<{ specifier: string; types: string | undefined }[]> {
  const manifest = await readFile(join(homeOf(project, name), 'package.json'), 'utf8')
  const { exports } = JSON.parse(manifest) as { exports: Record<string, string | { types?: string }> }
  return Object.entries(exports).map(([key, to]) => ({
    specifier: `@callgather/${name}${key.slice(1).replace('*', 'de')}`,
    types: typeof to === 'string' ? undefined : to.types?.replace('*', 'de'),
  }))
}

const tarballs: Record<string, string> = {}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callgather-published-'))
  documents = readDocuments()
  Object.assign(tarballs, await packAll(root, folder))
}, PATIENCE_MS)

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

describeLong.each(managers)('The packages, packed and installed by %s,', (manager) => {
  let program: ts.Program
  let project: string
  /** The declaration files of a package's entries, the main one first. */
  const declared = new Map<string, readonly string[]>()

  beforeAll(async () => {
    const home = join(folder, manager)
    await mkdir(home)
    const folders = await installAll(manager, [...documents, everything], root, home, tarballs)
    project = folders.at(-1) ?? ''
    // pnpm links the packages, so the compiler sees their files at other paths.
    for (const name of manager === 'npm' ? packages : []) {
      const types = (await entriesOf(project, name)).flatMap((entry) => entry.types ?? [])
      declared.set(
        name,
        types.filter((file) => file.endsWith('.mts')).map((file) => join(homeOf(project, name), file)),
      )
    }
    program = programOf(folders, [...declared.values()].flat())
  }, PATIENCE_MS)

  it('contain every file that their exports name', async () => {
    const entries = (await Promise.all(packages.map((name) => entriesOf(project, name)))).flat()
    const contents = entries
      .filter(({ specifier }) => !specifier.endsWith('.json'))
      .map(({ specifier }) => `import '${specifier}'`)
      .join('\n')
    const { errors } = await build({
      stdin: { contents, resolveDir: project },
      bundle: true,
      write: false,
      outdir: join(folder, 'out'),
      format: 'esm',
      plugins: [onlyOurs],
      logLevel: 'silent',
    })
    expect(errors).toEqual([])
    const schema = createRequire(join(project, 'package.json')).resolve('@callgather/protocol/wire.schema.json')
    expect(JSON.parse(await readFile(schema, 'utf8'))).toBeTypeOf('object')
  })

  it(
    'compile with each code block of the README files and guides under `strict`, with only the packages it installs',
    () => {
      expect(documents.map(({ path }) => path)).toContain('README.md')
      expect(errorsOf(program)).toEqual([])
    },
    PATIENCE_MS,
  )

  if (manager !== 'npm') return

  it('export every part of @callgather/react to a server component as a client reference', async () => {
    const { namespaces, imports } = await serverView(project)
    expect(Object.keys(namespaces)).toHaveLength(12)
    for (const parts of Object.values(namespaces)) {
      expect(parts).toHaveProperty('Root', 'client')
      expect(new Set(Object.values(parts))).toEqual(new Set(['client']))
    }
    expect(imports.filter((name) => /^(react|react-dom|virtua)(\/|$)/.test(name))).toEqual([])
  })

  it('render a part on the server with react-dom/server', async () => {
    const program = `
      import { createElement } from 'react'
      import { renderToStaticMarkup } from 'react-dom/server'
      import { createGatherClient, DtmfPadParts, GatherProvider } from '@callgather/react'
      const client = createGatherClient({ url: 'http://localhost', getTicket: () => '' })
      const pad = createElement(DtmfPadParts.Root, { callId: 'v3:a' }, createElement(DtmfPadParts.Key, { value: '5' }))
      console.log(renderToStaticMarkup(createElement(GatherProvider, { client }, pad)))`
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: project })
    expect(stdout).toContain('role="group"')
  })

  it.each(packages)('declare no `any` in @callgather/%s', (name) => {
    expect(declared.get(name)?.length).toBeGreaterThan(0)
    expect(findAny(program, homeOf(project, name))).toEqual([])
  })

  it.each(['react', 'server'] as const)(
    'mention no protocol type in @callgather/%s that the package does not export',
    (name) => {
      const entries = declared.get(name) ?? []
      const [main = ''] = entries
      const unnamed = entries.flatMap((entry) =>
        findUnnamed(program, entry, main, homeOf(project, name), homeOf(project, 'protocol')),
      )
      expect(unnamed).toEqual([])
    },
  )
})
