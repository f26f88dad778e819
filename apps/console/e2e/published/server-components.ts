/** Builds @callgather/react as the bundlers of React Server Components do: client modules become references. */
import { readFile } from 'node:fs/promises'
import { build, type Plugin } from 'esbuild'

const isClientModule = (source: string) => /^\s*(['"])use client\1/.test(source)

/** The names in the last `export { … }` of a built module. */
function exportNames(source: string): string[] {
  const list = [...source.matchAll(/^export \{([^}]*)\}/gm)].at(-1)?.[1] ?? ''
  return list.split(',').flatMap(
    (item) =>
      item
        .trim()
        .split(/\s+as\s+/)
        .at(-1) || [],
  )
}

/** Replaces each client module of ours with one that exports the string `client` under every name. */
const clientReferences: Plugin = {
  name: 'client references',
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^[^./]/ }, ({ path }) =>
      path.startsWith('@callgather/') ? null : { path, external: true, sideEffects: false },
    )
    onLoad({ filter: /[\\/]react[\\/]dist[\\/].*\.mjs$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      if (!isClientModule(source)) return null
      const names = exportNames(source)
      const lines = names.map((name, index) => `const e${index} = 'client'; export { e${index} as ${name} };`)
      return { contents: lines.join('\n') }
    })
  },
}

/**
 * The namespaces of parts as a server component of `project` sees them: the members of each, `'client'` for a client
 * reference. Also returns the packages that the server half imports.
 */
export async function serverView(project: string) {
  const contents =
    "import * as all from '@callgather/react'\nexport default Object.fromEntries(Object.entries(all).filter(([name]) => name.endsWith('Parts')))"
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: project },
    bundle: true,
    write: false,
    metafile: true,
    outfile: 'server.mjs',
    format: 'esm',
    conditions: ['react-server'],
    plugins: [clientReferences],
    logLevel: 'silent',
  })
  const [output] = Object.values(metafile.outputs)
  const code = outputFiles[0]?.text.replaceAll(/^import .*$/gm, '') ?? ''
  const module: unknown = await import(`data:text/javascript,${encodeURIComponent(code)}`)
  const { default: namespaces } = module as { default: Record<string, Record<string, unknown>> }
  return { namespaces, imports: output?.imports.map(({ path }) => path) ?? [] }
}
