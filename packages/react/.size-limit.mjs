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
/** Modules that load on demand: the form that starts a gather, its validation, and the fields of an AI gather. */
const lazyModules = ['*/gather-form.mjs', '*/gather-fields.mjs', '*/telnyx-rules.mjs']

const bundle = (external) => (config) => ({
  ...config,
  external,
  target: 'es2022',
  format: 'esm',
  define: { 'process.env.NODE_ENV': '"production"' },
  legalComments: 'none',
})

/** Limits one import under both compressions. */
const limitsOf = (name, source, gzip, brotli, external = [...react, ...lazyModules]) =>
  Object.entries({ gzip, brotli }).map(([compression, limit]) => ({
    name: `${name} (${compression})`,
    gzip: compression === 'gzip',
    limit,
    modifyEsbuildConfig: bundle(external),
    ...source,
  }))

const js = (names) => ({ path: 'dist/index.mjs', import: names })

export default [
  ...limitsOf('the client, without React', js('{ createGatherClient }'), '30 kB', '26.9 kB'),
  ...limitsOf('one hook', js(`{ ${setupImports}, useDtmf }`), '43.6 kB', '39.2 kB'),
  ...limitsOf('all hooks', js(`{ ${setupImports}, ${hooks.join(', ')} }`), '53.5 kB', '47.6 kB'),
  ...limitsOf('one component', js(`{ ${setupImports}, DtmfPad }`), '53.7 kB', '47.7 kB'),
  ...limitsOf('the whole panel', js(`{ ${setupImports}, GatherPanel }`), '92.9 kB', '81.2 kB'),
  ...limitsOf('the collected values', js(`{ ${setupImports}, Collected }`), '58.1 kB', '51.6 kB'),
  ...limitsOf('the wrap-up', js(`{ ${setupImports}, WrapUp }`), '60 kB', '53.1 kB'),
  ...limitsOf('host events', js(`{ ${setupImports}, useHostEvents }`), '42.7 kB', '38.3 kB'),
  ...limitsOf('everything', js('*'), '112.2 kB', '97.1 kB'),
  ...limitsOf('everything, with lazy modules', js('*'), '129.1 kB', '110.7 kB', react),
  ...limitsOf('the stylesheet', { path: 'dist/styles.css' }, '9.4 kB', '8.4 kB'),
  ...limitsOf(
    'the wall of calls',
    { path: 'dist/components/call-wall/index.mjs', import: '{ CallWall }' },
    '19.9 kB',
    '17.9 kB',
  ),
  ...limitsOf('the stylesheet of the wall', { path: 'dist/wall.css' }, '1.3 kB', '1.1 kB'),
]
