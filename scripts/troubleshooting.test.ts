/** Every error text of the packages, and every code of the error table, is in the troubleshooting guide. */
import { readdirSync, readFileSync } from 'node:fs'
import { en } from '@callgather/react/strings/en'
import ts from 'typescript'
import { expect, it } from 'vitest'

const root = new URL('..', import.meta.url)
const PACKAGES = ['protocol', 'server', 'react', 'embed', 'simulator']
/** Tests, stories, dictionaries, and the test equipment of packages whose `testing` folder is not published. */
const LEFT_OUT = /\.(test|stories|test-kit|contract|property)\.|\/strings\/|^(server|simulator|embed)\/src\/testing\//
/** Functions that make, log or show an error. Their arguments hold its text. */
const REPORTS =
  /^(\w*Error|found|refuse|refuseWith|invalidCommand|invalidOption|notSent|warn|error|fatal|fail|report|faults\.push)$/
/** A shorter text only completes another one, such as the name of a part. */
const MIN_WORDS = 3
/** Keys of the texts with which the components show that something failed. */
const FAILURES =
  /^(load\.failed|refused\.(?!code|replaceHint)|command\.(overdue|unknown|forbidden)|wrapUp\.failed|connection\.(?!label|connecting|live|latency|reconnecting|retryNow|catchingUp|caughtUp|ended))/

const GAP = '…'
const withoutMarks = (text: string) => text.replaceAll('`', '').replaceAll(/…+/g, GAP).replaceAll(/\s+/g, ' ').trim()
const trimGaps = (text: string) => text.replaceAll(/^[…\s]+|[…\s]+$/g, '')

function sources(): ts.SourceFile[] {
  return PACKAGES.flatMap((name) => {
    const folder = new URL(`packages/${name}/src/`, root)
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((path) => `${name}/src/${path.replaceAll('\\', '/')}`)
      .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts') && !LEFT_OUT.test(path))
  }).map((path) =>
    ts.createSourceFile(
      path,
      readFileSync(new URL(`packages/${path}`, root), 'utf8'),
      ts.ScriptTarget.Latest,
      false,
      path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
    ),
  )
}

function visit(node: ts.Node, on: (node: ts.Node) => void): void {
  on(node)
  ts.forEachChild(node, (child) => visit(child, on))
}

function nameOf(node: ts.Expression): string {
  if (ts.isIdentifier(node)) return node.text
  if (!ts.isPropertyAccessExpression(node)) return ''
  const name = node.name.text.replace('#', '')
  return name === 'push' ? `${nameOf(node.expression)}.push` : name
}

function argumentsOfReport(node: ts.Node): readonly ts.Expression[] {
  if (ts.isNewExpression(node) && nameOf(node.expression).endsWith('Error')) return node.arguments ?? []
  if (ts.isCallExpression(node) && REPORTS.test(nameOf(node.expression))) return node.arguments
  return []
}

/** Finds the texts of a source file. A placeholder of a template becomes `…`. */
function textsOf(source: ts.SourceFile): Set<string> {
  const variables = new Map<string, ts.Expression>()
  const texts = new Set<string>()
  visit(source, (node) => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer) {
      variables.set(node.name.text, node.initializer)
    }
  })
  /** Returns the texts that an expression may have. Adds the texts that only complete another one. */
  function read(node: ts.Node | undefined, depth = 0): string[] {
    if (!node || depth > 4) return []
    const next = (child: ts.Node | undefined) => read(child, depth + 1)
    if (ts.isStringLiteralLike(node)) return [node.text]
    if (ts.isTemplateExpression(node)) {
      for (const span of node.templateSpans) for (const text of next(span.expression)) texts.add(text)
      return [node.head.text + node.templateSpans.map(({ literal }) => GAP + literal.text).join('')]
    }
    if (ts.isBinaryExpression(node)) {
      const [left, right] = [next(node.left), next(node.right)]
      const isSum = node.operatorToken.kind === ts.SyntaxKind.PlusToken && left.length > 0 && right.length > 0
      return isSum ? left.flatMap((start) => right.map((end) => start + end)) : [...left, ...right]
    }
    if (ts.isConditionalExpression(node)) return [...next(node.whenTrue), ...next(node.whenFalse)]
    if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return next(node.expression)
    if (ts.isArrayLiteralExpression(node)) return node.elements.flatMap(next)
    if (ts.isObjectLiteralExpression(node)) {
      return node.properties.flatMap((each) => (ts.isPropertyAssignment(each) ? next(each.initializer) : []))
    }
    if (ts.isElementAccessExpression(node)) return next(node.expression)
    if (ts.isIdentifier(node)) return next(variables.get(node.text))
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) return next(node.expression)
    if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) return next(node.body)
    return []
  }
  visit(source, (node) => {
    for (const argument of argumentsOfReport(node)) for (const text of read(argument)) texts.add(text)
    // The options of the server and their environment variables: zod joins these with the name of the option.
    if (ts.isStringLiteralLike(node) && /^(must|is not set)\b/.test(node.text)) texts.add(node.text)
  })
  return texts
}

const wordsIn = (text: string) => text.split(/\s+/).filter((word) => /[a-z]{2}/i.test(word)).length

const guide = withoutMarks(readFileSync(new URL('docs/guides/troubleshooting.mdx', root), 'utf8'))
const missingIn = (texts: Iterable<string>) =>
  [...new Set(texts)]
    .map((text) => trimGaps(withoutMarks(text)).replace(/\.$/, ''))
    .filter((text) => !guide.includes(text))

it('finds every error text of the packages in the troubleshooting guide', () => {
  const texts = sources().flatMap((source) => [...textsOf(source)])
  const sentences = texts.filter((text) => wordsIn(text) >= MIN_WORDS && !text.includes('\n'))
  expect(sentences.length).toBeGreaterThan(300)
  expect(missingIn(sentences)).toEqual([])
})

it('finds every code and title of the error table in the troubleshooting guide', () => {
  const table = readFileSync(new URL('packages/protocol/src/base/errors.ts', root), 'utf8')
  const entries = [...table.matchAll(/status: (\d+), code: '(\d+)', title: '([^']+)'/g)]
  const rows = entries.map(([, status, code, title]) => `| ${status} | ${code} | ${title} |`)
  expect(rows.length).toBeGreaterThan(25)
  expect(missingIn(rows)).toEqual([])
})

it('finds every failure that the components show in the troubleshooting guide', () => {
  const failures = Object.entries(en).filter(([key]) => FAILURES.test(key))
  const texts = failures.map(([, text]) => String(text).replaceAll(/\{\w+\}/g, GAP))
  expect(texts.length).toBeGreaterThan(40)
  expect(missingIn(texts)).toEqual([])
})
