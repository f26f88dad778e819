/**
 * The import rules of ARCHITECTURE.md. `pnpm lint` runs them; `scripts/import-rules.test.ts` plants a violation of each.
 * Tests, stories and benchmarks may import any room of their own package.
 */

/** The rooms of each package, lowest first. A file imports only from its own room and the rooms before it. */
const rooms = {
  protocol: ['base', 'events', 'commands', 'call-state', 'reduce', 'views', 'socket', 'host-contract', 'scenarios'],
  server: [
    'base',
    'telnyx',
    'store',
    'edge',
    'access',
    'calls',
    'ingest',
    'commands',
    'upkeep',
    'records',
    'relay',
    'http',
    'server',
    'adapters',
  ],
  react: ['client', 'query', 'strings', 'hooks', 'components', 'testing'],
  embed: ['bridge', 'client', 'element', 'frame', 'host', 'hubspot'],
  simulator: [
    'clock',
    'machine',
    'leg',
    'gather',
    'assistant',
    'settings',
    'line',
    'delivery',
    'message',
    'account',
    'call',
    'scenario',
    'api',
    'pages',
    'redirect',
    'doctor',
    'simulator',
  ],
}

/** What each package may import of the others. */
const packages = {
  protocol: [],
  server: ['protocol'],
  react: ['protocol'],
  embed: ['protocol', 'react'],
  simulator: [],
  'test-kit': [],
  'build-kit': [],
}

/** Tests and what only they use. */
export const testOnly = '(\\.(test|test-kit|contract|stories|bench)\\.tsx?$|/src/testing/|^packages/test-kit/)'

const anyOf = (names) => `(${names.join('|')})`

const roomRules = Object.entries(rooms).flatMap(([name, order]) =>
  order.slice(0, -1).map((room, at) => ({
    name: `${name}: ${room} imports only from rooms before it`,
    severity: 'error',
    from: { path: `^packages/${name}/src/${room}(/|\\.tsx?$)`, pathNot: testOnly },
    to: { path: `^packages/${name}/src/${anyOf(order.slice(at + 1))}(/|\\.tsx?$)` },
  })),
)

/** A file elsewhere would escape the order of rooms. */
const placeRules = Object.entries(rooms)
  .filter(([, order]) => order.length > 0)
  .map(([name, order]) => ({
    name: `${name}: every source file is in a room`,
    severity: 'error',
    from: {
      path: `^packages/${name}/src/`,
      pathNot: `${testOnly}|^packages/${name}/src/((index|schema)\\.ts$|${anyOf(order)}(/|\\.tsx?$))`,
    },
    to: {},
  }))

const packageRules = Object.entries(packages).map(([name, allowed]) => ({
  name: `${name} imports only ${allowed.length > 0 ? allowed.join(', ') : 'no other package'}`,
  severity: 'error',
  from: { path: `^packages/${name}/`, pathNot: testOnly },
  to: { path: '^packages/', pathNot: `^packages/${anyOf([name, ...allowed, 'build-kit'])}/` },
}))

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no cycle of files', severity: 'error', from: {}, to: { circular: true } },
    ...roomRules,
    ...placeRules,
    ...packageRules,
    {
      name: 'packages are imported by name',
      severity: 'error',
      from: { path: '^(packages|apps)/([^/]+)/' },
      to: { path: '^(packages|apps)/', pathNot: '^$1/$2/', dependencyTypes: ['local'] },
    },
    {
      name: 'only build configurations import build-kit',
      severity: 'error',
      from: { path: '^[^/]+/', pathNot: '/tsdown\\.config\\.ts$|^packages/build-kit/' },
      to: { path: '^packages/build-kit/' },
    },
    {
      name: 'packages do not import the repository',
      severity: 'error',
      from: { path: '^(packages|apps|examples|benchmarks)/' },
      to: {
        path: '^(\\.storybook|scripts|benchmarks|examples|apps)/|^[^/]+$',
        pathNot: '^$1/',
        dependencyTypes: ['local'],
      },
    },
    {
      name: 'the repository imports packages by name',
      severity: 'error',
      from: { path: '^(\\.storybook|examples|benchmarks|scripts)/' },
      to: { path: '^(packages|apps)/', dependencyTypes: ['local'] },
    },
    {
      name: 'source imports only declared dependencies',
      severity: 'error',
      // The phone page is bundled when the simulator is built, and everything that `embed` imports when it is built.
      from: {
        path: '^packages/[^/]+/src/',
        pathNot: `${testOnly}|^packages/simulator/src/pages/|^packages/embed/src/`,
      },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm', 'npm-peer', 'npm-optional', 'type-only'],
      },
    },
    {
      name: 'no unresolved import',
      severity: 'error',
      from: {},
      // The bundler resolves a stylesheet that is imported as text. An example imports a module from a server's address.
      to: { couldNotResolve: true, pathNot: '\\.css\\?inline$|^https?:' },
    },
    {
      name: 'the browser client and the protocol do not use React',
      severity: 'error',
      from: { path: '^packages/(protocol/src|react/src/client)/', pathNot: testOnly },
      to: { path: '(^|/)node_modules/(react|react-dom|@tanstack)/' },
    },
    {
      name: 'what runs in a browser does not use Node',
      severity: 'error',
      // `files.ts` is for the server, which serves the frame.
      from: {
        path: '^packages/(protocol|react|embed)/src/',
        pathNot: `${testOnly}|^packages/embed/src/frame/files\\.ts$`,
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'the host modules of embed use neither the elements nor React',
      severity: 'error',
      from: { path: '^packages/embed/src/(host|hubspot)/', pathNot: testOnly },
      to: {
        path: '^packages/(react/|embed/src/(client|element|frame)/)|(^|/)node_modules/(react|react-dom|@tanstack)/',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: {
      path: '(^|/)(dist|storybook-static|coverage)/|^examples/(next|embed/(vue|svelte|angular))/|^apps/console/e2e/published/host/|^packages/embed/types/',
    },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['callgather:source', 'import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
    moduleSystems: ['es6'],
  },
}
