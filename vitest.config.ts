import { browserArgs, findBrowser } from '@callgather/test-kit/browser'
import { storybookTest } from '@storybook/addon-vitest/vitest-plugin'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'

const executablePath = findBrowser()
const conditions = ['callgather:source', 'module', 'browser', 'development|production']
const nodeConditions = ['callgather:source', 'module', 'node', 'development|production']
const launchOptions = { args: browserArgs, ...(executablePath ? { executablePath } : {}) }

/** Workspace packages resolve to their sources, so a test never waits for, or sees, a stale build. */
const fromSource = { resolve: { conditions }, ssr: { resolve: { conditions: nodeConditions } } }

/** Limits that end what hangs. None is a measure of speed: CI may be slow. */
const patient = { testTimeout: 30_000, hookTimeout: 30_000 }
const patience = './scripts/patience.setup.ts'

export default defineConfig({
  test: {
    // Both cores: left alone, Vitest keeps one for itself, and much of what runs here waits for timers and processes.
    maxWorkers: 2,
    coverage: { provider: 'v8', include: ['packages/*/src/**'], exclude: ['**/*.{test,stories}.*'] },
    projects: [
      {
        ...fromSource,
        test: {
          name: 'node',
          environment: 'node',
          include: [
            'packages/{protocol,server,simulator}/**/*.test.ts',
            'examples/**/*.test.ts',
            'scripts/**/*.test.ts',
            'benchmarks/*.test.ts',
          ],
          setupFiles: [patience],
          ...patient,
        },
      },
      {
        ...fromSource,
        test: {
          name: 'dom',
          environment: 'happy-dom',
          include: ['packages/react/src/**/*.test.{ts,tsx}'],
          setupFiles: [patience, './packages/react/vitest.setup.ts'],
          ...patient,
        },
      },
      {
        ...fromSource,
        test: {
          name: 'e2e',
          environment: 'node',
          include: ['apps/console/e2e/**/*.test.ts'],
          testTimeout: 90_000,
          hookTimeout: 90_000,
          fileParallelism: false,
        },
      },
      {
        ...fromSource,
        plugins: [storybookTest({ configDir: '.storybook' })],
        test: {
          name: 'storybook',
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
