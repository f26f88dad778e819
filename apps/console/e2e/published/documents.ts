/** The documents that a reader copies code from, and the code blocks in them. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A document with its blocks of code, as a project that contains nothing else. */
export interface Document {
  /** The path in the repository. */
  readonly path: string
  /** A name for the folder of its project. */
  readonly name: string
  /** The packages that its text installs. */
  readonly installs: readonly string[]
  /** The contents of its programs by file name. Each line has the number that it has in the document. */
  readonly programs: ReadonlyMap<string, string>
}

const QUICK_START = 'docs/guides/quick-start.mdx'

/** A block, the language of which a compiler reads. A block marked `continues` belongs to the program before it. */
const CODE_BLOCK = /^```(?<language>tsx|ts|jsx|js|typescript|javascript)\b(?<mark>.*)\n(?<code>[\s\S]*?)^```$/gm
const INSTALL = /^npm (?:i|install) (?<packages>[^&\n]+)/gm

/** A `.tgz` file is one of ours, which every project has. */
const isPackage = (word: string) => word !== '' && !word.startsWith('-') && !word.endsWith('.tgz')

/** The commands of a text that install packages, each as the packages that it names. */
function installsOf(text: string): string[][] {
  return [...text.matchAll(INSTALL)].map(({ groups }) => (groups?.packages ?? '').split(/\s+/).filter(isPackage))
}

const linesIn = (text: string) => text.split('\n').length - 1

function programsOf(text: string, name: string): Map<string, string> {
  const programs = new Map<string, string>()
  let file = ''
  for (const { groups, index } of text.matchAll(CODE_BLOCK)) {
    const { language = '', mark = '', code = '' } = groups ?? {}
    const line = linesIn(text.slice(0, index)) + 1
    if (mark.trim() === 'continues') {
      if (file === '') throw new Error(`${name}:${line} continues no program. Remove the mark.`)
    } else if (mark.trim() === '') {
      file = `${name}-${line}.${/x$/.test(language) ? 'tsx' : 'ts'}`
    } else throw new Error(`${name}:${line} has the unknown mark "${mark.trim()}". Use \`continues\`, or none.`)
    const before = programs.get(file) ?? ''
    programs.set(file, before + '\n'.repeat(line - linesIn(before)) + code)
  }
  return programs
}

/** The folders of the packages that are published. */
export async function publishedNames(root: string): Promise<string[]> {
  const names = await readdir(join(root, 'packages'))
  const manifests = await Promise.all(
    names.map((name) => readFile(join(root, 'packages', name, 'package.json'), 'utf8')),
  )
  return names.filter((_, nth) => !(JSON.parse(manifests[nth] ?? '{}') as { private?: boolean }).private)
}

/** Reads every document of the product that has code in it: the README files and the guides. */
export async function readDocuments(root: string): Promise<Document[]> {
  const packages = (await publishedNames(root)).map((name) => `packages/${name}/README.md`)
  const guides = (await readdir(join(root, 'docs/guides'))).map((name) => `docs/guides/${name}`)
  const [quickStart = []] = installsOf(await readFile(join(root, QUICK_START), 'utf8'))
  const documents = await Promise.all(
    ['README.md', ...packages, ...guides].map(async (path): Promise<Document> => {
      const text = await readFile(join(root, path), 'utf8')
      const name = path.replaceAll(/[^a-z]+/gi, '-').toLowerCase()
      // The guides are read after the first step of the quick start.
      const before = guides.includes(path) ? quickStart : []
      const installs = [...new Set([...before, ...installsOf(text).flat()])].sort()
      return { path, name, installs, programs: programsOf(text, name) }
    }),
  )
  return documents.filter(({ programs }) => programs.size > 0)
}

/** All documents as one project. */
export const together = (documents: readonly Document[]): Document => ({
  path: 'every document',
  name: 'every-document',
  installs: [...new Set(documents.flatMap(({ installs }) => installs))].sort(),
  programs: new Map(documents.flatMap(({ programs }) => [...programs])),
})
