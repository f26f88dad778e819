/** The code blocks of the documents compile, and their commands, options, variables, links and names exist. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compile } from './compile.ts'
import {
  allDocComments,
  allDocuments,
  type Block,
  blocksOf,
  filesIn,
  isCode,
  type Problem,
  programsOf,
  publishedNames,
  root,
} from './documents.ts'
import { anchorsOf, checkLinks, checkOwnLinks, storybookIds } from './links.ts'
import { checkExample, checkJson, checkYaml, readHtml } from './markup.ts'
import { checkShell, checkVariables, commandsOf, type Options } from './shell.ts'

const documents = allDocuments()
const comments = allDocComments()
/** The API reference is written from the doc comments, and its blocks are signatures. */
const sources = [...documents.filter(({ path }) => !path.startsWith('docs/api/')), ...comments]
const blocks = sources.flatMap(blocksOf)
const unmarked = blocks.filter(({ mark }) => mark === 'none')
const ofLanguage = (...languages: readonly string[]) => unmarked.filter(({ language }) => languages.includes(language))
const unchecked = blocks.filter(({ mark }) => mark === 'unchecked')

/** Files that only the tools of their framework read, which the examples run. */
const isTemplate = ({ language }: Block) => language === 'vue' || language === 'svelte'
const excerpts = blocks.filter((block) => block.mark === 'example' || (block.mark === 'none' && isTemplate(block)))

/** Languages that are no code, or that another check reads: `examples/embed/embed.test.ts` the policies in `http`. */
const OTHER = ['', 'text', 'css', 'http']
const SHELL = ['sh', 'bash']
const MARKUP = ['html', 'json', 'jsonc', 'yaml', 'yml']

/** The compiler shares the machine with other tests. */
const PATIENCE_MS = 120_000

/** The options that the source of a command line program names. */
const optionsOf = (program: string) => new Set(readFileSync(join(root, program), 'utf8').match(/--[a-z][a-z-]*/g))

describe('The code blocks of the documents and the doc comments', () => {
  it(
    'compile against the sources of the packages: TypeScript under `strict`, JavaScript with `checkJs`',
    () => {
      const programs = sources.flatMap((source) => programsOf(blocksOf(source)))
      const scripts = ofLanguage('html').flatMap((block) => readHtml(block).scripts)
      expect(programs.length).toBeGreaterThan(30)
      expect(compile([...programs, ...scripts])).toEqual([])
    },
    PATIENCE_MS,
  )

  it(`are excerpts of an example where they are marked so, or are templates of Vue or Svelte: ${excerpts.length}`, () => {
    expect(excerpts.length).toBeGreaterThan(5)
    expect(excerpts.flatMap(checkExample)).toEqual([])
  })

  it('are well-formed HTML, JSON and YAML, with elements and attributes that exist', () => {
    expect(ofLanguage('html').flatMap((block) => readHtml(block).problems)).toEqual([])
    expect(ofLanguage('json', 'jsonc').flatMap(checkJson)).toEqual([])
    expect(ofLanguage('yaml', 'yml').flatMap(checkYaml)).toEqual([])
  })

  it('are shell scripts of commands, scripts, packages, options and files that exist', () => {
    const options: Options = {
      'callgather-server': optionsOf('packages/server/src/server/cli.ts'),
      'callgather-simulator': optionsOf('packages/simulator/src/simulator/command-line.ts'),
      'pnpm bench': optionsOf('benchmarks/main.ts'),
    }
    const checked = sources.flatMap((source) =>
      blocksOf(source)
        .filter(({ language, mark }) => SHELL.includes(language) && mark === 'none')
        .flatMap((block) => checkShell(block, options, source)),
    )
    expect(checked).toEqual([])
  })

  it(`are read by a check, except ${unchecked.length} that state why not`, () => {
    const known = [...OTHER, ...SHELL, ...MARKUP]
    const unread = unmarked
      .filter((block) => !isCode(block) && !isTemplate(block) && !known.includes(block.language))
      .map(({ path, line, language }) => `${path}:${line} is in ${language}. Mark it \`unchecked: REASON\`.`)
    expect(unread).toEqual([])
    expect(unchecked.length).toBeLessThanOrEqual(12)
  })
})

describe('The documents', () => {
  it('name only environment variables that a source reads', () => {
    expect(sources.flatMap(checkVariables)).toEqual([])
  })

  it('name only theme variables that a style sheet or a component reads', () => {
    const known = new Set(
      filesIn('packages/react/src', (file) => /\.(css|tsx?)$/.test(file)).flatMap(
        (file) => readFileSync(join(root, file), 'utf8').match(/--cg-[a-z][a-z-]*[a-z]/g) ?? [],
      ),
    )
    const problems = documents.flatMap(({ path, text }) =>
      text
        .split('\n')
        .flatMap((line, nth) =>
          (line.match(/--cg-[a-z][a-z-]*[a-z]\b/g) ?? [])
            .filter((name) => !known.has(name))
            .map((name): Problem => `${path}:${nth + 1} names ${name}, which nothing reads`),
        ),
    )
    expect(problems).toEqual([])
  })

  it('link only to files, headings and pages of Storybook that exist', async () => {
    const ids = await storybookIds(documents)
    expect(documents.flatMap((source) => checkLinks(source, ids))).toEqual([])
  })

  it('are linked from manifests and sources at paths that exist', () => {
    const manifests = publishedNames().map((name) => `packages/${name}/package.json`)
    const code = publishedNames().flatMap((name) => filesIn(`packages/${name}/src`, (file) => /\.tsx?$/.test(file)))
    const texts = [...manifests, ...code].map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
    expect(texts.flatMap(checkOwnLinks)).toEqual([])
  })
})

describe('The doc comments', () => {
  it('link only to names that the package exports', () => {
    const EXPORT =
      /^export (?:declare )?(?:abstract )?(?:async )?(?:type|interface|const|let|function|class|namespace) (\w+)/gm
    const exported = new Map(
      publishedNames().map((name) => {
        const folder = join(root, 'packages', name, 'api')
        const reports = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'))
        return [name, new Set(reports.flatMap((report) => [...report.matchAll(EXPORT)].map(([, it = '']) => it)))]
      }),
    )
    const problems = comments.flatMap(({ path, text }) =>
      [...text.matchAll(/\{@link(?:code|plain)? +(?<name>\w+)(?![:\w])/g)]
        .filter(({ groups }) => !exported.get(path.split('/')[1] ?? '')?.has(groups?.name ?? ''))
        .map(({ groups, index }) => `${path}:${text.slice(0, index).split('\n').length} links to ${groups?.name}`),
    )
    expect(problems).toEqual([])
  })

  it('keep the code of an `@example` in a fenced block', () => {
    const bare = comments.flatMap(({ path, text }) =>
      [...text.matchAll(/^@example(?:[ \t][^\n]*)?\n(?!\s*```)/gm)].map(
        ({ index }) => `${path}:${text.slice(0, index).split('\n').length} has an @example without a fence`,
      ),
    )
    expect(bare).toEqual([])
  })
})

describe('The readers of documents', () => {
  it('split a script into commands, with quotes, comments and substitutions', () => {
    const script = `A=1 npx tool --x 'a # b' # comment; not\n  && b \\\n  "c d" | e\nf $(g --h)\ncat <<'END'\nnpm run x\nEND\n`
    expect(commandsOf(script).map(({ words }) => words)).toEqual([
      ['A=1', 'npx', 'tool', '--x', 'a # b'],
      ['b', 'c d'],
      ['e'],
      ['g', '--h'],
      ['f', '$()'],
      ['cat', '<<END'],
    ])
  })

  it('report an unknown script, program, option and package with the line of its command', () => {
    const source = { path: 'README.md', text: '' }
    const code = 'npm start\nnpm run strat\nnpx callgather-server --prot 1\nnpx vitset\nnpm i lft-pad\n'
    const block: Block = { path: 'README.md', line: 10, language: 'sh', mark: 'none', reason: '', code }
    const problems = checkShell(block, { 'callgather-server': new Set(['--help']) }, source)
    expect(problems.map((problem) => problem.split(',')[0])).toEqual([
      'README.md:12 names the script strat',
      'README.md:13 passes --prot',
      'README.md:14 runs vitset',
      'README.md:15 installs lft-pad',
    ])
  })

  it(
    'report a program that does not compile with its document and line',
    () => {
      const text = "import { createGatherClint } from '@callgather/react'\n"
      const [problem, ...others] = compile([{ path: 'README.md', line: 1, file: 'mistake.ts', text: `\n${text}` }])
      expect(problem).toContain("README.md:2 '\"@callgather/react\"' has no exported member named 'createGatherClint'")
      expect(others).toEqual([])
    },
    PATIENCE_MS,
  )

  it('report an unknown element, attribute and parse error of HTML', () => {
    const code =
      '<callgather-pannel></callgather-pannel>\n<callgather-panel call="v3:a"></callgather-panel>\n<p a="1" a="2">\n'
    const block: Block = { path: 'a.md', line: 1, language: 'html', mark: 'none', reason: '', code }
    expect(readHtml(block).problems.sort()).toEqual([
      'a.md:2 has the unknown element <callgather-pannel>',
      'a.md:3 has the unknown attribute call on <callgather-panel>',
      'a.md:4 is no HTML: duplicate-attribute',
    ])
  })

  it('report a link to a missing file, heading and page', () => {
    const text = '# A `b` c\n\n[a](#a-b-c) [b](#d) [c](nowhere.md) [d](LICENSE) [e](?path=/docs/x--docs)\n'
    const source = { path: 'README.md', text }
    expect(checkLinks(source, new Set())).toEqual([
      'README.md:3 links to #d: the document has no such heading',
      'README.md:3 links to nowhere.md: there is no such file',
      'README.md:3 links to ?path=/docs/x--docs: Storybook has no such page',
    ])
    expect([...anchorsOf({ path: 'a.md', text: '# A\n```sh\n# no heading\n```\n## A\n' })]).toEqual(['a', 'a-1'])
  })

  it('reject an unknown mark', () => {
    expect(() => blocksOf({ path: 'a.md', text: '\n```ts wip\n```\n' })).toThrow('a.md:2 has the unknown mark "wip"')
  })
})
