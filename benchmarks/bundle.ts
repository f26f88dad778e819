/**
 * What a browser downloads: our parts as an application would import them, bundled and minified by esbuild with React
 * left out, beside the least that any client of this kind needs, and beside other kits where they are at hand.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { atMost, type Effort, type Report } from './harness.ts'

const query = "export { QueryClient, QueryClientProvider, useMutation, useQuery } from '@tanstack/react-query'\n"

const ours = {
  'floor: socket.io-client and react-query': `export { io } from 'socket.io-client'\n${query}`,
  'client only': "export { createGatherClient } from '@callgather/react'",
  'one hook (useDtmf) and the provider': `export { createGatherClient, GatherProvider, useDtmf } from '@callgather/react'`,
  'all hooks': `export { createGatherClient, GatherProvider, useAIGather, useAssistant, useCall, useCallGather, useCalls, useCallTimeline, useCommand, useConnection, useDtmf, usePlayback, useTranscript } from '@callgather/react'\n${query}`,
  'one component (DtmfPad)': "export { createGatherClient, DtmfPad, GatherProvider } from '@callgather/react'",
  everything: `export * from '@callgather/react'\n${query}`,
  'everything, and the stylesheet': `export * from '@callgather/react'\nimport '@callgather/react/styles.css'\n${query}`,
} as const

/** Kits of the same kind; installed for the occasion, elsewhere, with `--long`. */
const peers: readonly { name: string; packages: readonly string[]; code: string }[] = [
  {
    name: '@telnyx/react-client and @telnyx/webrtc',
    packages: ['@telnyx/react-client@1.0.2', '@telnyx/webrtc@2.27.10'],
    code: "export * from '@telnyx/react-client'",
  },
  { name: '@vapi-ai/web', packages: ['@vapi-ai/web@2.7.1'], code: "export { default } from '@vapi-ai/web'" },
  {
    name: '@elevenlabs/react, useConversation',
    packages: ['@elevenlabs/react@1.15.2'],
    code: "export { useConversation } from '@elevenlabs/react'",
  },
  {
    name: '@twilio/voice-sdk, Device',
    packages: ['@twilio/voice-sdk@2.18.5'],
    code: "export { Device } from '@twilio/voice-sdk'",
  },
  {
    name: '@livekit/components-react, the hooks for agents',
    packages: ['@livekit/components-react@2.9.24', 'livekit-client@2.23.0'],
    code: "export { useAgent, useSession, useSessionMessages, useTranscriptions } from '@livekit/components-react'",
  },
]

interface Size {
  readonly min: number
  readonly gzip: number
  readonly brotli: number
}

/** A bundle, and what of it came from where: the path of each module, and the minified text that it became. */
interface Bundle extends Size {
  readonly modules: ReadonlyMap<string, string>
}

/** What a bundle is made of. A module belongs to the first part whose pattern its path has. */
const parts: readonly (readonly [name: string, path: RegExp])[] = [
  ['socket.io-client and engine.io', /node_modules\/(socket\.io|engine\.io|@socket\.io)/],
  ['TanStack Query', /node_modules\/@tanstack\//],
  ['virtua (the virtual list)', /node_modules\/virtua\//],
  ['zod/mini', /node_modules\/zod\//],
  ['Telnyx’s form rules, fetched when a form is first filled', /protocol\/src\/(schema|check-command|limits)/],
  ['the protocol: rows of the wire, fold, views', /protocol\/src\//],
  ['the client: connection, resuming, commands', /react\/src\/client\//],
  ['the hooks, and the cache they read', /react\/src\/(hooks|query)\//],
  ['English texts', /react\/src\/strings\/en\./],
  ['texts: how they are chosen', /react\/src\/strings\//],
  ['the stylesheet', /\.css$/],
  ['the components', /react\/src\/components\//],
  ['the rest', /./],
]

/** Runs the benchmark. */
export async function bundle({ long }: Effort): Promise<Report> {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const sizes = new Map<string, Bundle>()
  for (const [name, code] of Object.entries(ours)) sizes.set(name, await sizeOf(code, here))
  const rows = [...sizes].map(([name, size]) => [name, ...cells(size)])
  if (long) for (const peer of peers) rows.push([peer.name, ...cells(await sizeOfPeer(peer))])
  const gzip = (name: keyof typeof ours) => (sizes.get(name)?.gzip ?? Number.NaN) / 1000
  const brought = sizes.get('one hook (useDtmf) and the provider')?.modules.keys() ?? []
  const components = [...brought].filter((path) => path.includes('/components/'))
  const hooks = sizes.get('all hooks')
  const everything = sizes.get('everything, and the stylesheet')
  return {
    tables: [
      { head: ['import', 'min kB', 'gzip kB', 'brotli kB'], rows },
      {
        caption: 'What they are made of',
        head: ['part', 'all hooks: min kB', 'gzip kB', 'everything: min kB', 'gzip kB'],
        rows: parts.flatMap(([name]) => {
          const cellsOf = [hooks, everything].flatMap((each) => (each ? shareOf(each, name) : []))
          return cellsOf.some((cell) => cell > 0)
            ? [[name, ...cellsOf.map((cell) => (cell > 0 ? cell / 1000 : null))]]
            : []
        }),
      },
    ],
    goals: [
      atMost('G12', 'all hooks with socket.io-client and react-query, gzip kB', 28, gzip('all hooks')),
      atMost('G12', 'everything with the stylesheet, gzip kB', 55, gzip('everything, and the stylesheet')),
      atMost('G12', 'modules of components that one hook brings', 0, components.length),
    ],
    notes: [
      'kB are 1,000 bytes. esbuild, minified, es2022, production; react and react-dom are left out.',
      'Parts are weighed by the minified text that each module became. Their gzip is the whole’s, shared out by what each part weighs when it is packed alone, since parts packed together weigh less.',
    ],
    packages: ['esbuild', 'socket.io-client', '@tanstack/react-query', 'react'],
  }
}

const cells = ({ min, gzip, brotli }: Size) => [min / 1000, gzip / 1000, brotli / 1000]

/** What a part weighs in a bundle: minified, and its share of what the whole weighs when it is packed. */
function shareOf({ gzip, modules }: Bundle, part: string): [min: number, gzip: number] {
  const texts = new Map(parts.map(([name]) => [name, '']))
  for (const [path, text] of modules) {
    const name = parts.find(([, pattern]) => pattern.test(path))?.[0] ?? ''
    texts.set(name, texts.get(name) + text)
  }
  const alone = (name: string) => (texts.get(name) ? gzipSync(texts.get(name) ?? '', { level: 9 }).length : 0)
  const all = parts.reduce((sum, [name]) => sum + alone(name), 0)
  return [Buffer.byteLength(texts.get(part) ?? ''), (gzip * alone(part)) / all]
}

async function sizeOf(code: string, resolveDir: string): Promise<Bundle> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir, loader: 'ts' },
    bundle: true,
    write: false,
    outdir: 'out',
    minify: true,
    sourcemap: 'external',
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    external: ['react', 'react-dom', 'react/jsx-runtime', 'react-dom/client'],
    conditions: ['callgather:source', 'production'],
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  })
  const bundles = outputFiles.filter(({ path }) => !path.endsWith('.map'))
  const all = Buffer.concat(bundles.map(({ contents }) => Buffer.from(contents)))
  const modules = new Map<string, string>()
  for (const { path, text } of bundles) {
    const map = outputFiles.find((file) => file.path === `${path}.map`)
    if (map) gatherModules(text, new SourceMap(JSON.parse(map.text)), modules)
  }
  return { min: all.length, gzip: gzipSync(all, { level: 9 }).length, brotli: brotliCompressSync(all).length, modules }
}

/** Tells by the source map which module each character of a bundle came from, and adds it to that module's text. */
function gatherModules(text: string, map: SourceMap, modules: Map<string, string>): void {
  for (const [row, line] of text.split('\n').entries()) {
    let begun = 0
    let path = ''
    const end = (column: number) => {
      if (path && column > begun) modules.set(path, (modules.get(path) ?? '') + line.slice(begun, column))
      begun = column
    }
    for (let column = 0; column < line.length; column++) {
      const entry = map.findEntry(row, column)
      if (!('originalSource' in entry) || entry.originalSource === path) continue
      end(column)
      path = entry.originalSource
    }
    end(line.length)
  }
}

async function sizeOfPeer({ packages, code }: (typeof peers)[number]): Promise<Size> {
  const folder = mkdtempSync(join(tmpdir(), 'callgather-peer-'))
  try {
    writeFileSync(join(folder, 'package.json'), '{"private":true}')
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--silent']
    execFileSync('npm', ['install', ...flags, ...packages, 'react@19.3.1', 'react-dom@19.3.1'], { cwd: folder })
    return await sizeOf(code, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
