// Checks the packages as they would be published: what the tarballs hold, how their types resolve, and the licences of
// what they install.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packAll, publishedPackages } from './published-packages.mjs'
import { env, root } from './setup.mjs'
import { fail } from './steps.mjs'

const run = promisify(execFile)
const exec = (...args) => run('pnpm', ['exec', ...args], { cwd: root, env, maxBuffer: 64 * 1024 * 1024 })

/** Licences that a host may use without further conditions than naming the authors. */
const permissive = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  '0BSD',
  'Unlicense',
])

async function licenceProblems() {
  const list = ['--filter', './packages/*', 'licenses', 'list', '--prod', '--json']
  const { stdout } = await run('pnpm', list, { cwd: root, env, maxBuffer: 64 * 1024 * 1024 })
  return Object.entries(JSON.parse(stdout))
    .filter(
      ([licence]) =>
        !licence
          .replace(/[()]/g, '')
          .split(' OR ')
          .some((choice) => permissive.has(choice)),
    )
    .map(
      ([licence, packages]) =>
        `${packages.map(({ name }) => name).join(', ')}: the licence ${licence} is not permissive.`,
    )
}

/** Entries that have no types by nature. */
const untyped = ({ manifest }) =>
  Object.keys(manifest.exports).filter((entry) => entry.endsWith('.json') || entry.endsWith('.css'))

async function tarballProblems(published, tarball) {
  const problems = []
  const { stdout } = await run('tar', ['-xzOf', tarball, 'package/package.json'])
  if (stdout.includes('callgather:source')) problems.push('the published exports name source files.')
  if (stdout.includes('workspace:')) problems.push('a dependency has a version that only this workspace knows.')
  const excluded = untyped(published)
  const attw = ['attw', tarball, '--profile', 'esm-only', '--format', 'ascii', '--no-color']
  if (excluded.length > 0) attw.push('--exclude-entrypoints', ...excluded)
  for (const args of [['publint', 'run', tarball, '--strict'], attw]) {
    await exec(...args).catch((error) => problems.push(`${args[0]}:\n${error.stdout}${error.stderr}`))
  }
  return problems.map((problem) => `${published.name}: ${problem}`)
}

const folder = await mkdtemp(join(tmpdir(), 'callgather-packages-'))
try {
  const tarballs = await packAll(folder)
  const found = await Promise.all([
    licenceProblems(),
    ...publishedPackages().map((published) => tarballProblems(published, tarballs[published.name])),
  ])
  const problems = found.flat()
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) fail(`The packages have ${problems.length} problems.`)
  console.log(`${Object.keys(tarballs).length} packages are fit for publication.`)
} finally {
  await rm(folder, { recursive: true, force: true })
}
