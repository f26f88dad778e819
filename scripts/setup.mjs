// The set-up: installs the pinned pnpm, the dependencies and a test browser, and builds the packages.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { environmentWith, fail, step } from './steps.mjs'

/** The root folder of the workspace. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const bootstrap = join(root, 'scripts', 'pnpm')
const bin = (folder) => join(folder, 'node_modules', '.bin')

/** The environment of every step, with the workspace's commands on PATH. */
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
 * Installs dependencies and builds every package, by default with declarations. Repeated runs are incremental.
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
  // Replace the different tree of an `npm install` at the root without asking.
  const install = ['install', '--frozen-lockfile', '--prefer-offline', '--config.confirm-modules-purge=false']
  await step('Installing dependencies', 'pnpm', install, { cwd: root, env })
  const build = declarations ? env : { ...env, CALLGATHER_DECLARATIONS: 'no' }
  await step('Building the packages', 'pnpm', ['exec', 'turbo', 'run', 'build'], { cwd: root, env: build })
}

/** Installs a version of Node.js for tests. Resolves to the folder of its commands. */
export async function ensureRuntime(major) {
  const folder = join(root, 'node_modules', '.cache', 'runtimes', String(major))
  const install = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `node@${major}`]
  mkdirSync(folder, { recursive: true })
  await step(`Fetching Node.js ${major}`, 'npm', install, { cwd: folder, env })
  return join(folder, 'node_modules', '.bin')
}

const isDebianRoot = () => process.getuid?.() === 0 && existsSync('/etc/debian_version')

const apt = (title, args, options) =>
  step(title, 'apt-get', args, { cwd: root, env: { ...env, DEBIAN_FRONTEND: 'noninteractive' }, ...options })

let hasPackageList = false

async function readPackageList(options) {
  if (!hasPackageList) hasPackageList = await apt('Reading the list of Debian packages', ['update'], options)
}

/** Installs Debian packages. Only for root on Debian, as in a CI container. */
async function install(packages, options) {
  await readPackageList(options)
  await apt(`Installing ${packages.join(', ')}`, ['install', '-y', '--no-install-recommends', ...packages], options)
}

const headlessShell = 'chromium-headless-shell'

/**
 * Finds a browser for the tests. When running as root on Debian, installs Chromium without its user interface.
 *
 * @param {{ isWhole?: boolean }} options `isWhole`: also finds or installs Chromium with its user interface.
 */
export async function ensureBrowser({ isWhole = false } = {}) {
  // Imported here because it needs the installed dependencies.
  const { findBrowser } = await import('@callgather/test-kit/browser')
  if (!process.env.CHROMIUM_PATH && isDebianRoot() && !has(headlessShell)) {
    // Any Chromium will do, but slower.
    const isOptional = findBrowser() !== undefined
    await readPackageList({ isOptional })
    // Only some Debian releases have it.
    const isOffered = spawnSync('apt-cache', ['show', headlessShell]).status === 0
    if (isOffered) await install([headlessShell], { isOptional })
  }
  if (!findBrowser({ isWhole }) && isDebianRoot()) await install(['chromium'])
  if (!findBrowser({ isWhole })) {
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
 * Installs the programs that tests use when running as root on Debian. Tests that need Redis, Python or a separate file
 * system are reported as skipped without them.
 */
export async function ensureTestPrograms() {
  const missing = Object.keys(testPrograms)
    .filter((command) => !has(command))
    .map((command) => testPrograms[command])
  if (!hasRequests()) missing.push('python3-requests')
  if (missing.length > 0 && isDebianRoot()) await install(missing)
  if (!has('sqlite3')) {
    fail(
      'The command sqlite3 was not found.',
      'Install it (on Debian: apt-get install sqlite3), then run the tests again.',
    )
  }
}
