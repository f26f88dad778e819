/** One of several named options, said loosely: "the medium one", "uh, premium please", "second". */
import { type Found, wordsOf } from './found.ts'
import { findNumbers, findOrdinals } from './number-words.ts'

/** An option: the value the schema wants, and the words a person would use for it. */
export interface Choice {
  value: unknown
  label: string
}

const idle = new Set('a an the one of option choice please and or to for with my i is it in on at that this'.split(' '))

/** Options named in a text, best match first at each place; `asked` also allows positions ("the second one"). */
export function findChoices(text: string, choices: readonly Choice[], asked = false): Found<unknown>[] {
  const exact = choices.flatMap((choice) => spansOf(text, choice))
  if (exact.length > 0) return longestFirst(exact)
  const loose = looseMatch(text, choices)
  if (loose !== undefined) return [loose]
  const numbers = findNumbers(text)
  const byNumber = numbers.flatMap((number) =>
    choices.filter(({ value }) => value === number.value).map(({ value }) => ({ ...number, value })),
  )
  if (byNumber.length > 0) return byNumber
  if (!asked) return []
  return findOrdinals(text).flatMap(({ value, start, end }) => {
    const choice = choices[value - 1]
    return choice === undefined ? [] : [{ value: choice.value, start, end }]
  })
}

function spansOf(text: string, choice: Choice): Found<unknown>[] {
  const wanted = wordsOf(choice.label).map(({ word }) => word)
  if (wanted.length === 0) return []
  const words = wordsOf(text)
  return words.flatMap((_, at) => {
    const matches = wanted.every((word, offset) => sameWord(words[at + offset]?.word ?? '', word))
    const first = words[at]
    const last = words[at + wanted.length - 1]
    return matches && first !== undefined && last !== undefined
      ? [{ value: choice.value, start: first.start, end: last.end }]
      : []
  })
}

/** Singular or plural, or a currency by its name: "mushroom" is "mushrooms", "euros" is EUR. */
function sameWord(said: string, wanted: string): boolean {
  return (
    said === wanted ||
    (said.length > 3 && said.replace(/s$/, '') === wanted.replace(/s$/, '')) ||
    currencies[wanted]?.test(said) === true
  )
}

const currencies: Readonly<Record<string, RegExp>> = {
  eur: /^euros?$/,
  usd: /^dollars?$/,
  gbp: /^pounds?$/,
  chf: /^francs?$/,
  jpy: /^yen$/,
}

/** "large" and "extra large" both match "extra large": the longer reading stands. */
function longestFirst(found: Found<unknown>[]): Found<unknown>[] {
  const kept: Found<unknown>[] = []
  for (const one of [...found].sort((a, b) => b.end - b.start - (a.end - a.start))) {
    if (!kept.some((other) => one.start < other.end && other.start < one.end)) kept.push(one)
  }
  return kept.sort((a, b) => a.start - b.start)
}

/** The one option that shares most telling words with the text; none where two share equally many. */
function looseMatch(text: string, choices: readonly Choice[]): Found<unknown> | undefined {
  const said = wordsOf(text).filter(({ word }) => !idle.has(word))
  const scored = choices
    .map((choice) => {
      const wanted = wordsOf(choice.label).filter(({ word }) => !idle.has(word))
      const hits = said.filter(({ word }) => wanted.some((other) => alike(word, other.word)))
      return { choice, hits }
    })
    .filter(({ hits }) => hits.length > 0)
    .sort((one, other) => other.hits.length - one.hits.length)
  const [best, next] = scored
  if (best === undefined || best.hits.length === next?.hits.length) return undefined
  const first = best.hits[0]
  const last = best.hits.at(-1)
  return first === undefined || last === undefined
    ? undefined
    : { value: best.choice.value, start: first.start, end: last.end }
}

function alike(one: string, other: string): boolean {
  if (one === other || stem(one) === stem(other)) return true
  const short = Math.min(one.length, other.length)
  if (short >= 4 && (one.startsWith(other) || other.startsWith(one))) return true
  return short >= 5 && distanceAtMostOne(one, other)
}

function stem(word: string): string {
  return word.length > 4 ? word.replace(/(?:ings?|ers?|ies|es|s|ed|ly|y)$/, '') : word.replace(/s$/, '')
}

function distanceAtMostOne(one: string, other: string): boolean {
  if (Math.abs(one.length - other.length) > 1) return false
  let at = 0
  while (at < one.length && one[at] === other[at]) at += 1
  return (
    one.slice(at + 1) === other.slice(at + 1) ||
    one.slice(at) === other.slice(at + 1) ||
    one.slice(at + 1) === other.slice(at)
  )
}
