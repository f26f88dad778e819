import { browserArgs, findBrowser } from '@callgather/test-kit/browser'
import { storybookTest } from '@storybook/addon-vitest/vitest-plugin'
import { playwright } from '@vitest/browser-playwright'
import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

const executablePath = findBrowser()
const conditions = ['callgather:source', 'module', 'browser', 'development|production']
// Node has no condition `module`: some packages keep code there that only a bundler can resolve.
const nodeConditions = ['callgather:source', 'node', 'development|production']
const launchOptions = { args: browserArgs, ...(executablePath ? { executablePath } : {}) }

/** Workspace packages resolve to their sources, so a test never waits for, or sees, a stale build. */
const fromSource = { resolve: { conditions }, ssr: { resolve: { conditions: nodeConditions } } }

/** Limits that end what hangs. None is a measure of speed: CI may be slow. */
const patient = { testTimeout: 30_000, hookTimeout: 30_000, expect: { poll: { timeout: 10_000 } } }
const patience = './scripts/patience.setup.ts'

/**
 * The test files of a project share the modules of their worker, because loading them takes longer than most tests.
 * `*.mocked.test.ts` replaces modules, which another file may have loaded already, so it gets its own.
 */
function sharedAndIsolated(
  name: string,
  { include, ...rest }: NonNullable<TestProjectInlineConfiguration['test']> & { readonly include: string[] },
) {
  const test = { ...rest, ...patient, unstubGlobals: true }
  const isolated = include.map((pattern) => pattern.replace('*.test.', '*.mocked.test.'))
  return [
    {
      ...fromSource,
      test: { ...test, name, include, exclude: [...configDefaults.exclude, ...isolated], isolate: false },
    },
    { ...fromSource, test: { ...test, name: `${name}-isolated`, include: isolated } },
  ]
}

export default defineConfig({
  test: {
    // One more than cores, because much of what runs here waits for timers, processes and browsers.
    maxWorkers: 3,
    coverage: { provider: 'v8', include: ['packages/*/src/**'], exclude: ['**/*.{test,stories}.*'] },
    projects: [
      ...sharedAndIsolated('node', {
        environment: 'node',
        include: [
          'packages/{protocol,server,simulator,test-kit}/**/*.test.ts',
          'packages/embed/src/{bridge,client,frame,host,hubspot}/**/*.test.ts',
          'examples/**/*.test.ts',
          'scripts/**/*.test.ts',
          'benchmarks/*.test.ts',
        ],
        setupFiles: [patience],
      }),
      ...sharedAndIsolated('dom', {
        environment: 'happy-dom',
        include: ['packages/react/src/**/*.test.{ts,tsx}', 'packages/embed/src/element/**/*.test.{ts,tsx}'],
        setupFiles: [patience, './packages/react/vitest.setup.ts'],
      }),
      {
        ...fromSource,
        test: {
          name: 'e2e',
          isolate: false,
          environment: 'node',
          include: ['apps/console/e2e/**/*.test.ts'],
          setupFiles: [patience],
          ...patient,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        ...fromSource,
        plugins: [storybookTest({ configDir: '.storybook' })],
        test: {
          name: 'storybook',
          isolate: false,
          ...patient,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
})
