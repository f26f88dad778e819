/** Measures the download size of typical imports, bundled and minified without React. */
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { atMost, type Report } from './harness.ts'

const query = "export { QueryClient, QueryClientProvider, useMutation, useQuery } from '@tanstack/react-query'\n"
const imports = {
  'socket.io-client and react-query alone': `export { io } from 'socket.io-client'\n${query}`,
  'one hook (useDtmf) and the provider': `export { createGatherClient, GatherProvider, useDtmf } from '@callgather/react'`,
  'all hooks': `export { createGatherClient, GatherProvider, useAIGather, useAssistant, useCall, useCallGather, useCalls, useCallTimeline, useCommand, useConnection, useDtmf, usePlayback, useTranscript } from '@callgather/react'\n${query}`,
  'everything with the stylesheet': `export * from '@callgather/react'\nimport '@callgather/react/styles.css'\n${query}`,
} as const

/** P11. kB are 1,000 bytes. */
export async function bundle(): Promise<Report> {
  const sizes = new Map<string, { min: number; gzip: number; modules: readonly string[] }>()
  for (const [name, code] of Object.entries(imports)) sizes.set(name, await sizeOf(code))
  const gzip = (name: keyof typeof imports) => (sizes.get(name)?.gzip ?? Number.NaN) / 1000
  const components = sizes
    .get('one hook (useDtmf) and the provider')
    ?.modules.filter((path) => path.includes('/components/'))
  return {
    tables: [
      {
        head: ['import', 'min kB', 'gzip kB'],
        rows: [...sizes].map(([name, size]) => [name, size.min / 1000, size.gzip / 1000]),
      },
    ],
    goals: [
      atMost('P11', 'all hooks with socket.io-client and react-query, gzip kB', 38, gzip('all hooks')),
      atMost('P11', 'everything with the stylesheet, gzip kB', 85, gzip('everything with the stylesheet')),
      atMost('P11', 'modules of components that one hook brings', 0, components?.length ?? Number.NaN),
    ],
  }
}

async function sizeOf(contents: string) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'ts' },
    bundle: true,
    write: false,
    metafile: true,
    outdir: 'out',
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    external: ['react', 'react-dom', 'react/jsx-runtime', 'react-dom/client'],
    conditions: ['callgather:source', 'production'],
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  })
  const all = Buffer.concat(outputFiles.map(({ contents: each }) => Buffer.from(each)))
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs))
  const modules = inputs.flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []))
  return { min: all.length, gzip: gzipSync(all, { level: 9 }).length, modules }
}
