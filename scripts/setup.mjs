// Sets everything up from nothing but Node and npm: the pinned pnpm, the dependencies, a build, a browser for the tests.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { environmentWith, fail, step } from './steps.mjs'

/** The top of the workspace. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const bootstrap = join(root, 'scripts', 'pnpm')
const bin = (folder) => join(folder, 'node_modules', '.bin')

/** Where the workspace's own commands are, for steps that come after the set-up. */
export const env = environmentWith([bin(root), bin(bootstrap)])

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  fail(
    `CallGather needs Node 20.19 or newer; this is Node ${process.versions.node}.`,
    'Install a current Node (https://nodejs.org), then run the same command again.',
  )
}

function pinnedPnpm() {
  const { devDependencies } = JSON.parse(readFileSync(join(bootstrap, 'package.json'), 'utf8'))
  try {
    const installed = JSON.parse(readFileSync(join(bootstrap, 'node_modules', 'pnpm', 'package.json'), 'utf8'))
    return { ready: installed.version === devDependencies.pnpm }
  } catch {
    return { ready: false }
  }
}

/**
 * Dependencies and a build of every package, with TypeScript's declarations unless they are not wanted. A second run is
 * quick: each step does only what has changed.
 */
export async function setUp({ declarations = true } = {}) {
  checkNode()
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  if (!pinnedPnpm().ready) {
    await step('Fetching the pinned pnpm', npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: bootstrap,
      env,
    })
  }
  // `npm install` at the root would have left a different tree; replace it without asking.
  const install = ['install', '--frozen-lockfile', '--prefer-offline', '--config.confirm-modules-purge=false']
  await step('Installing dependencies', 'pnpm', install, { cwd: root, env })
  const build = declarations ? env : { ...env, CALLGATHER_DECLARATIONS: 'no' }
  await step('Building the packages', 'pnpm', ['exec', 'turbo', 'run', 'build'], { cwd: root, env: build })
}

/** A version of Node.js to run tests on, kept with the dependencies. Resolves to the folder of its commands. */
export async function ensureRuntime(major) {
  const folder = join(root, 'node_modules', '.cache', 'runtimes', String(major))
  const install = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `node@${major}`]
  mkdirSync(folder, { recursive: true })
  await step(`Fetching Node.js ${major}`, 'npm', install, { cwd: folder, env })
  return join(folder, 'node_modules', '.bin')
}

const isDebianRoot = () => process.getuid?.() === 0 && existsSync('/etc/debian_version')

/** Installs Debian packages where that is ours to do: as root on Debian, as in a CI container. */
async function install(title, packages) {
  const apt = { cwd: root, env: { ...env, DEBIAN_FRONTEND: 'noninteractive' } }
  await step('Reading the list of Debian packages', 'apt-get', ['update'], apt)
  await step(title, 'apt-get', ['install', '-y', '--no-install-recommends', ...packages], apt)
}

/** A browser for the tests, installed if this is Debian and we are root. */
export async function ensureBrowser() {
  // There only once the dependencies are installed.
  const { findBrowser } = await import('@callgather/test-kit/browser')
  if (findBrowser()) return
  if (isDebianRoot()) await install('Installing Chromium', ['chromium'])
  if (!findBrowser()) {
    fail(
      'No Chromium was found for the browser tests.',
      'Install one (on Debian: apt-get install chromium) or name it in CHROMIUM_PATH.',
    )
  }
}

/** Whether a command is on PATH. */
function has(command) {
  return (process.env.PATH ?? '').split(':').some((directory) => existsSync(join(directory, command)))
}

const testPrograms = { 'redis-server': 'redis-server', sqlite3: 'sqlite3', 'mkfs.ext4': 'e2fsprogs', curl: 'curl' }

const hasRequests = () =>
  ['python3', '/usr/bin/python3'].some((python) => spawnSync(python, ['-c', 'import requests']).status === 0)

/**
 * The programs that tests use, installed if this is Debian and we are root. Tests that need Redis, Python or a file system
 * of their own skip loudly without them.
 */
export async function ensureTestPrograms() {
  const missing = Object.keys(testPrograms)
    .filter((command) => !has(command))
    .map((command) => testPrograms[command])
  if (!hasRequests()) missing.push('python3-requests')
  if (missing.length > 0 && isDebianRoot()) await install(`Installing ${missing.join(', ')}`, missing)
  if (!has('sqlite3')) {
    fail(
      'The command sqlite3 was not found.',
      'Install it (on Debian: apt-get install sqlite3), then run the tests again.',
    )
  }
}
