/** The packages as tarballs, and projects of a host that installs them with npm or with pnpm. */
import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { type Document, publishedNames, together } from '@callgather/test-kit/documents'

const run = promisify(execFile)

/** The environment of another project: without the settings that the package manager of this one passes down. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|pnpm_config|CALLGATHER_)/i.test(name)),
)

export type Tarballs = Readonly<Record<string, string>>

/**
 * Packs every published package from a copy of its sources, in which nothing is built. Declarations are switched off as by
 * `npm start`: packing must build them nevertheless. Returns the tarballs by package name.
 */
export async function packAll(root: string, folder: string): Promise<Tarballs> {
  const [workspace, tarballs] = [join(folder, 'workspace'), join(folder, 'tarballs')]
  await mkdir(tarballs, { recursive: true })
  for (const file of ['package.json', 'pnpm-workspace.yaml', 'tsconfig.base.json'])
    await cp(join(root, file), join(workspace, file))
  const names = publishedNames()
  for (const name of names) {
    const [from, to] = [join(root, 'packages', name), join(workspace, 'packages', name)]
    await cp(from, to, {
      recursive: true,
      filter: (path) => path === from || !['node_modules', 'dist', 'coverage'].includes(basename(path)),
    })
    await symlink(join(from, 'node_modules'), join(to, 'node_modules'))
  }
  const pack = async (name: string) => {
    const command = ['pack', '--json', '--pack-destination', tarballs]
    const { stdout } = await run('pnpm', command, {
      cwd: join(workspace, 'packages', name),
      env: { ...env, CALLGATHER_DECLARATIONS: 'no' },
      maxBuffer: 64 * 1024 * 1024,
    })
    const { filename } = JSON.parse(stdout.slice(stdout.indexOf('{\n'))) as { filename: string }
    return [`@callgather/${name}`, filename] as const
  }
  return Object.fromEntries(await Promise.all(names.map(pack)))
}

/** What a program of a document takes for granted: Node's types, and React where it has JSX. */
const hostPackages = ({ programs }: Document) => [
  '@types/node',
  ...([...programs.keys()].some((file) => file.endsWith('.tsx'))
    ? ['react', 'react-dom', '@types/react', '@types/react-dom']
    : []),
]

/** The versions that this repository is developed with, so that a new release of a dependency does not fail the test. */
async function versionsIn(root: string): Promise<Record<string, string>> {
  const folders = (await readdir(join(root, 'packages'))).map((name) => `packages/${name}`)
  const manifests = await Promise.all(
    ['.', ...folders, 'apps/console', 'examples'].map(
      async (folder) =>
        JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8')) as Record<
          string,
          Record<string, string>
        >,
    ),
  )
  const versions: Record<string, string> = Object.assign(
    {},
    ...manifests.flatMap(({ dependencies, devDependencies }) => [dependencies, devDependencies]),
  )
  return { ...versions, '@playwright/test': versions.playwright ?? 'latest' }
}

/** Makes the project of a document: its programs, its manifest, and the files that its programs import. */
async function makeProject(document: Document, root: string, folder: string, tarballs: Tarballs): Promise<void> {
  const versions = await versionsIn(root)
  const code = [...document.programs.values()].join('\n')
  // Tools that no program imports, such as a test runner beside Vitest, are left out.
  const isNeeded = (name: string) => name in tarballs || name in versions || code.includes(`'${name}'`)
  const names = [...hostPackages(document), ...document.installs.filter(isNeeded)]
  const dependencies = Object.fromEntries(
    names.map((name) => [name, name in tarballs ? `file:${tarballs[name]}` : (versions[name] ?? 'latest')]),
  )
  // The packages are not on a registry: those that others of them depend on are taken from their tarballs too.
  const overrides = Object.fromEntries(Object.entries(tarballs).map(([name, path]) => [name, `file:${path}`]))
  const hasReact = names.includes('react') && names.includes('@callgather/react')
  await cp(join(root, 'apps/console/e2e/published/host'), folder, {
    recursive: true,
    filter: (path) => hasReact || !path.endsWith('.tsx'),
  })
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: document.name, private: true, type: 'module', dependencies, overrides }),
  )
  for (const [file, contents] of document.programs) await writeFile(join(folder, file), contents)
}

/** How a host installs. */
export type Manager = 'npm' | 'pnpm'

const QUIET = ['--prefer-offline', '--ignore-scripts']

/**
 * Installs a project of each document. With pnpm, a project resolves only the packages that its document installs, and
 * a package only those that it declares. npm hoists: there all documents are one project, which resolves no less.
 * Returns the folders of the projects.
 */
export async function installAll(
  manager: Manager,
  documents: readonly Document[],
  root: string,
  folder: string,
  tarballs: Tarballs,
): Promise<string[]> {
  const projects = manager === 'npm' ? [together(documents)] : documents
  const folders = projects.map(({ name }) => join(folder, name))
  for (const document of projects) await makeProject(document, root, join(folder, document.name), tarballs)
  if (manager === 'npm') {
    for (const cwd of folders) await run('npm', ['install', '--no-audit', '--no-fund', ...QUIET], { cwd, env })
  } else {
    const overrides = Object.entries(tarballs).map(([name, path]) => `  '${name}': 'file:${path}'\n`)
    const settings = `packages: ['*']\nhoist: false\noverrides:\n${overrides.join('')}`
    await writeFile(join(folder, 'pnpm-workspace.yaml'), settings)
    await run('pnpm', ['install', '--no-frozen-lockfile', ...QUIET], { cwd: folder, env })
  }
  return folders
}
