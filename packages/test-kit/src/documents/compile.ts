/** Compiles the programs of documents against the sources of the packages. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { type Problem, type Program, root } from './documents.ts'

/** The files of a reader's application that documents import and do not show. Programs are compiled beside them. */
const HOST = join(root, 'apps/console/e2e/published/host')

/** Folders that together resolve every package that a document uses. */
const RESOLVERS = ['packages/react', 'packages/server', 'packages/embed', 'packages/simulator', 'examples', '.']

/** The names that a reader has, for what the workspace has under another. */
const ALIASES: Readonly<Record<string, string>> = { '@playwright/test': 'playwright/test' }
const SERVED_MODULE = /^https:\/\/[^/]+\/callgather\/embed\/host\.mjs$/

const shared: ts.CompilerOptions = {
  skipLibCheck: true,
  noEmit: true,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  customConditions: ['callgather:source'],
  allowImportingTsExtensions: true,
  resolveJsonModule: true,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  jsx: ts.JsxEmit.ReactJSX,
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
}

const typed: ts.CompilerOptions = { ...shared, strict: true, exactOptionalPropertyTypes: true }
/** A reader of JavaScript has no types. The compiler still knows the members of what is imported. */
const untyped: ts.CompilerOptions = { ...shared, strict: false, noImplicitAny: false, allowJs: true, checkJs: true }

/** The elements of a page have properties that only the page knows. */
const ofAnElement = /^Property '\w+' does not exist on type '(HTML)?Element|Event'/

/** Parsed files, which both runs of the compiler share. */
const parsed = new Map<string, ts.SourceFile | undefined>()

function compilerHost(options: ts.CompilerOptions, programs: ReadonlyMap<string, string>): ts.CompilerHost {
  const host = ts.createCompilerHost(options)
  const cache = ts.createModuleResolutionCache(root, (name) => name, options)
  const resolveIn = (folder: string, specifier: string) =>
    ts.resolveModuleName(specifier, join(folder, 'file.ts'), options, host, cache)
  const fromSomewhere = (specifier: string, containing: string): ts.ResolvedModuleWithFailedLookupLocations => {
    const name = SERVED_MODULE.test(specifier) ? '@callgather/embed/host' : (ALIASES[specifier] ?? specifier)
    const found = ts.resolveModuleName(name, containing, options, host, cache)
    if (found.resolvedModule || !programs.has(containing) || name.startsWith('.')) return found
    return RESOLVERS.map((folder) => resolveIn(join(root, folder), name)).find((it) => it.resolvedModule) ?? found
  }
  return {
    ...host,
    getSourceFile: (file, languageVersion) => {
      const text = programs.get(file)
      if (text !== undefined) return ts.createSourceFile(file, text, languageVersion, true)
      if (!parsed.has(file)) parsed.set(file, host.getSourceFile(file, languageVersion))
      return parsed.get(file)
    },
    fileExists: (file) => programs.has(file) || host.fileExists(file),
    readFile: (file) => programs.get(file) ?? host.readFile(file),
    resolveModuleNameLiterals: (literals, containing) =>
      literals.map(({ text }) => (isStyleSheet(text) ? styleSheet : fromSomewhere(text, containing))),
  }
}

/** A style sheet that a package exports. Bundlers resolve it, the compiler does not. */
function isStyleSheet(specifier: string): boolean {
  const [, name, entry] = /^@callgather\/(\w+)\/([\w-]+\.css)$/.exec(specifier) ?? []
  const manifest = join(root, 'packages', name ?? '', 'package.json')
  if (!entry || !existsSync(manifest)) return false
  return `./${entry}` in (JSON.parse(readFileSync(manifest, 'utf8')) as { exports: object }).exports
}

const styleSheet: ts.ResolvedModuleWithFailedLookupLocations = {
  resolvedModule: {
    resolvedFileName: join(HOST, 'env.d.ts'),
    extension: ts.Extension.Dts,
    isExternalLibraryImport: false,
  },
}

function compileAs(options: ts.CompilerOptions, programs: readonly Program[], ambient: readonly string[]): Problem[] {
  const files = new Map(programs.map(({ file, text }) => [join(HOST, file), text]))
  const paths = new Map(programs.map(({ file, path }) => [join(HOST, file), path]))
  const program = ts.createProgram([...files.keys(), ...ambient], options, compilerHost(options, files))
  return [...files.keys()].flatMap((name) => {
    const file = program.getSourceFile(name)
    const errors = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
    return errors.flatMap(({ start = 0, messageText }) => {
      const message = ts.flattenDiagnosticMessageText(messageText, '\n  ')
      if (options.checkJs && ofAnElement.test(message)) return []
      return `${paths.get(name)}:${(file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1} ${message}`
    })
  })
}

/** Compiles programs: TypeScript under `strict`, JavaScript with `checkJs`. */
export function compile(programs: readonly Program[]): Problem[] {
  const isTyped = ({ file }: Program) => /\.tsx?$/.test(file)
  const environment = join(HOST, 'env.d.ts')
  return [
    ...compileAs(typed, programs.filter(isTyped), [environment]),
    // The elements, which a page has from a script tag.
    ...compileAs(
      untyped,
      programs.filter((program) => !isTyped(program)),
      [environment, join(root, 'packages/embed/src/index.ts')],
    ),
  ]
}
