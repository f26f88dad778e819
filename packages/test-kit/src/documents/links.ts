/** Resolves the links of documents that lead to this repository. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, normalize } from 'node:path'
import GithubSlugger from 'github-slugger'
import { blocksOf, filesIn, type Problem, root, type Source } from './documents.ts'

const LINK =
  /\]\(\s*<?(?<target>[^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(?<reference>\S+)|\b(?:src|href)="(?<attribute>[^"{]+)"/gm
const HEADING = /^#{1,6}\s+(?<text>.+?)\s*#*$/gm
const OWN_SITE = /^https:\/\/github\.com\/callgather\/callgather\/(?:blob|tree)\/main\/?(?<rest>.*)$/

const blank = (text: string) => text.replaceAll(/[^\n]/g, ' ')

/** A document without its code, so that lines keep their numbers. */
function proseOf(source: Source): string {
  const lines = source.text.split('\n')
  for (const { line, code } of blocksOf(source)) lines.fill('', line - 1, line + code.split('\n').length)
  return lines.join('\n').replaceAll(/<!--[\s\S]*?-->/g, blank)
}

const withoutInlineCode = (text: string) => text.replaceAll(/(`+)[^`][\s\S]*?\1/g, blank)

/** The text of a heading as GitHub shows it. */
const shown = (markdown: string) =>
  markdown
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/<[^>]+>/g, '')
    .replaceAll(/[`*]/g, '')
    .replaceAll(/\\(.)/g, '$1')

/** The anchors of a document, by GitHub's rules. */
export function anchorsOf(source: Source): Set<string> {
  const slugger = new GithubSlugger()
  const prose = proseOf(source)
  const headings = [...prose.matchAll(HEADING)].map(({ groups }) => slugger.slug(shown(groups?.text ?? '')))
  const ids = [...prose.matchAll(/\b(?:id|name)="([^"]+)"/g)].map(([, id = '']) => id)
  return new Set([...headings, ...ids])
}

/** Anchors by text, because many links lead to few documents. */
const anchorsByText = new Map<string, ReadonlySet<string>>()

function cachedAnchorsOf(source: Source): ReadonlySet<string> {
  const anchors = anchorsByText.get(source.text) ?? anchorsOf(source)
  anchorsByText.set(source.text, anchors)
  return anchors
}

const storyFiles = (): string[] => {
  const folders = ['packages/react/src', '.storybook/stories']
  const files = folders.flatMap((folder) => filesIn(folder, (file) => file.endsWith('.stories.tsx')))
  return files.map((file) => readFileSync(join(root, file), 'utf8'))
}

/** The ids that Storybook gives to pages and stories. */
export async function storybookIds(documents: readonly Source[]): Promise<ReadonlySet<string>> {
  const path = createRequire(join(root, 'package.json')).resolve('storybook/internal/csf')
  const { toId, storyNameFromExport } = (await import(path)) as {
    toId: (title: string, name: string) => string
    storyNameFromExport: (name: string) => string
  }
  const pages = documents.flatMap(({ text }) => /<Meta\s[^>]*title="([^"]+)"/.exec(text)?.[1] ?? [])
  const stories = storyFiles().flatMap((text) => {
    const title = /^ {2}title: '([^']+)'/m.exec(text)?.[1] ?? ''
    const names = [...text.matchAll(/^export const (\w+)/gm)].map(([, name = '']) => storyNameFromExport(name))
    return [...names, 'docs'].map((name) => toId(title, name))
  })
  return new Set([...pages.map((title) => toId(title, 'docs')), ...stories])
}

function faultOf(target: string, source: Source, ids: ReadonlySet<string>): string | undefined {
  const story = /^(?:\.?\/)?\?path=\/(?:docs|story)\/(?<id>[\w-]+)/.exec(target)?.groups?.id
  if (story) return ids.has(story) ? undefined : 'Storybook has no such page'
  const own = OWN_SITE.exec(target)?.groups?.rest
  if (own === undefined && /^[a-z][a-z+.-]*:/i.test(target)) return
  const [file = '', anchor] = decodeURI(own === undefined ? target : `/${own}`).split('#')
  if (file.startsWith('/') && own === undefined) return 'it is no path relative to the document'
  const relative = own === undefined ? normalize(join(dirname(source.path), file)) : `.${file}`
  const path = file === '' ? source.path : relative
  if (!existsSync(join(root, path))) return 'there is no such file'
  // GitHub shows the README of a folder below its files.
  if (anchor === undefined || anchor === 'readme') return
  const document = statSync(join(root, path)).isDirectory() ? join(path, 'README.md') : path
  if (!/\.mdx?$/.test(document)) return
  const text = file === '' ? source.text : readFileSync(join(root, document), 'utf8')
  const anchors = cachedAnchorsOf({ path: document, text })
  return anchors.has(anchor) ? undefined : 'the document has no such heading'
}

/** Checks the links and images of a document. */
export function checkLinks(source: Source, ids: ReadonlySet<string>): Problem[] {
  const prose = withoutInlineCode(proseOf(source))
  return [...prose.matchAll(LINK)].flatMap(({ groups, index }) => {
    const target = groups?.target ?? groups?.reference ?? groups?.attribute ?? ''
    const fault = faultOf(target, source, ids)
    return fault ? [`${source.path}:${prose.slice(0, index).split('\n').length} links to ${target}: ${fault}`] : []
  })
}

const OWN_LINK = /https:\/\/github\.com\/callgather\/callgather\/(?:blob|tree)\/main[^\s'"`)>]*/g

/** Checks the links to this repository in a text of any kind, such as a manifest or an error message. */
export function checkOwnLinks(source: Source): Problem[] {
  return [...source.text.matchAll(OWN_LINK)].flatMap(({ 0: target, index }) => {
    const fault = faultOf(target, source, new Set())
    return fault
      ? [`${source.path}:${source.text.slice(0, index).split('\n').length} links to ${target}: ${fault}`]
      : []
  })
}
