/**
 * What a browser downloads: our parts as an application would import them, bundled and minified by esbuild with React
 * left out, beside the least that any client of this kind needs, and beside other kits where they are at hand.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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

/** Runs the benchmark. */
export async function bundle({ long }: Effort): Promise<Report> {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const sizes = new Map<string, Size & { modules: readonly string[] }>()
  for (const [name, code] of Object.entries(ours)) sizes.set(name, await sizeOf(code, here))
  const rows = [...sizes].map(([name, size]) => [name, ...cells(size)])
  if (long) for (const peer of peers) rows.push([peer.name, ...cells(await sizeOfPeer(peer))])
  const gzip = (name: keyof typeof ours) => (sizes.get(name)?.gzip ?? Number.NaN) / 1000
  const components = sizes
    .get('one hook (useDtmf) and the provider')
    ?.modules.filter((path) => path.includes('/components/'))
  return {
    tables: [{ head: ['import', 'min kB', 'gzip kB', 'brotli kB'], rows }],
    goals: [
      atMost('G12', 'all hooks with socket.io-client and react-query, gzip kB', 28, gzip('all hooks')),
      atMost('G12', 'everything with the stylesheet, gzip kB', 55, gzip('everything, and the stylesheet')),
      atMost('G12', 'modules of components that one hook brings', 0, components?.length ?? Number.NaN),
    ],
    notes: ['kB are 1,000 bytes. esbuild, minified, es2022, production; react and react-dom are left out.'],
    packages: ['esbuild', 'socket.io-client', '@tanstack/react-query', 'react'],
  }
}

const cells = ({ min, gzip, brotli }: Size) => [min / 1000, gzip / 1000, brotli / 1000]

async function sizeOf(code: string, resolveDir: string): Promise<Size & { modules: readonly string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir, loader: 'ts' },
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
  const all = Buffer.concat(outputFiles.map(({ contents }) => Buffer.from(contents)))
  const modules = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  )
  return { min: all.length, gzip: gzipSync(all, { level: 9 }).length, brotli: brotliCompressSync(all).length, modules }
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
