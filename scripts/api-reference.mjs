// Generates the API reference in `docs/api` and the tables of hooks and parts in the guides from the doc comments, or checks
// that they are current.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { Application, Comment, CommentTag, Converter, ReflectionKind } from 'typedoc'
import { settle } from './generated-files.mjs'
import { publishedPackages } from './published-packages.mjs'
import { referenceTables } from './reference-tables.mjs'
import { root } from './setup.mjs'
import { fail } from './steps.mjs'

const folder = join(root, 'docs/api')
const scratch = mkdtempSync(join(tmpdir(), 'callgather-reference-'))
const config = join(root, 'node_modules/.callgather-reference.json')

/** The source file of each entry. */
const sources = new Map()

/** The entries by declaration file. A pattern such as `./strings/*` has one type for all its files. */
const entries = new Map(
  publishedPackages().flatMap(({ folder, manifest }) =>
    Object.entries(manifest.exports).flatMap(([entry, target]) => {
      if (!target.types?.endsWith('.d.mts')) return []
      sources.set(manifest.name + entry.slice(1), join(folder, target['callgather:source'].replace('*', 'de')))
      return [[join(folder, target.types.replace('*', 'de')), manifest.name + entry.slice(1)]]
    }),
  ),
)

/** The page of an entry: `@callgather/react/testing` is `react-testing`. */
const pageOf = (entry) => entry.replace('@callgather/', '').replace('/*', '').replaceAll('/', '-')
/** TypeDoc names a module by its path. */
const nameOf = (file) => relative(root, file).replace(/(\/index)?\.d\.mts$/, '')
const pages = new Map([...entries].map(([file, entry]) => [nameOf(file), pageOf(entry)]))
const titles = new Map([...entries.values()].map((entry) => [pageOf(entry), entry]))

async function convert() {
  writeFileSync(
    config,
    JSON.stringify({
      extends: '../tsconfig.json',
      compilerOptions: { customConditions: [], types: ['node'] },
      include: [],
      files: [...entries.keys()],
    }),
  )
  const app = await Application.bootstrapWithPlugins({
    entryPoints: [...entries.keys()],
    tsconfig: config,
    basePath: root,
    plugin: ['typedoc-plugin-markdown'],
    outputs: [{ name: 'markdown', path: scratch }],
    name: 'API reference',
    logLevel: 'Warn',
    readme: 'none',
    router: 'module',
    sortEntryPoints: false,
    // `pnpm typecheck` has checked the sources.
    skipErrorChecking: true,
    disableSources: true,
    disableGit: true,
    excludeExternals: true,
    excludeInternal: true,
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useCodeBlocks: true,
    expandParameters: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    classPropertiesFormat: 'table',
    typeAliasPropertiesFormat: 'table',
    propertyMembersFormat: 'table',
    typeDeclarationFormat: 'table',
    tableColumnSettings: { hideModifiers: true, hideInherited: true, hideOverrides: true },
    groupOrder: [
      ...['Hooks', 'Components', 'Namespaces', 'Functions', 'Classes', 'Variables', 'Interfaces', 'Type Aliases'],
      'References',
    ],
    pageTitleTemplates: {
      index: 'API reference',
      module: ({ name }) => titles.get(name) ?? name,
      member: ({ name }) => name,
    },
    validation: { notExported: false, invalidLink: true, notDocumented: false },
    treatWarningsAsErrors: true,
  })
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    nameParameters(project)
    for (const module of project.children) {
      const page = pages.get(module.name)
      if (!page) fail(`The API reference has the module ${module.name}, which is no entry of a package.`)
      module.name = page
      module.comment ??= module.children ? undefined : new Comment([{ kind: 'text', text: NOTHING_EXPORTED }])
      if (module.name.startsWith('react')) for (const member of module.children ?? []) group(member)
    }
  })
  const project = await app.convert()
  if (!project) fail('The API reference could not be read from the sources.', 'See the messages above.')
  await app.generateOutputs(project)
  if (app.logger.hasErrors() || app.logger.hasWarnings())
    fail('The API reference has warnings.', 'See the messages above.')
  return project
}

const NOTHING_EXPORTED = 'Exports nothing: import it for its effect.'

/** Hooks and components come first on the page of their entry. */
function group(member) {
  const isHook = /^use[A-Z]/.test(member.name)
  const isComponent = /^[A-Z]/.test(member.name) && member.kindOf([ReflectionKind.Function, ReflectionKind.Variable])
  if (!isHook && !isComponent) return
  const tag = new CommentTag('@group', [{ kind: 'text', text: isHook ? 'Hooks' : 'Components' }])
  for (const target of member.signatures ?? [member]) {
    target.comment ??= new Comment()
    target.comment.blockTags.push(tag)
  }
}

/** Destructured parameters have no name in the sources. */
function nameParameters(project) {
  for (const parameter of project.getReflectionsByKind(ReflectionKind.Parameter)) {
    if (/^(__namedParameters|input)$/.test(parameter.name))
      parameter.name = /^[A-Z]/.test(parameter.parent.name) ? 'props' : 'options'
  }
}

const REFERENCE = /### (.+)\n\n(?:Re-exports|Renames and re-exports) (\[.+\]\(.+\))(?:\n\n\*\*\*)?\n*/g

/** What `export type *` of an entry does not export, although TypeDoc lists it: functions and constants. */
function hiddenIn(module) {
  const source = readFileSync(sources.get(titles.get(module.name)), 'utf8')
  if (!source.includes('export type *')) return []
  return (module.children ?? [])
    .filter((child) => child.isReference())
    .filter((child) => child.getTargetReflectionDeep().kindOf(ReflectionKind.SomeValue | ReflectionKind.Class))
    .map(({ name }) => name)
    .filter((name) => !new RegExp(`\\b${name}\\b`).test(source))
}

/** The text of a page. What an entry exports again becomes one line of links. */
function tidy(text, hidden) {
  const [body, references] = text.split('\n## References\n\n')
  const links = [...(references ?? '').matchAll(REFERENCE)].filter(
    ([, name]) => !hidden.includes(name.replaceAll('\\', '')),
  )
  const also = links.length > 0 ? `\n## Also exported\n\n${links.map(([, , link]) => link).join(', ')}\n` : ''
  return (body + also)
    .replaceAll(
      /^- \[([\w-]+)\]\(([\w-]+(?:\/README)?\.md)\)$/gm,
      (_, name, file) => `- [\`${titles.get(name)}\`](${file})`,
    )
    .replaceAll(/[ \t]+$/gm, '')
    .replace(/\n*$/, '\n')
}

function readPages(project) {
  const hidden = new Map(project.children.map((module) => [titles.get(module.name), hiddenIn(module)]))
  const names = readdirSync(scratch, { recursive: true }).filter((name) => name.endsWith('.md'))
  const page = (name) => {
    const text = readFileSync(join(scratch, name), 'utf8')
    return [join(folder, name), tidy(text, hidden.get(/^# (.+)$/m.exec(text)?.[1]) ?? [])]
  }
  return new Map(names.map(page))
}

const project = await convert()
const texts = readPages(project)
const reactPage = join(folder, 'react/README.md')

/** The address of an export of `@callgather/react`. */
function linkTo(name) {
  const namespace = join(folder, `react/namespaces/${name}.md`)
  if (texts.has(namespace)) return namespace
  const headings = [...texts.get(reactPage).matchAll(new RegExp(`^### ${name}(\\(\\))?$`, 'gm'))]
  if (headings.length !== 1) fail(`${name} has ${headings.length} headings in the API reference.`, 'Rename one export.')
  return `${reactPage}#${name.toLowerCase()}`
}

const command = 'pnpm api:write'
settle(texts, { command, folder })
settle(referenceTables(project, linkTo), { command })
rmSync(scratch, { recursive: true })
rmSync(config)
console.log('The API reference is current.')
