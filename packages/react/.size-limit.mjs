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
  ...weigh('the client, without React', js('{ createGatherClient }'), '25 kB', '22.6 kB'),
  ...weigh('one hook', js(`{ ${around}, useDtmf }`), '37.5 kB', '33.8 kB'),
  ...weigh('all hooks', js(`{ ${around}, ${hooks.join(', ')} }`), '42.9 kB', '38.4 kB'),
  ...weigh('one component', js(`{ ${around}, DtmfPad }`), '45.8 kB', '40.8 kB'),
  ...weigh('the whole panel', js(`{ ${around}, GatherPanel }`), '81.2 kB', '71.2 kB'),
  ...weigh('everything', js('*'), '85 kB', '74.3 kB'),
  ...weigh('everything, with what is fetched later', js('*'), '95.4 kB', '83.4 kB', react),
  ...weigh('the stylesheet', { path: 'dist/styles.css' }, '7.3 kB', '6.5 kB'),
]
