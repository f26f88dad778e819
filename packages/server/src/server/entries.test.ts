/** The packages that each entry of `@callgather/server` loads: database drivers are optional peers. */
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  exports: Record<string, { 'callgather:source': string }>
}

/** Returns the packages that a source file imports statically, by itself and through other files. */
function loadedPackages(file: URL, files = new Set<string>(), packages = new Set<string>()): ReadonlySet<string> {
  if (files.has(file.href)) return packages
  files.add(file.href)
  for (const statement of ts.createSourceFile('', readFileSync(file, 'utf8'), ts.ScriptTarget.Latest).statements) {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) continue
    const isTypeOnly = ts.isImportDeclaration(statement)
      ? statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
      : statement.isTypeOnly
    if (isTypeOnly || !statement.moduleSpecifier) continue
    const { text } = statement.moduleSpecifier as ts.StringLiteral
    if (text.endsWith('.ts')) loadedPackages(new URL(text, file), files, packages)
    else packages.add(text)
  }
  return packages
}

describe('the entries of the package', () => {
  const sources = Object.entries(manifest.exports).map(
    ([entry, { 'callgather:source': path }]) => [entry, path] as const,
  )
  const program = ['the command line', './src/server/cli.ts'] as const

  it.each([...sources, program].filter(([entry]) => entry !== './sqlite'))(
    'the package entry %s does not load a database driver',
    (_, path) => {
      const packages = loadedPackages(new URL(`../../${path}`, import.meta.url))
      expect([...packages]).not.toContain('libsql')
      expect([...packages]).not.toContain('redis')
    },
  )

  it('the package entry ./sqlite loads libsql', () => {
    expect([...loadedPackages(new URL('../store/sqlite/index.ts', import.meta.url))]).toContain('libsql')
  })
})
