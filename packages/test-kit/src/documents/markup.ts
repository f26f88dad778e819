/** Parses the blocks of documents that are no programs: HTML, JSON and YAML. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DefaultTreeAdapterTypes, type ParserError, parse, parseFragment } from 'parse5'
import ts from 'typescript'
import { parseAllDocuments } from 'yaml'
import { type Block, filesIn, type Problem, type Program, root } from './documents.ts'

/** Checks that JSON, with or without comments, is well-formed. */
export function checkJson({ path, line, code }: Block): Problem[] {
  const { error } = ts.parseConfigFileTextToJson('block.json', code)
  return error ? [`${path}:${line} is no JSON: ${ts.flattenDiagnosticMessageText(error.messageText, ' ')}`] : []
}

/** Checks that YAML is well-formed. */
export function checkYaml({ path, line, code }: Block): Problem[] {
  return parseAllDocuments(code).flatMap(({ errors }) =>
    errors.map(({ message, linePos }) => `${path}:${line + (linePos?.[0].line ?? 0)} ${message}`),
  )
}

/** The attributes of each custom element. */
function elementsOfPackage(): ReadonlyMap<string, ReadonlySet<string>> {
  const manifest = JSON.parse(readFileSync(join(root, 'packages/embed/dist/custom-elements.json'), 'utf8')) as {
    modules: { declarations: { tagName?: string; attributes?: { name: string }[] }[] }[]
  }
  const declarations = manifest.modules.flatMap((module) => module.declarations)
  return new Map(
    declarations.flatMap(({ tagName, attributes = [] }) =>
      tagName ? [[tagName, new Set(attributes.map(({ name }) => name))]] : [],
    ),
  )
}

/** Attributes that every element has. */
const GLOBAL = /^(class|id|style|slot|lang|dir|hidden|title|tabindex|aria-.+|data-.+)$/

const elementsIn = (node: DefaultTreeAdapterTypes.Node): DefaultTreeAdapterTypes.Element[] => [
  ...('tagName' in node ? [node] : []),
  ...('childNodes' in node ? node.childNodes.flatMap(elementsIn) : []),
]

/** Checks that HTML is well-formed and names our elements and attributes. Returns its inline scripts as programs. */
export function readHtml({ path, line, code }: Block): { problems: Problem[]; scripts: Program[] } {
  const problems: Problem[] = []
  const onParseError = ({ code: error, startLine }: ParserError) => {
    problems.push(`${path}:${line + startLine} is no HTML: ${error}`)
  }
  const options = { sourceCodeLocationInfo: true, onParseError }
  const isPage = /^\s*<!doctype/i.test(code)
  const elements = elementsIn(isPage ? parse(code, options) : parseFragment(code, options))
  const known = elementsOfPackage()
  const scripts: Program[] = []
  for (const element of elements) {
    const at = line + (element.sourceCodeLocation?.startLine ?? 0)
    if (element.tagName.startsWith('callgather-')) {
      const attributes = known.get(element.tagName)
      if (!attributes) problems.push(`${path}:${at} has the unknown element <${element.tagName}>`)
      for (const { name } of element.attrs)
        if (attributes && !attributes.has(name) && !GLOBAL.test(name))
          problems.push(`${path}:${at} has the unknown attribute ${name} on <${element.tagName}>`)
    }
    const [content] = element.childNodes
    const isScript =
      element.tagName === 'script' && element.attrs.every(({ name, value }) => name !== 'type' || value === 'module')
    if (isScript && content && 'value' in content && content.value.trim() !== '')
      scripts.push({
        path,
        line: at,
        file: `${path.replaceAll(/\W+/g, '-')}-${at}.js`,
        text: '\n'.repeat(at - 1) + content.value,
      })
  }
  return { problems, scripts }
}

/** Lines without indentation and empty lines, and with the address of the documents instead of the examples'. */
const normalise = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim().replaceAll('http://127.0.0.1:8787', 'https://calls.example.com'))
    .filter((line) => line !== '')
    .join('\n')

let examples: readonly string[] | undefined

/** Checks that a block is in a file in `examples`. */
export function checkExample({ path, line, code }: Block): Problem[] {
  const isSource = (file: string) => /\.(html|m?js|tsx?|vue|svelte|css|json|ya?ml)$/.test(file)
  examples ??= filesIn('examples', isSource).map((file) => normalise(readFileSync(join(root, file), 'utf8')))
  return examples.some((file) => file.includes(normalise(code)))
    ? []
    : [`${path}:${line} is in no file in \`examples\`. Copy it from there, or let it compile and remove the mark.`]
}
