/** The documents of this repository, and the code blocks in them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the repository. */
export const root = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '')

/** A fenced block of a document or a doc comment. */
export interface Block {
  /** The path in the repository. */
  readonly path: string
  /** The line of the fence. */
  readonly line: number
  readonly language: string
  /**
   * - none: a program, or a text that the parser of its language accepts.
   * - `continues`: belongs to the program of the block before it.
   * - `example`: an excerpt of a file in `examples`, which the tests of the examples compile and run.
   * - `unchecked: REASON`: nothing reads it, for a reason.
   */
  readonly mark: 'none' | 'continues' | 'example' | 'unchecked'
  readonly reason: string
  readonly code: string
}

/** A text with code blocks. */
export interface Source {
  readonly path: string
  readonly text: string
}

/** Something wrong in a document, as `path:line message`. */
export type Problem = string

const FENCE =
  /^(?<indent>[ \t]*)(?<ticks>`{3,})(?<language>[\w-]*)[ \t]*(?<mark>.*)\n(?<code>[\s\S]*?)^[ \t]*\k<ticks>$/gm
const DOC_COMMENT = /\/\*\*[\s\S]*?\*\//g

const linesIn = (text: string) => text.split('\n').length - 1

function markOf(mark: string, place: string): Pick<Block, 'mark' | 'reason'> {
  if (mark === '') return { mark: 'none', reason: '' }
  if (mark === 'continues' || mark === 'example') return { mark, reason: '' }
  const reason = /^unchecked: (.+)$/.exec(mark)?.[1]
  if (reason) return { mark: 'unchecked', reason }
  throw new Error(
    `${place} has the unknown mark "${mark}". Use none, \`continues\`, \`example\` or \`unchecked: REASON\`: CONTRIBUTING.md explains them.`,
  )
}

/** Finds the fenced blocks of a document. */
export function blocksOf({ path, text }: Source): Block[] {
  return [...text.matchAll(FENCE)].map(({ groups, index }) => {
    const { indent = '', language = '', mark = '', code = '' } = groups ?? {}
    const line = linesIn(text.slice(0, index)) + 1
    return {
      path,
      line,
      language,
      ...markOf(mark.trim(), `${path}:${line}`),
      code: indent === '' ? code : code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }
  })
}

/** A source file with everything blank that is not a doc comment, so that lines keep their numbers. */
export function docCommentsOf({ path, text }: Source): Source {
  const lines = Array.from({ length: linesIn(text) + 1 }, () => '')
  for (const { 0: comment, index } of text.matchAll(DOC_COMMENT)) {
    const first = linesIn(text.slice(0, index))
    for (const [nth, line] of comment.split('\n').entries())
      lines[first + nth] = line.replace(/^\s*\/?\*{1,2} ?/, '').replace(/ ?\*\/$/, '')
  }
  return { path, text: lines.join('\n') }
}

const UNWANTED = /^\.|^(node_modules|dist|coverage|storybook-static|tarballs)$/

/** The files below a folder of the repository, without installed and built ones. */
export const filesIn = (folder: string, isWanted: (name: string) => boolean): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (UNWANTED.test(entry.name) || /^packages\/\w+\/api$/.test(path)) return []
    if (entry.isDirectory()) return filesIn(path, isWanted)
    return isWanted(entry.name) ? [path] : []
  })

const read = (path: string): Source => ({ path, text: readFileSync(join(root, path), 'utf8') })

/** Every document of the repository, without changelogs and what tools write. */
export const allDocuments = (): Source[] =>
  filesIn('', (name) => /\.mdx?$/.test(name) && name !== 'CHANGELOG.md').map(read)

/** The doc comments of every published package. */
export const allDocComments = (): Source[] =>
  publishedNames()
    .flatMap((name) => filesIn(`packages/${name}/src`, (file) => /\.tsx?$/.test(file)))
    .filter((path) => !/\.(test|test-kit|contract|stories|bench)\.tsx?$/.test(path))
    .map(read)
    .map(docCommentsOf)

/** The folders of the packages that are published. */
export function publishedNames(): string[] {
  return readdirSync(join(root, 'packages')).filter((name) => {
    const manifest = readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')
    return !(JSON.parse(manifest) as { private?: boolean }).private
  })
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  ts: 'ts',
  typescript: 'ts',
  tsx: 'tsx',
  js: 'js',
  javascript: 'js',
  jsx: 'jsx',
}

/** Whether a compiler reads the language of a block. */
export const isCode = ({ language }: Pick<Block, 'language'>) => language in EXTENSIONS

/** A program that a document shows, in one block or in several. */
export interface Program {
  readonly path: string
  readonly line: number
  /** A file name that no other program has. */
  readonly file: string
  /** Each line has the number that it has in the document. */
  readonly text: string
}

const nameOf = (path: string) => path.replaceAll(/[^a-z]+/gi, '-').toLowerCase()

/** Joins the blocks of one document to its programs. */
export function programsOf(blocks: readonly Block[]): Program[] {
  const programs: Program[] = []
  for (const block of blocks.filter(
    (block) => isCode(block) && (block.mark === 'none' || block.mark === 'continues'),
  )) {
    const { path, line, language, code } = block
    const before = block.mark === 'continues' ? programs.pop() : undefined
    if (block.mark === 'continues' && !before) throw new Error(`${path}:${line} continues no program. Remove the mark.`)
    const file = before?.file ?? `${nameOf(path)}-${line}.${EXTENSIONS[language]}`
    const text = before?.text ?? ''
    programs.push({ path, line: before?.line ?? line, file, text: text + '\n'.repeat(line - linesIn(text)) + code })
  }
  return programs
}

/** A document with its programs, as a project that contains nothing else. */
export interface Document {
  /** The path in the repository. */
  readonly path: string
  /** A name for the folder of its project. */
  readonly name: string
  /** The packages that its text installs. */
  readonly installs: readonly string[]
  /** The contents of its programs in TypeScript by file name. */
  readonly programs: ReadonlyMap<string, string>
}

const QUICK_START = 'docs/guides/quick-start.mdx'
const INSTALL = /^npm (?:i|install) (?<packages>[^&\n]+)/gm

/** A `.tgz` file is one of ours, which every project has. */
const isPackage = (word: string) => word !== '' && !word.startsWith('-') && !word.endsWith('.tgz')

/** The commands of a text that install packages, each as the packages that it names. */
function installsOf(text: string): string[][] {
  return [...text.matchAll(INSTALL)].map(({ groups }) => (groups?.packages ?? '').split(/\s+/).filter(isPackage))
}

/** Reads the documents of the product that have programs in TypeScript: the README files, the guides and the skill. */
export function readDocuments(): Document[] {
  const packages = [...publishedNames().map((name) => `packages/${name}/README.md`), 'packages/react/SKILL.md']
  const guides = filesIn('docs/guides', (name) => name.endsWith('.mdx'))
  const [quickStart = []] = installsOf(read(QUICK_START).text)
  const documents = ['README.md', ...packages, ...guides].map(read).map((source): Document => {
    const programs = programsOf(blocksOf(source)).filter(({ file }) => /\.tsx?$/.test(file))
    // The guides are read after the first step of the quick start.
    const before = guides.includes(source.path) ? quickStart : []
    return {
      path: source.path,
      name: nameOf(source.path),
      installs: [...new Set([...before, ...installsOf(source.text).flat()])].sort(),
      programs: new Map(programs.map(({ file, text }) => [file, text])),
    }
  })
  return documents.filter(({ programs }) => programs.size > 0)
}

/** All documents as one project. */
export const together = (documents: readonly Document[]): Document => ({
  path: 'every document',
  name: 'every-document',
  installs: [...new Set(documents.flatMap(({ installs }) => installs))].sort(),
  programs: new Map(documents.flatMap(({ programs }) => [...programs])),
})
