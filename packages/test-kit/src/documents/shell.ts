/** Reads the shell blocks of documents: their syntax, and whether the commands, options and variables in them exist. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Block, filesIn, type Problem, root, type Source } from './documents.ts'

/** One command: its words, and the line of the block that it starts in. */
interface Command {
  readonly words: readonly string[]
  readonly line: number
}

const HERE_DOCUMENT = /(<<-?(['"]?)(\w+)\2[^\n]*\n)([\s\S]*?)^\3$/gm

/** Splits a script into commands. Quotes and substitutions are understood as far as documents use them. */
export function commandsOf(text: string): Command[] {
  const script = text.replaceAll(
    HERE_DOCUMENT,
    (_, start: string, _quote, _end, body: string) => start + body.replaceAll(/[^\n]/g, ''),
  )
  const commands: Command[] = []
  let words: string[] = []
  let word = ''
  let quote = ''
  let line = 0
  const endWord = () => {
    if (word !== '') words.push(word)
    word = ''
  }
  const endCommand = (at: number) => {
    endWord()
    if (words.length > 0) commands.push({ words, line: at })
    words = []
  }
  for (let at = 0; at < script.length; at++) {
    const char = script[at] ?? ''
    const isNewline = char === '\n'
    if (isNewline) line++
    if (quote !== "'" && char === '\\') {
      if (script[at + 1] === '\n') line++
      else word += script[at + 1] ?? ''
      at++
    } else if (quote !== "'" && script.startsWith('$(', at)) {
      const end = endOfSubstitution(script, at + 2)
      commands.push(...commandsOf(script.slice(at + 2, end)).map((inner) => ({ ...inner, line: inner.line + line })))
      word += '$()'
      at = end
    } else if (quote !== '') {
      if (char === quote) quote = ''
      else word += char
    } else if (char === "'" || char === '"') quote = char
    else if (char === '#' && word === '') at = `${script}\n`.indexOf('\n', at) - 1
    else if (isNewline || char === ';' || char === '|' || char === '&') endCommand(isNewline ? line - 1 : line)
    else if (/\s/.test(char)) endWord()
    else word += char
  }
  endCommand(line)
  return commands
}

function endOfSubstitution(script: string, from: number): number {
  let depth = 1
  for (let at = from; at < script.length; at++) {
    if (script[at] === '(') depth++
    if (script[at] === ')' && --depth === 0) return at
  }
  return script.length
}

const ASSIGNMENT = /^[A-Z_]+=/

/** The command line programs that a reader starts, and the options that each one's help text names. */
export type Options = Readonly<Record<string, ReadonlySet<string>>>

/** The folders of manifests whose scripts and programs a document may name. */
const FOLDERS = [
  '',
  'examples',
  'apps/console',
  ...['server', 'react', 'simulator', 'embed'].map((it) => `packages/${it}`),
]

const scriptsOf = (folder: string): object => {
  const path = join(root, folder, 'package.json')
  if (!existsSync(path)) return {}
  return (JSON.parse(readFileSync(path, 'utf8')) as { scripts?: object }).scripts ?? {}
}

/** The scripts of a project that `npm create vite` makes. */
const VITE_SCRIPTS = ['dev', 'build', 'preview']

const hasScript = (name: string, { path, text }: Source) =>
  name in scriptsOf('') ||
  name in scriptsOf(dirname(path)) ||
  (/npm create vite/.test(text) && VITE_SCRIPTS.includes(name))

/** Tools of a reader that the workspace does without. */
const ELSEWHERE = ['@playwright/test', 'jest', '@jest/globals', 'jest-environment-jsdom', '@swc/core', '@swc/jest']

const isInstalled = (name: string) =>
  ELSEWHERE.includes(name) ||
  FOLDERS.some((folder) => existsSync(join(root, folder, 'node_modules', name, 'package.json')))
const hasProgram = (name: string) => FOLDERS.some((folder) => existsSync(join(root, folder, 'node_modules/.bin', name)))

const OWN_PACKAGE = /^@callgather\/(\w+)$/

/** What is wrong with one command of a document. */
function faultsOf(words: readonly string[], options: Options, source: Source): string[] {
  const rest = words.filter((word, nth) => !(nth === 0 && ['export', 'exec', 'sudo', 'time'].includes(word)))
  const start = rest.findIndex((word) => !ASSIGNMENT.test(word))
  const [name = '', ...args] = start < 0 ? [] : rest.slice(start)
  if (name === 'pnpm' && args[0] === 'bench') return optionFaults('pnpm bench', args, options)
  if (name === 'npm' || name === 'pnpm') return npmFaults(name, args, source)
  if (name === 'npx') return npxFaults(args, options)
  if (/^callgather-(server|simulator)$/.test(name)) return optionFaults(name, args, options)
  return []
}

function npmFaults(manager: string, args: readonly string[], source: Source): string[] {
  const [command = '', ...rest] = args.filter((word) => !word.startsWith('-'))
  if (command === 'run' || command === 'test' || command === 'start') {
    const script = command === 'run' ? (rest[0] ?? '') : command
    return hasScript(script, source) ? [] : [`names the script ${script}, which no package.json has`]
  }
  if (['i', 'install', 'add', 'ci'].includes(command))
    return rest
      .filter((word) => !/\.tgz$|^[A-Z]+$/.test(word) && !word.startsWith('.'))
      .map((word) => word.replace(/(?<=.)@[^/]*$/, ''))
      .filter((word) => !OWN_PACKAGE.test(word) && !isInstalled(word))
      .map((word) => `installs ${word}, which no package of the workspace uses`)
  if (manager === 'npm')
    return ['create', 'exec', 'pack', 'init'].includes(command) ? [] : [`has no command ${command}`]
  return ['exec', 'dlx'].includes(command) || hasScript(command, source) ? [] : [`names no script: ${command}`]
}

function npxFaults(args: readonly string[], options: Options): string[] {
  const named = args.flatMap((word, nth) => (word === '-p' || word === '--package' ? [args[nth + 1] ?? ''] : []))
  const unknown = named.filter((name) => !OWN_PACKAGE.test(name) && !isInstalled(name))
  const words = args.filter(
    (word, nth) => !/^(-p|--package|-y|--yes)$/.test(word) && !/^(-p|--package)$/.test(args[nth - 1] ?? ''),
  )
  const [command = '', ...rest] = words
  const [, own] = OWN_PACKAGE.exec(command.replace(/(?<=.)@[^/]*$/, '')) ?? []
  const program = own ? `callgather-${own}` : command
  return [
    ...unknown.map((name) => `runs the package ${name}, which no package of the workspace uses`),
    ...(program in options
      ? optionFaults(program, rest, options)
      : hasProgram(program)
        ? []
        : [`runs ${program}, which does not exist`]),
  ]
}

function optionFaults(program: string, args: readonly string[], options: Options): string[] {
  const end = args.indexOf('--')
  return (end < 0 ? args : args.slice(0, end))
    .filter((word) => word.startsWith('--'))
    .map((word) => word.replace(/=.*/, ''))
    .filter((option) => !options[program]?.has(option))
    .map((option) => `passes ${option}, which ${program} does not have`)
}

/** Checks one shell block. */
export function checkShell(block: Block, options: Options, source: Source): Problem[] {
  const { path, line, code } = block
  const { stderr, status } = spawnSync('bash', ['-n'], { input: code, encoding: 'utf8' })
  const syntax = status === 0 ? [] : [`${path}:${line} is no shell script: ${stderr.trim()}`]
  const commands = commandsOf(code).flatMap((command) =>
    faultsOf(command.words, options, source).map(
      (fault) => `${path}:${line + 1 + command.line} ${fault}: ${command.words.join(' ')}`,
    ),
  )
  const files = [
    ...code.matchAll(/(?<=^|[\s=])(?:\.\/)?((?:deploy|examples|packages|docs|scripts|benchmarks)\/[\w./-]+)/gm),
  ]
    .filter(([, file = '']) => !existsSync(join(root, file)))
    .map(([, file]) => `${path}:${line} names ${file}, which does not exist`)
  return [...syntax, ...commands, ...files]
}

const VARIABLE = /\b(?:CALLGATHER|TELNYX)_[A-Z0-9_]*[A-Z0-9]\b/g

const variablesIn = (folder: string): string[] =>
  filesIn(folder, (file) => /\.[cm]?[jt]sx?$/.test(file)).flatMap(
    (file) => readFileSync(join(root, file), 'utf8').match(VARIABLE) ?? [],
  )

let known: ReadonlySet<string> | undefined

/** Finds environment variables of the product that no source reads. */
export function checkVariables({ path, text }: Source): Problem[] {
  known ??= new Set([
    ...['server', 'react', 'embed', 'simulator', 'test-kit'].flatMap((name) => variablesIn(`packages/${name}/src`)),
    ...['scripts', 'benchmarks', 'examples', 'apps/console/e2e', 'apps/console/src'].flatMap(variablesIn),
  ])
  return text
    .split('\n')
    .flatMap((line, nth) =>
      (line.match(VARIABLE) ?? [])
        .filter((name) => !known?.has(name))
        .map((name) => `${path}:${nth + 1} names ${name}, which no source reads`),
    )
}
