/**
 * Limits on a page's download per import; `pnpm size` fails above them. Measured on the built packages with esbuild,
 * minified for production, without React but with TanStack Query and socket.io-client. 1 kB is 1,000 bytes. The limits
 * are just above the current sizes.
 */
const hooks = [
  'useAIGather',
  'useAnyCommand',
  'useAssistant',
  'useCall',
  'useCallGather',
  'useCallTimeline',
  'useCalls',
  'useCollected',
  'useCommand',
  'useConnection',
  'useDtmf',
  'usePlayback',
  'useRingingAlert',
  'useServerTime',
  'useTranscript',
  'useWrapUp',
]

const setupImports = 'createGatherClient, GatherProvider'
const react = ['react', 'react/jsx-runtime', 'react-dom', 'react-dom/client']
/** Telnyx's form validation, loaded when a form is first filled in. */
const lazyModules = '*/telnyx-rules.mjs'

const bundle = (external) => (config) => ({
  ...config,
  external,
  target: 'es2022',
  format: 'esm',
  define: { 'process.env.NODE_ENV': '"production"' },
  legalComments: 'none',
})

/** Limits one import under both compressions. */
const limitsOf = (name, source, gzip, brotli, external = [...react, lazyModules]) =>
  Object.entries({ gzip, brotli }).map(([compression, limit]) => ({
    name: `${name} (${compression})`,
    gzip: compression === 'gzip',
    limit,
    modifyEsbuildConfig: bundle(external),
    ...source,
  }))

const js = (names) => ({ path: 'dist/index.mjs', import: names })

export default [
  ...limitsOf('the client, without React', js('{ createGatherClient }'), '29.3 kB', '26.3 kB'),
  ...limitsOf('one hook', js(`{ ${setupImports}, useDtmf }`), '42.2 kB', '37.9 kB'),
  ...limitsOf('all hooks', js(`{ ${setupImports}, ${hooks.join(', ')} }`), '51.5 kB', '45.8 kB'),
  ...limitsOf('one component', js(`{ ${setupImports}, DtmfPad }`), '52 kB', '46.3 kB'),
  ...limitsOf('the whole panel', js(`{ ${setupImports}, GatherPanel }`), '96 kB', '84 kB'),
  ...limitsOf('the collected values', js(`{ ${setupImports}, Collected }`), '56.4 kB', '50.1 kB'),
  ...limitsOf('the wrap-up', js(`{ ${setupImports}, WrapUp }`), '57.9 kB', '51.2 kB'),
  ...limitsOf('host events', js(`{ ${setupImports}, useHostEvents }`), '40.7 kB', '36.5 kB'),
  ...limitsOf('everything', js('*'), '110 kB', '95.4 kB'),
  ...limitsOf('everything, with lazy modules', js('*'), '120.6 kB', '104.6 kB', react),
  ...limitsOf('the stylesheet', { path: 'dist/styles.css' }, '9.5 kB', '8.6 kB'),
  ...limitsOf(
    'the wall of calls',
    { path: 'dist/components/call-wall/index.mjs', import: '{ CallWall }' },
    '19.6 kB',
    '17.5 kB',
  ),
  ...limitsOf('the stylesheet of the wall', { path: 'dist/wall.css' }, '1.3 kB', '1.1 kB'),
]
