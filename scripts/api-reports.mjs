// Compares the public API of each package with the report that is committed in `packages/NAME/api`, one file per entry.
// `--write` updates the reports. Needs a build with declarations.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'
import { publishedPackages } from './published-packages.mjs'
import { fail } from './steps.mjs'

const isWriting = process.argv.includes('--write')

const silent = { logLevel: ExtractorLogLevel.None, addToApiReportFile: false }

/** The only message that counts: a signature mentions a type that its entry does not export. */
const messages = {
  compilerMessageReporting: { default: silent },
  tsdocMessageReporting: { default: silent },
  extractorMessageReporting: {
    default: silent,
    'ae-forgotten-export': { logLevel: ExtractorLogLevel.Error, addToApiReportFile: false },
  },
}

/** Report names and declaration files of a package's entries. A pattern such as `./strings/*` has one type for all its files. */
function entriesOf({ folder, manifest }) {
  return Object.entries(manifest.exports).flatMap(([entry, target]) => {
    const types = target.types
    if (!types?.endsWith('.d.mts')) return []
    const name = entry === '.' ? 'index' : entry.slice(2).replaceAll('/', '-').replace('-*', '')
    return [{ name, file: join(folder, types.replace('*', 'de')) }]
  })
}

function configOf({ folder }, { name, file }, scratch) {
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: file,
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            module: 'nodenext',
            moduleResolution: 'nodenext',
            target: 'es2022',
            lib: ['es2023', 'dom', 'dom.iterable'],
            jsx: 'react-jsx',
            strict: true,
            skipLibCheck: true,
            types: ['node'],
          },
          files: [file],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: name,
        reportFolder: join(folder, 'api'),
        reportTempFolder: scratch,
        includeForgottenExports: false,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages,
    },
    configObjectFullPath: join(folder, 'api-extractor.json'),
    packageJsonFullPath: join(folder, 'package.json'),
  })
}

/** The problems of one package, as lines. */
function check(published) {
  const problems = []
  const { folder, name } = published
  const entries = entriesOf(published)
  const missing = entries.filter(({ file }) => !existsSync(file))
  if (missing.length > 0) fail(`${name} has no declarations for ${missing[0].name}.`, 'Run `pnpm build` first.')
  mkdirSync(join(folder, 'api'), { recursive: true })
  const scratch = mkdtempSync(join(tmpdir(), 'callgather-api-'))
  const configs = entries.map((entry) => ({ entry, config: configOf(published, entry, scratch) }))
  const [first] = configs
  const compilerState = CompilerState.create(first.config, { additionalEntryPoints: entries.map(({ file }) => file) })
  for (const { entry, config } of configs) {
    const result = Extractor.invoke(config, {
      compilerState,
      localBuild: isWriting,
      messageCallback: (message) => {
        message.handled = true
        if (message.logLevel === ExtractorLogLevel.Error) problems.push(`${name} (${entry.name}): ${message.text}`)
      },
    })
    if (result.apiReportChanged && !isWriting) problems.push(`${name} (${entry.name}): the API report is stale.`)
  }
  const current = new Set(entries.map((entry) => `${entry.name}.api.md`))
  for (const file of readdirSync(join(folder, 'api')).filter((file) => !current.has(file))) {
    if (isWriting) rmSync(join(folder, 'api', file))
    else problems.push(`${name}: ${basename(file)} reports an entry that does not exist.`)
  }
  rmSync(scratch, { recursive: true })
  return problems
}

const problems = publishedPackages().flatMap(check)
if (problems.length > 0) {
  for (const problem of problems) console.error(problem)
  fail(
    `The public API has ${problems.length} problems.`,
    'If a change is intended, run `pnpm api:write` and review the diff of packages/*/api. Export every type that an export mentions.',
  )
}
console.log('The API reports are current.')
