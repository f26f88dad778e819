// `npm start` and `npm test`: both set everything up first, on a machine that has only Node and npm.
import { join } from 'node:path'
import { ensureBrowser, ensureRuntime, ensureTestPrograms, env, root, setUp } from './setup.mjs'
import { endWithParent, environmentWith, fail, shown, start, step } from './steps.mjs'
import { selectCallSummary } from './test-report.mjs'

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
  // Two at a time: each of these uses one core.
  await Promise.all([
    step('Linting', 'pnpm', ['lint'], { cwd: root, env }),
    step('Checking types', 'pnpm', ['typecheck'], { cwd: root, env }),
  ])
  await Promise.all([
    step('Weighing the bundles', 'pnpm', ['size'], { cwd: root, env }),
    step('Building Storybook', 'pnpm', ['exec', 'turbo', 'run', 'build-storybook'], { cwd: root, env }),
  ])
  process.exit(selectCallSummary([await runTests('The tests', env)]))
}

/**
 * The same tests at full length: every property run, kill and fault. What the environment sets already is kept. Then, at
 * their usual length, the tests of what runs in Node.js, on the versions that are newer than the oldest supported one.
 */
async function testLong() {
  await setUp()
  await ensureBrowser()
  await ensureTestPrograms()
  const runs = [await runTests('The tests at full length', { ...fullLength, ...env })]
  for (const major of newerRuntimes) {
    const runtime = environmentWith([await ensureRuntime(major), env.PATH])
    runs.push(await runTests(`Node.js ${major}`, runtime, onRuntimes))
  }
  process.exit(selectCallSummary(runs))
}

const newerRuntimes = [22, 24]
const onRuntimes = [
  ...['--project=node', '--project=dom'],
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
if (!run) fail('Nothing to do.', usage)
await run()
