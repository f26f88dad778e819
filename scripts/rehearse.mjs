// Rehearses a release from a clean clone: every check, versions and changelogs, tarballs, and their installation in hosts.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { packAll, publishedPackages } from './published-packages.mjs'
import { env, root, setUp } from './setup.mjs'
import { fail, shown, step } from './steps.mjs'

const managers = ['npm', 'pnpm']
const reactVersions = ['18.3', '19']
/** How hosts resolve modules, as TypeScript calls it. */
const resolutions = [
  { module: 'node16', moduleResolution: 'node16' },
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
]

/** The first half: clones the last commit and continues there, with the clone's own copy of this file. */
async function rehearseInClone() {
  const folder = mkdtempSync(join(tmpdir(), 'callgather-release-'))
  const clone = join(folder, 'clone')
  const changes = execFileSync('git', ['status', '--porcelain'], { cwd: root }).toString().trim()
  if (changes) console.log('Uncommitted changes are left out: the rehearsal clones the last commit.')
  await step('Cloning', 'git', ['clone', '--quiet', root, clone], { cwd: root, env })
  const code = await shown('The release', process.execPath, [join(clone, 'scripts/rehearse.mjs'), '--here'], {
    cwd: clone,
    env,
  })
  if (code !== 0) fail('The rehearsal failed.', `Look at ${clone}, then delete ${folder}.`)
  rmSync(folder, { recursive: true, force: true })
}

/** The second half, in the clone. */
async function rehearse() {
  await setUp()
  await step('Checking the code', 'pnpm', ['check'], { cwd: root, env })
  await step('Setting versions and changelogs', 'pnpm', ['exec', 'changeset', 'version'], { cwd: root, env })
  await step('Building the release', 'pnpm', ['exec', 'turbo', 'run', 'build'], { cwd: root, env })
  const folder = join(root, '..', 'hosts')
  mkdirSync(folder)
  const tarballs = await packAll(folder)
  for (const [name, path] of Object.entries(tarballs))
    console.log(`  ${name}: ${basename(path)}, ${Math.ceil(statSync(path).size / 1024)} kB`)
  for (const manager of managers) {
    for (const { name } of publishedPackages()) await installAlone(manager, name, tarballs, folder)
    for (const version of reactVersions) await installTogether(manager, version, tarballs, folder)
  }
  console.log('The release can be published.')
}

/** A package with nothing but what it declares, and with its required peers: its main entry can be imported. */
async function installAlone(manager, name, tarballs, folder) {
  const { peerDependencies = {}, peerDependenciesMeta = {} } = manifestOf(name)
  const required = Object.entries(peerDependencies).filter(([peer]) => !peerDependenciesMeta[peer]?.optional)
  const home = join(folder, `${manager}-${basename(name)}`)
  makeHost(home, manager, { ...Object.fromEntries(required), [name]: `file:${tarballs[name]}` }, tarballs)
  await install(manager, home, `${name} alone, by ${manager}`)
  const script = `await import('${name}')`
  await step(`  imports its main entry`, process.execPath, ['--input-type=module', '-e', script], { cwd: home, env })
}

/** All packages with all their peers and one version of React: every entry has types under every resolution, and a host runs. */
async function installTogether(manager, reactVersion, tarballs, folder) {
  const peers = Object.assign({}, ...publishedPackages().map(({ name }) => manifestOf(name).peerDependencies))
  const ours = Object.fromEntries(Object.entries(tarballs).map(([name, path]) => [name, `file:${path}`]))
  const react = Object.fromEntries(
    ['react', 'react-dom', '@types/react', '@types/react-dom'].map((name) => [name, `^${reactVersion}.0`]),
  )
  const tools = { typescript: versionOf('typescript'), '@types/node': '^20.19.0', '@types/express': '^5.0.0' }
  const home = join(folder, `${manager}-react-${reactVersion}`)
  makeHost(home, manager, { ...peers, ...react, ...tools, ...ours }, tarballs)
  cpSync(join(root, 'apps/console/e2e/published/rehearsal-host.tsx'), join(home, 'host.tsx'))
  writeFileSync(
    join(home, 'entries.ts'),
    allEntries()
      .map((entry, index) => `export * as entry${index} from '${entry}'\n`)
      .join(''),
  )
  await install(manager, home, `All packages with React ${reactVersion}, by ${manager}`)
  for (const resolution of resolutions) await compile(home, resolution)
  await step('  runs a server, a simulator and a panel', process.execPath, ['out/host.js'], { cwd: home, env })
}

/** Compiles the host with `strict` and with library checks; only our declarations and the host's code count. */
async function compile(home, resolution) {
  const compilerOptions = {
    ...resolution,
    target: 'es2022',
    lib: ['es2023', 'dom', 'dom.iterable'],
    jsx: 'react-jsx',
    strict: true,
    exactOptionalPropertyTypes: true,
    types: ['node'],
    outDir: 'out',
  }
  writeFileSync(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['host.tsx', 'entries.ts'] }))
  const started = Date.now()
  let output = ''
  try {
    execFileSync(join(home, 'node_modules/.bin/tsc'), ['--pretty', 'false'], { cwd: home, env })
  } catch (error) {
    output = String(error.stdout)
  }
  const ours = output
    .split('\n')
    .filter((line) => /^(host|entries)\.tsx?\(|node_modules\/@callgather\/|^error/.test(line))
  if (ours.length > 0) fail(`The types fail with moduleResolution ${resolution.moduleResolution}.`, ours.join('\n  '))
  console.log(
    `✓   compiles with moduleResolution ${resolution.moduleResolution} (${((Date.now() - started) / 1000).toFixed(1)} s)`,
  )
}

const manifestOf = (name) => publishedPackages().find((published) => published.name === name).manifest

const versionOf = (name) => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version

/** Every entry that the packages publish, with each file of a pattern. */
function allEntries() {
  return publishedPackages().flatMap(({ name, folder, manifest }) =>
    Object.entries(manifest.exports).flatMap(([entry, target]) => {
      const specifier = `${name}${entry.slice(1)}`
      if (!target.types?.endsWith('.d.mts')) return []
      if (!entry.includes('*')) return [specifier]
      const files = readdirSync(join(folder, target.default.split('*')[0]))
      return files
        .filter((file) => /^[a-z]{2}(-[A-Z]{2})?\.mjs$/.test(file))
        .map((file) => specifier.replace('*', basename(file, '.mjs')))
    }),
  )
}

/** A project of a host. The packages are on no registry yet, so those that they depend on are tarballs too. */
function makeHost(home, manager, dependencies, tarballs) {
  const overrides = Object.fromEntries(Object.entries(tarballs).map(([name, path]) => [name, `file:${path}`]))
  mkdirSync(home)
  writeFileSync(
    join(home, 'package.json'),
    JSON.stringify({ name: 'host', private: true, type: 'module', dependencies, overrides }),
  )
  if (manager === 'pnpm')
    writeFileSync(join(home, 'pnpm-workspace.yaml'), JSON.stringify({ packages: ['.'], hoist: false, overrides }))
}

function install(manager, home, title) {
  const args = manager === 'npm' ? ['--no-audit', '--no-fund'] : ['--no-frozen-lockfile']
  return step(title, manager, ['install', '--prefer-offline', '--ignore-scripts', ...args], { cwd: home, env })
}

await (process.argv.includes('--here') ? rehearse() : rehearseInClone())
