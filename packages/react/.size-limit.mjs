/**
 * What a page downloads for what it imports, and what it may: `pnpm size` fails beyond that. Counted in one way, from
 * the built packages as they are published: esbuild, minified, for production; only React is left out, so TanStack
 * Query and socket.io-client are in every figure. kB are 1,000 bytes. The limits are a little above what is, so that growth is noticed.
 */
const hooks = [
  'useAIGather',
  'useAnyCommand',
  'useAssistant',
  'useCall',
  'useCallGather',
  'useCallTimeline',
  'useCalls',
  'useCommand',
  'useConnection',
  'useDtmf',
  'usePlayback',
  'useServerTime',
  'useTranscript',
]

const around = 'createGatherClient, GatherProvider'
const react = ['react', 'react/jsx-runtime', 'react-dom', 'react-dom/client']
/** What checks a form as Telnyx would; fetched when a form is first filled. */
const later = '*/telnyx-rules.mjs'

const bundle = (external) => (config) => ({
  ...config,
  external,
  target: 'es2022',
  format: 'esm',
  define: { 'process.env.NODE_ENV': '"production"' },
  legalComments: 'none',
})

/** The same import, compressed in both ways. */
const weigh = (name, what, gzip, brotli, external = [...react, later]) =>
  Object.entries({ gzip, brotli }).map(([by, limit]) => ({
    name: `${name} (${by})`,
    gzip: by === 'gzip',
    limit,
    modifyEsbuildConfig: bundle(external),
    ...what,
  }))

const js = (names) => ({ path: 'dist/index.mjs', import: names })

export default [
  ...weigh('the client, without React', js('{ createGatherClient }'), '28.8 kB', '25.8 kB'),
  ...weigh('one hook', js(`{ ${around}, useDtmf }`), '41.8 kB', '37.5 kB'),
  ...weigh('all hooks', js(`{ ${around}, ${hooks.join(', ')} }`), '47.2 kB', '42.1 kB'),
  ...weigh('one component', js(`{ ${around}, DtmfPad }`), '50.7 kB', '45 kB'),
  ...weigh('the whole panel', js(`{ ${around}, GatherPanel }`), '87.6 kB', '76.5 kB'),
  ...weigh('everything', js('*'), '91.8 kB', '80 kB'),
  ...weigh('everything, with what is fetched later', js('*'), '102.4 kB', '89.4 kB', react),
  ...weigh('the stylesheet', { path: 'dist/styles.css' }, '7.3 kB', '6.5 kB'),
]
