// Generates `llms.txt`, the list of the documents for AI assistants (https://llmstxt.org), and `llms-full.txt` with their texts,
// or checks that they are current.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, extname, join, posix } from 'node:path'
import { isWriting, settle } from './generated-files.mjs'
import { publishedPackages } from './published-packages.mjs'
import { root } from './setup.mjs'

/** The guides in reading order. Any other guide comes after them. */
const readingOrder = [
  ...['welcome', 'concepts', 'quick-start', 'hooks', 'embed', 'server', 'crm', 'theming', 'headless-parts', 'testing'],
  ...['accessibility', 'operations', 'troubleshooting'],
]
const positionOf = (name) => readingOrder.indexOf(name) + 1 || readingOrder.length + 1

const guides = readdirSync(join(root, 'docs/guides'))
  .filter((file) => file.endsWith('.mdx'))
  .map((file) => file.replace('.mdx', ''))
  .sort((a, b) => positionOf(a) - positionOf(b) || a.localeCompare(b))
  .map((name) => `docs/guides/${name}.mdx`)

const packages = publishedPackages().map(({ manifest }) => `${manifest.repository.directory}/README.md`)
const sections = [
  ['Start', ['README.md', 'packages/react/SKILL.md', 'examples/starter/README.md']],
  ['Guides', guides],
  ['Packages', packages],
  [
    'Reference',
    [
      ...['docs/api/README.md', 'docs/guarantees.md', 'docs/performance.md', 'docs/scaling.md', 'docs/glossary.md'],
      'packages/simulator/RULES.md',
    ],
  ],
  ['Optional', ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md']],
]

const product = 'CallGather'

/** A document without the front matter, the imports and the comments of its format. */
function read(path) {
  const text = readFileSync(join(root, path), 'utf8')
    .replace(/^---\n[\s\S]*?\n---\n/, '')
    .replaceAll(/^import .* from '@storybook\/.*'\n/gm, '')
    .replaceAll(/^<Meta .*\/>\n/gm, '')
    .replaceAll(/^\{\/\*.*\*\/\}\n/gm, '')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
  const heading = /^# (.+)$/m.exec(text)?.[1] ?? path
  return { path, title: heading === product ? basename(path, extname(path)) : heading, text }
}

/** The first sentence of the first paragraph that is plain text. */
function summaryOf({ text }) {
  const prose = text.split('\n\n').find((paragraph) => /^[A-Z]/.test(paragraph) && !paragraph.includes('not on npm'))
  const sentence = /^[\s\S]*?[.:](?=\s|$)/.exec(prose ?? '')?.[0] ?? ''
  return sentence
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1')
    .replace(/[.:]$/, '')
}

function line(document) {
  const summary = summaryOf(document)
  return `- [${document.title}](${document.path})${summary ? `: ${summary}` : ''}`
}

/** Relative links of a document, from the folder of `llms-full.txt`. */
const fromRoot = ({ path, text }) =>
  text.replaceAll(/\]\((?!https?:|#|mailto:)([^)\s]+)\)/g, (_, link) => `](${posix.join(dirname(path), link)})`)

const documents = sections.map(([heading, paths]) => ({ heading, documents: paths.map(read) }))
const readme = read('README.md')
const header = `# ${product}\n\n> ${readme.text
  .split('\n\n')[1]
  .replaceAll(/\s+/g, ' ')
  .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1')}`

const list = documents.map(({ heading, documents }) => `## ${heading}\n\n${documents.map(line).join('\n')}`)
const texts = documents
  .filter(({ heading }) => heading !== 'Optional')
  .flatMap(({ documents }) => documents)
  .map((document) => `<document path="${document.path}">\n\n${fromRoot(document)}\n\n</document>`)

settle(
  new Map([
    [join(root, 'llms.txt'), `${[header, ...list].join('\n\n')}\n`],
    [join(root, 'llms-full.txt'), `${[header, ...texts].join('\n\n')}\n`],
  ]),
  { command: 'pnpm llms:write' },
)
console.log(isWriting ? 'llms.txt and llms-full.txt are written.' : 'llms.txt and llms-full.txt are current.')
