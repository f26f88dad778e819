// @vitest-environment node
/** What comes along with one import, asked of a bundler. How much that weighs: `.size-limit.mjs`. */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import * as everything from './index.ts'

const here = fileURLToPath(new URL('..', import.meta.url))

/** The modules of which something is left when these names are imported. */
async function modulesOf(...names: readonly string[]): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: here,
    stdin: { contents: `export { ${names.join(', ')} } from '@callgather/react'`, resolveDir: here },
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    outdir: 'out',
    minify: true,
    format: 'esm',
    jsx: 'automatic',
    external: ['react', 'react-dom'],
    conditions: ['callgather:source'],
    logLevel: 'error',
  })
  const [entry] = Object.values(metafile.outputs).filter(({ entryPoint }) => entryPoint === '<stdin>')
  return Object.entries(entry?.inputs ?? {}).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []))
}

/** Hooks that live with the components they were made for. */
const ofComponents = ['useGatherDraft', 'useKeptFocus']
const hooks = Object.keys(everything).filter((name) => /^use[A-Z]/.test(name) && !ofComponents.includes(name))

describe('importing a part of the package', () => {
  it.each(hooks)('%s brings no component, and no list for long transcripts', async (hook) => {
    const modules = await modulesOf(hook)
    expect(modules).toContainEqual(expect.stringMatching(/^src\/(hooks|strings)\//))
    expect(modules.filter((path) => /\/components\/|virtua/.test(path))).toEqual([])
  })

  it('the client brings neither React nor TanStack Query', async () => {
    const modules = await modulesOf('createGatherClient')
    expect(modules).toContain('src/client/gather-client.ts')
    expect(modules.filter((path) => /react-query|query-core|\/hooks\/|\/components\//.test(path))).toEqual([])
  })

  it('one component brings its own parts and the common kit, and no other component', async () => {
    const modules = await modulesOf('DtmfPad')
    const folders = new Set(modules.flatMap((path) => /^src\/components\/([^/]+)\//.exec(path)?.[1] ?? []))
    expect([...folders].sort()).toEqual(['dtmf-pad', 'kit', 'part'])
  })

  it('nothing brings the schemas of commands before a form asks for them, or a language that was not chosen', async () => {
    const modules = await modulesOf(...Object.keys(everything))
    expect(modules).toContain('src/strings/en.ts')
    expect(modules.filter((path) => /zod|src\/strings\/(ar|de|es|fr|ja|pt-BR|zh-CN)/.test(path))).toEqual([])
  })
})
