/**
 * Numbers as people say them: "29", "1,200", "minus four", "twenty-nine", "a hundred and five", "two point five",
 * "nineteen ninety-one". Spoken numbers have no spelling rules worth a grammar library; a small left-to-right reader does.
 */
import { type Found, type Word, wordsOf } from './found.ts'

const small = new Map(
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'
    .split(' ')
    .map((word, value) => [word, value] as const),
)
const tens = new Map(
  'twenty thirty forty fifty sixty seventy eighty ninety'
    .split(' ')
    .map((word, index) => [word, (index + 2) * 10] as const),
)
const scales = new Map([
  ['thousand', 1e3],
  ['million', 1e6],
  ['billion', 1e9],
])
const ordinals = new Map(
  'zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth'
    .split(' ')
    .map((word, value) => [word, value] as const),
)
for (const [word, value] of [
  ['twentieth', 20],
  ['thirtieth', 30],
] as const)
  ordinals.set(word, value)

/** Every number said in a text, in order. */
export function findNumbers(text: string): Found<number>[] {
  const words = wordsOf(text)
  const found: Found<number>[] = []
  let at = 0
  while (at < words.length) {
    const read = readFigures(text, words, at) ?? readWords(text, words, at)
    if (read === undefined) {
      at += 1
      continue
    }
    found.push(withSign(text, words, at, read.found))
    at = read.next
  }
  return found
}

/** The position an ordinal names: "first" is 1, "twenty-first" is 21, "3rd" is 3. */
export function findOrdinals(text: string): Found<number>[] {
  const words = wordsOf(text)
  return words.flatMap(({ word, start, end }, index) => {
    const figures = /^(\d+)(?:st|nd|rd|th)$/.exec(word)?.[1]
    if (figures !== undefined) return [{ value: Number(figures), start, end }]
    const value = ordinals.get(word)
    if (value === undefined) return []
    const before = words[index - 1]
    const ten = before === undefined || value > 9 ? undefined : tens.get(before.word)
    return [
      ten === undefined || before === undefined
        ? { value, start, end }
        : { value: ten + value, start: before.start, end },
    ]
  })
}

/**
 * The text with spoken numbers and ordinals in figures, so that a reader of dates or times sees only figures, and a way
 * back to the place in the original text.
 */
export function inFigures(text: string): { text: string; origin(index: number): number } {
  const ordinalsFound = findOrdinals(text).map((found) => ({ ...found, figures: ordinalFigures(found.value) }))
  const numbers = findNumbers(text)
    // What is in figures already stays as it is: "1:05" is no "1:5".
    .filter(({ start }) => !/[\d-]/.test(text[start] ?? ''))
    .filter((number) => !ordinalsFound.some((ordinal) => number.start < ordinal.end && ordinal.start < number.end))
    .map((found) => ({ ...found, figures: String(found.value) }))
  const parts = [...ordinalsFound, ...numbers].sort((one, other) => one.start - other.start)
  const marks: { to: number; from: number }[] = [{ to: 0, from: 0 }]
  let out = ''
  let from = 0
  for (const part of parts) {
    out += text.slice(from, part.start) + part.figures
    from = part.end
    marks.push({ to: out.length, from })
  }
  out += text.slice(from)
  return {
    text: out,
    origin(index) {
      const mark = marks.findLast(({ to }) => to <= index) ?? { to: 0, from: 0 }
      return Math.min(text.length, mark.from + (index - mark.to))
    },
  }
}

/** Figures one by one as people say them: "double five, oh, three" is "5503"; undefined when a word is not a digit. */
export function spokenDigits(text: string): string | undefined {
  let digits = ''
  let times = 1
  for (const { word } of wordsOf(text)) {
    const repeat = word === 'double' ? 2 : word === 'triple' ? 3 : undefined
    if (repeat !== undefined) {
      times = repeat
      continue
    }
    const digit = /^\d+$/.test(word) ? word : word === 'oh' || word === 'o' ? '0' : spokenDigit(word)
    if (digit === undefined) return undefined
    digits += digit.repeat(times)
    times = 1
  }
  return digits === '' ? undefined : digits
}

function spokenDigit(word: string): string | undefined {
  const value = small.get(word) ?? tens.get(word)
  return value === undefined ? undefined : String(value)
}

function ordinalFigures(value: number): string {
  const teen = value % 100 >= 11 && value % 100 <= 13
  const suffix = teen ? 'th' : (['th', 'st', 'nd', 'rd'][value % 10] ?? 'th')
  return `${value}${suffix}`
}

interface Reading {
  found: Found<number>
  next: number
}

/** "29", "1,200", "3.5": words of figures, joined over thousands separators and a decimal point. */
function readFigures(text: string, words: Word[], at: number): Reading | undefined {
  const first = words[at]
  if (first === undefined || !/^\d+$/.test(first.word)) return undefined
  let figures = first.word
  let end = first.end
  let next = at + 1
  while (
    text[end] === ',' &&
    /^\d{3}$/.test(words[next]?.word ?? '') &&
    words[next]?.start === end + 1 &&
    figures.length <= 12
  ) {
    figures += words[next]?.word ?? ''
    end = words[next]?.end ?? end
    next += 1
  }
  if (text[end] === '.' && /^\d+$/.test(words[next]?.word ?? '') && words[next]?.start === end + 1) {
    figures += `.${words[next]?.word ?? ''}`
    end = words[next]?.end ?? end
    next += 1
  }
  const scale = scales.get(words[next]?.word ?? '')
  if (scale !== undefined)
    return {
      found: { value: Number(figures) * scale, start: first.start, end: words[next]?.end ?? end },
      next: next + 1,
    }
  return { found: { value: Number(figures), start: first.start, end }, next }
}

/** "twenty-nine", "a hundred and five", "two thousand and one", "three point one four", "two and a half". */
function readWords(text: string, words: Word[], at: number): Reading | undefined {
  const first = words[at]
  if (first === undefined) return undefined
  const joined = (index: number) =>
    index === at || /^[\s-]*$/.test(text.slice(words[index - 1]?.end, words[index]?.start))
  let total = 0
  let group: number | undefined
  let end = first.end
  let next = at
  if (first.word === 'a' || first.word === 'an') {
    const round = { hundred: 100, thousand: 1000, million: 1e6, dozen: 12, couple: 2 }[words[at + 1]?.word ?? '']
    if (round === undefined || !joined(at + 1)) return undefined
    group = round === 100 || round < 20 ? round : 0
    total = round > 100 ? round : 0
    end = words[at + 1]?.end ?? end
    next = at + 2
  }
  let last: 'unit' | 'ten' | 'hundred' | 'scale' | 'none' = next > at ? 'hundred' : 'none'
  while (next < words.length && joined(next)) {
    const word = words[next]?.word ?? ''
    const unit = small.get(word)
    const ten = tens.get(word)
    const scale = scales.get(word)
    if (
      unit !== undefined &&
      (last === 'none' || last === 'hundred' || last === 'scale' || (last === 'ten' && unit > 0 && unit < 10))
    ) {
      group = (group ?? 0) + unit
      last = 'unit'
    } else if (ten !== undefined && (last === 'none' || last === 'hundred' || last === 'scale')) {
      group = (group ?? 0) + ten
      last = 'ten'
    } else if (
      ten !== undefined &&
      total === 0 &&
      group !== undefined &&
      group >= 11 &&
      group <= 20 &&
      (last === 'unit' || last === 'ten')
    ) {
      // A year said in two halves: "nineteen ninety", "twenty twenty".
      group = group * 100 + ten
      last = 'ten'
    } else if (unit !== undefined && unit >= 10 && total === 0 && group === 20 && last === 'ten') {
      group = 2000 + unit
      last = 'unit'
    } else if (word === 'hundred' && group !== undefined && group > 0 && group < 100) {
      group *= 100
      last = 'hundred'
    } else if (scale !== undefined && group !== undefined && group > 0) {
      total += group * scale
      group = 0
      last = 'scale'
    } else if (
      word === 'and' &&
      (last === 'hundred' || last === 'scale') &&
      isNumberWord(words[next + 1]?.word) &&
      joined(next + 1)
    ) {
      next += 1
      continue
    } else break
    end = words[next]?.end ?? end
    next += 1
  }
  if (group === undefined) return undefined
  let value = total + group
  if (words[next]?.word === 'point' && spokenDigit(words[next + 1]?.word ?? '') !== undefined) {
    let decimals = ''
    next += 1
    for (
      let digit = small.get(words[next]?.word ?? '');
      digit !== undefined && digit < 10;
      digit = small.get(words[next]?.word ?? '')
    ) {
      decimals += digit
      end = words[next]?.end ?? end
      next += 1
    }
    value = Number(`${value}.${decimals || '0'}`)
  } else if (words[next]?.word === 'and' && words[next + 1]?.word === 'a' && words[next + 2]?.word === 'half') {
    value += 0.5
    end = words[next + 2]?.end ?? end
    next += 3
  }
  return { found: { value, start: first.start, end }, next }
}

function isNumberWord(word: string | undefined): boolean {
  return word !== undefined && (small.has(word) || tens.has(word))
}

function withSign(text: string, words: Word[], at: number, found: Found<number>): Found<number> {
  const before = words[at - 1]
  if (before !== undefined && (before.word === 'minus' || before.word === 'negative'))
    return { ...found, value: -found.value, start: before.start }
  const lead = text.slice(Math.max(0, found.start - 2), found.start)
  return /(?:^|[\s(])[-−]$/.test(lead) || lead === '-'
    ? { ...found, value: -found.value, start: found.start - 1 }
    : found
}
