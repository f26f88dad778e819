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
  ...limitsOf('the client, without React', js('{ createGatherClient }'), '29.6 kB', '26.6 kB'),
  ...limitsOf('one hook', js(`{ ${setupImports}, useDtmf }`), '43.2 kB', '38.8 kB'),
  ...limitsOf('all hooks', js(`{ ${setupImports}, ${hooks.join(', ')} }`), '52.6 kB', '46.8 kB'),
  ...limitsOf('one component', js(`{ ${setupImports}, DtmfPad }`), '53.1 kB', '47.3 kB'),
  ...limitsOf('the whole panel', js(`{ ${setupImports}, GatherPanel }`), '97.3 kB', '84.9 kB'),
  ...limitsOf('the collected values', js(`{ ${setupImports}, Collected }`), '57.5 kB', '51.1 kB'),
  ...limitsOf('the wrap-up', js(`{ ${setupImports}, WrapUp }`), '58.9 kB', '52.2 kB'),
  ...limitsOf('host events', js(`{ ${setupImports}, useHostEvents }`), '41.7 kB', '37.4 kB'),
  ...limitsOf('everything', js('*'), '112.5 kB', '97.4 kB'),
  ...limitsOf('everything, with lazy modules', js('*'), '123.1 kB', '106.5 kB', react),
  ...limitsOf('the stylesheet', { path: 'dist/styles.css' }, '9.1 kB', '8.1 kB'),
  ...limitsOf(
    'the wall of calls',
    { path: 'dist/components/call-wall/index.mjs', import: '{ CallWall }' },
    '19.7 kB',
    '17.6 kB',
  ),
  ...limitsOf('the stylesheet of the wall', { path: 'dist/wall.css' }, '1.4 kB', '1.2 kB'),
]
