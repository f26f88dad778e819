// `npm start` and `npm test`: both set everything up first, on a machine that has only Node and npm.
import { join } from 'node:path'
import { ensureBrowser, ensureRedis, env, root, setUp } from './setup.mjs'
import { endWithParent, fail, shown, start, step } from './steps.mjs'
import { summarise } from './test-report.mjs'

const usage = `Usage: npm start          the demo: a simulated Telnyx, the server, the agent console, a caller's phone
       npm test           every check: lint, types, unit, property, end-to-end and Storybook tests
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
  await ensureRedis()
  await step('Linting', 'pnpm', ['lint'], { cwd: root, env })
  await step('Checking types', 'pnpm', ['typecheck'], { cwd: root, env })
  await step('Weighing the bundles', 'pnpm', ['size'], { cwd: root, env })
  await step('Building Storybook', 'pnpm', ['exec', 'turbo', 'run', 'build-storybook'], { cwd: root, env })
  const report = join(root, 'node_modules', '.callgather-tests.json')
  const args = ['exec', 'vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const code = await shown('Running the tests', 'pnpm', [...args, ...process.argv.slice(3)], { cwd: root, env })
  process.exit(summarise(report, code))
}

endWithParent()
const commands = { start: demo, test }
const run = commands[process.argv[2] ?? '']
if (!run) fail('Nothing to do.', usage)
await run()
