// `npm start` and `npm test`: both set everything up first, on a machine that has only Node and npm.
import { join } from 'node:path'
import { ensureBrowser, ensureTestPrograms, env, root, setUp } from './setup.mjs'
import { endWithParent, fail, shown, start, step } from './steps.mjs'
import { summarise } from './test-report.mjs'

const fullLength = {
  CALLGATHER_LONG: '1',
  CALLGATHER_FAULT_SEEDS: '20',
  CALLGATHER_PARTITION_SECONDS: '30',
  CALLGATHER_KILLS: '50',
  CALLGATHER_FLOOD_SECONDS: '60',
  CALLGATHER_STRANGERS: '10000',
}

const usage = `Usage: npm start          the demo: a simulated Telnyx, the server, the agent console, a caller's phone
       npm test           every check: lint, types, unit, property, end-to-end and Storybook tests
       npm run test:long  the same tests with many more runs, kills and faults: hours, not minutes
       npm test -- NAME   only the tests whose file names contain NAME`

async function demo() {
  await setUp({ declarations: false })
  start(process.execPath, [join(root, 'apps/console/dist/demo.mjs'), ...process.argv.slice(3)], {
    cwd: root,
    env,
    stdio: 'inherit',
  }).once('exit', (code) => process.exit(code ?? 1))
}

async function test() {
  await setUp()
  await ensureBrowser()
  await ensureTestPrograms()
  await step('Linting', 'pnpm', ['lint'], { cwd: root, env })
  await step('Checking types', 'pnpm', ['typecheck'], { cwd: root, env })
  await step('Weighing the bundles', 'pnpm', ['size'], { cwd: root, env })
  await step('Building Storybook', 'pnpm', ['exec', 'turbo', 'run', 'build-storybook'], { cwd: root, env })
  await runTests('Running the tests', env)
}

/** The same tests at full length: every property run, kill and fault. What the environment sets already is kept. */
async function testLong() {
  await setUp()
  await ensureBrowser()
  await ensureTestPrograms()
  await runTests('Running the tests at full length', { ...fullLength, ...env })
}

async function runTests(title, environment) {
  const report = join(root, 'node_modules', '.callgather-tests.json')
  const args = ['exec', 'vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const code = await shown(title, 'pnpm', [...args, ...process.argv.slice(3)], { cwd: root, env: environment })
  process.exit(summarise(report, code))
}

endWithParent()
const commands = { start: demo, test, 'test:long': testLong }
const run = commands[process.argv[2] ?? '']
if (!run) fail('Nothing to do.', usage)
await run()
