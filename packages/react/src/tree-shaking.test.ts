// @vitest-environment node
/** Bundles single imports and checks which modules remain. `.size-limit.mjs` limits their size. */
import { fileURLToPath } from 'node:url'
import { build, type PluginBuild } from 'esbuild'
import { describe, expect, it } from 'vitest'
import * as everything from './index.ts'

const here = fileURLToPath(new URL('..', import.meta.url))

/** Modules that are loaded on demand are not in the first download. */
function leaveOutOnDemand({ onResolve }: PluginBuild): void {
  onResolve({ filter: /.*/ }, ({ path, kind }) => (kind === 'dynamic-import' ? { path, external: true } : null))
}

/** Returns the modules in a bundle of these imports. */
async function modulesOf(...names: readonly string[]): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: here,
    stdin: { contents: `export { ${names.join(', ')} } from '@callgather/react'`, resolveDir: here },
    bundle: true,
    write: false,
    metafile: true,
    outdir: 'out',
    minify: true,
    format: 'esm',
    jsx: 'automatic',
    external: ['react', 'react-dom'],
    conditions: ['callgather:source'],
    logLevel: 'error',
    plugins: [{ name: 'on demand', setup: leaveOutOnDemand }],
  })
  const [entry] = Object.values(metafile.outputs)
  return Object.entries(entry?.inputs ?? {}).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []))
}

/** Hooks that are defined in a component's folder. */
const componentHooks = ['useGatherDraft', 'useKeptFocus']
const hooks = Object.keys(everything).filter((name) => /^use[A-Z]/.test(name) && !componentHooks.includes(name))

describe('tree shaking', () => {
  it.each(hooks)('a bundle of %s contains no components and no virtual list', async (hook) => {
    const modules = await modulesOf(hook)
    expect(modules).toContainEqual(expect.stringMatching(/^src\/(hooks|strings)\//))
    expect(modules.filter((path) => /\/components\/|virtua/.test(path))).toEqual([])
  })

  it('a bundle of createGatherClient contains neither React nor TanStack Query', async () => {
    const modules = await modulesOf('createGatherClient')
    expect(modules).toContain('src/client/gather-client.ts')
    expect(modules.filter((path) => /react-query|query-core|\/hooks\/|\/components\//.test(path))).toEqual([])
  })

  it('a bundle of DtmfPad contains its own parts and the shared kit, but no other component', async () => {
    const modules = await modulesOf('DtmfPad')
    const folders = new Set(modules.flatMap((path) => /^src\/components\/([^/]+)\//.exec(path)?.[1] ?? []))
    expect([...folders].sort()).toEqual(['dtmf-pad', 'kit', 'part'])
  })

  it('the initial bundle contains no command schemas and no language except English', async () => {
    const modules = await modulesOf(...Object.keys(everything))
    expect(modules).toContain('src/strings/en.ts')
    expect(modules.filter((path) => /zod|src\/strings\/(ar|de|es|fr|ja|pt-BR|zh-CN)/.test(path))).toEqual([])
  })
})
