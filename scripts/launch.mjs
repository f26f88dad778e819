// `npm start` and `npm test`. Both first run the set-up, which needs only Node and npm.
import { join } from 'node:path'
import { ensureBrowser, ensureRuntime, ensureTestPrograms, env, root, setUp } from './setup.mjs'
import { endWithParent, environmentWith, fail, shown, start, step } from './steps.mjs'
import { printTotals } from './test-report.mjs'

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
       npm run test:long  the same tests with many more runs, kills and faults, then on other versions of Node.js: hours
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
  // Two steps at a time, because each uses one core.
  await Promise.all([
    step('Linting', 'pnpm', ['lint'], { cwd: root, env }),
    step('Checking types', 'pnpm', ['typecheck'], { cwd: root, env }),
  ])
  await Promise.all([
    step('Checking the packages', 'pnpm', ['check:packages'], { cwd: root, env }),
    step('Measuring bundle sizes', 'pnpm', ['size'], { cwd: root, env }),
    step('Building Storybook', 'pnpm', ['exec', 'turbo', 'run', 'build-storybook'], { cwd: root, env }),
  ])
  process.exit(printTotals([await runTests('The tests', env)]))
}

/**
 * Runs all tests at full length: every property run, kill and fault. Existing environment variables take precedence. Then
 * runs the Node.js tests at normal length on newer versions of Node.js.
 */
async function testLong() {
  await setUp()
  await ensureBrowser({ isWhole: true })
  await ensureTestPrograms()
  const runs = [await runTests('The tests at full length', { ...fullLength, ...env })]
  for (const major of newerRuntimes) {
    const runtime = environmentWith([await ensureRuntime(major), env.PATH])
    runs.push(await runTests(`Node.js ${major}`, runtime, onRuntimes))
  }
  process.exit(printTotals(runs))
}

const newerRuntimes = [22, 24]
const onRuntimes = [
  ...['--project=node*', '--project=dom*'],
  ...['packages/protocol/', 'packages/server/', 'packages/simulator/', 'packages/react/src/client/'],
]

async function runTests(title, environment, filters = []) {
  const file = join(root, 'node_modules', `.callgather-${title.replace(/\W+/g, '-')}.json`)
  const args = ['exec', 'vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const rest = process.argv.slice(3)
  const chosen = rest.length > 0 ? rest : filters
  const code = await shown(title, 'pnpm', [...args, ...chosen], { cwd: root, env: environment })
  return { title, file, code }
}

endWithParent()
const commands = { start: demo, test, 'test:long': testLong }
const run = commands[process.argv[2] ?? '']
if (!run) fail('The command is missing or unknown.', usage)
await run()
