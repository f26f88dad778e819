/** Checks of published declarations that the compiler does not make: no `any`, and no type that a host cannot name. */
import ts from 'typescript'

const isIn = (folder: string) => (file: ts.SourceFile) => file.fileName.startsWith(`${folder}/`)

const placeOf = (node: ts.Node) => {
  const file = node.getSourceFile()
  const { line } = file.getLineAndCharacterOfPosition(node.getStart())
  return `${file.fileName.replace(/^.*node_modules\//, '')}:${line + 1}`
}

/** Whether a declaration states no type, so that the compiler infers one. Private members have none in declarations. */
function isUntyped(node: ts.Node): boolean {
  if (ts.isVariableDeclaration(node) || ts.isParameter(node)) return node.type === undefined
  if (ts.isPropertySignature(node) || ts.isPropertyDeclaration(node)) {
    const isPrivate = ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private || ts.isPrivateIdentifier(node.name)
    return node.type === undefined && !isPrivate
  }
  return false
}

/** A function that declares no return type returns `any`; a constructor or setter declares none. */
const isUntypedSignature = (node: ts.Node) =>
  (ts.isFunctionDeclaration(node) || ts.isMethodSignature(node) || ts.isMethodDeclaration(node)) &&
  node.type === undefined

/**
 * Finds each `any` in the declaration files below a folder: written, inferred, behind an alias, in a type argument or a
 * default, or from an import that does not resolve. Returns places with the text that is `any`.
 */
export function findAny(program: ts.Program, folder: string): string[] {
  const checker = program.getTypeChecker()
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const isAny =
      isUntypedSignature(node) ||
      (((ts.isTypeNode(node) && !ts.isTemplateLiteralTypeSpan(node)) || isUntyped(node)) &&
        (checker.getTypeAtLocation(node).flags & ts.TypeFlags.Any) !== 0)
    if (isAny) found.push(`${placeOf(node)} ${node.getText().slice(0, 80)}`)
    else ts.forEachChild(node, visit)
  }
  for (const file of program.getSourceFiles().filter(isIn(folder))) visit(file)
  return found
}

/** The symbol that an import or re-export leads to. */
const resolve = (checker: ts.TypeChecker, symbol: ts.Symbol) =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol

const exportsOf = (checker: ts.TypeChecker, file: ts.SourceFile) => {
  const module = checker.getSymbolAtLocation(file)
  return (module ? checker.getExportsOfModule(module) : []).map((symbol) => resolve(checker, symbol))
}

/**
 * Finds the types of `foreign` that an entry of a package mentions, directly or through other types, and that neither
 * the entry nor the package's main entry exports. A host could not name them without installing `foreign` itself.
 */
export function findUnnamed(program: ts.Program, entry: string, main: string, own: string, foreign: string): string[] {
  const checker = program.getTypeChecker()
  const [entryFile, mainFile] = [program.getSourceFile(entry), program.getSourceFile(main)]
  if (!entryFile || !mainFile) throw new Error(`${entry} or ${main} is not in the program.`)
  const named = new Set([...exportsOf(checker, entryFile), ...exportsOf(checker, mainFile)])
  const seen = new Set<ts.Symbol>()
  const unnamed = new Set<string>()
  const [isOwn, isForeign] = [isIn(own), isIn(foreign)]

  const reach = (symbol: ts.Symbol, from: string): void => {
    if (seen.has(symbol)) return
    seen.add(symbol)
    for (const declaration of symbol.declarations ?? []) {
      const file = declaration.getSourceFile()
      const isType = symbol.flags & (ts.SymbolFlags.Type | ts.SymbolFlags.Class)
      if (ts.isTypeParameterDeclaration(declaration)) continue
      if (isForeign(file) && isType && !ts.isTypeElement(declaration) && !named.has(symbol))
        unnamed.add(`${symbol.name} (through ${from})`)
      if (!isForeign(file) && !isOwn(file)) continue
      const visit = (node: ts.Node): void => {
        if (ts.isIdentifier(node)) {
          const target = checker.getSymbolAtLocation(node)
          if (target) reach(resolve(checker, target), symbol.name)
        }
        ts.forEachChild(node, visit)
      }
      if (!ts.isSourceFile(declaration)) ts.forEachChild(declaration, visit)
    }
  }
  for (const symbol of exportsOf(checker, entryFile)) reach(symbol, 'the entry')
  return [...unnamed].sort()
}
