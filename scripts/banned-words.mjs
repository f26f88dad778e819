// Finds the words that the style guide bans, in prose and inside identifiers. docs/glossary.md says what to write instead.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const banned = [
  'told',
  'tells',
  'nobody',
  'whoever',
  'anew',
  'heed',
  'fruitless',
  'spoilt',
  'vouch',
  'let go',
  'fewest',
]
const pattern = new RegExp(`\\b(${banned.join('|')})(?:s|ed|ing)?\\b`, 'i')

/** Changelogs quote history, lock files are generated, and this file and its test name the words. */
const isExempt = (path) =>
  /(^|\/)(CHANGELOG\.md|pnpm-lock\.yaml|package-lock\.json|banned-words\.(test\.ts|mjs))$/.test(path) ||
  /\.(png|jpe?g|gif|ico|woff2?|wav|mp3|db|gz)$/.test(path)

/** `isAnyoneTold` and `NOBODY_HERE` as words. */
const asWords = (line) => line.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/[_-]/g, ' ')

/** Each banned word of a text, with its line number from 1. */
export function bannedWordsIn(text) {
  return text.split('\n').flatMap((line, index) => {
    const found = pattern.exec(asWords(line))
    return found ? [{ line: index + 1, word: found[1].toLowerCase(), text: line.trim() }] : []
  })
}

function main() {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const list = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard', ...process.argv.slice(2)],
    { cwd: root },
  )
  let count = 0
  for (const path of list
    .toString()
    .split('\0')
    .filter((name) => name && !isExempt(name))) {
    for (const { line, word, text } of [
      ...bannedWordsIn(path),
      ...bannedWordsIn(readFileSync(join(root, path), 'utf8')),
    ]) {
      count += 1
      console.error(`${path}:${line}: banned word "${word}": ${text.slice(0, 120)}`)
    }
  }
  if (count === 0) return
  console.error(`${count} banned words. Say it in the words of docs/glossary.md.`)
  process.exitCode = 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
