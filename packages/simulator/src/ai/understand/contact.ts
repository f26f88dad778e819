/** What people spell out on the phone: email addresses, telephone numbers, reference codes, web addresses. */
import { type Found, wordsOf } from './found.ts'
import { spokenDigits } from './number-words.ts'

const marks = new Map([
  ['dot', '.'],
  ['point', '.'],
  ['underscore', '_'],
  ['dash', '-'],
  ['hyphen', '-'],
  ['minus', '-'],
  ['plus', '+'],
])
const mark = '(?:dot|point|underscore|dash|hyphen|minus|plus)'
const atom = String.raw`(?:(?:[a-z0-9]\s+)*[a-z0-9]+)`
const local = String.raw`(?:[a-z0-9._+-]+|[a-z0-9](?:\s[a-z0-9])+)(?:\s+${mark}\s+${atom})*`
const spoken = new RegExp(
  String.raw`\b(?<local>${local})\s+at\s+(?<domain>[a-z0-9.-]+(?:\s+(?:dot|point|dash|hyphen)\s+[a-z0-9-]+)*)`,
  'gi',
)
const written = /[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+/gi

/** Every email address in a text, written ("jane@example.com") or spoken ("jane at example dot com"). */
export function findEmails(text: string): Found<string>[] {
  const found: Found<string>[] = Array.from(text.matchAll(written), (match) => ({
    value: match[0].replace(/\.$/, '').toLowerCase(),
    start: match.index,
    end: match.index + match[0].length,
  }))
  for (const match of text.matchAll(spoken)) {
    const domain = joinSpoken(match.groups?.domain ?? '').replace(/\.$/, '')
    if (!/\.[a-z]{2,}$/i.test(domain)) continue
    found.push({
      value: `${joinSpoken(match.groups?.local ?? '')}@${domain}`.toLowerCase(),
      start: match.index,
      end: match.index + match[0].length,
    })
  }
  return found
}

function joinSpoken(text: string): string {
  return text
    .trim()
    .split(/\s+/)
    .map((word) => marks.get(word.toLowerCase()) ?? word)
    .join('')
}

/** Every run of figures, written or spoken, long enough to be a telephone number. */
export function findPhones(text: string): Found<string>[] {
  return findDigitRuns(text, 6).map((run) => ({
    ...run,
    value: /(?:\+|\bplus\s)\s*$/i.test(text.slice(0, run.start)) ? `+${run.value}` : run.value,
  }))
}

/** Runs of at least `least` digits, said as figures, one by one or in groups ("five five five, twelve"). */
export function findDigitRuns(text: string, least: number): Found<string>[] {
  const words = wordsOf(text)
  const found: Found<string>[] = []
  let at = 0
  while (at < words.length) {
    let end = at
    while (
      end < words.length &&
      isDigits(words[end]?.word ?? '') &&
      (end === at || /^[\s,.()/-]*$/.test(text.slice(words[end - 1]?.end, words[end]?.start)))
    )
      end += 1
    const start = words[at]?.start ?? 0
    const stop = words[end - 1]?.end ?? start
    const digits = end === at ? undefined : spokenDigits(text.slice(start, stop))
    if (digits !== undefined && digits.length >= least) found.push({ value: digits, start, end: stop })
    at = Math.max(end, at + 1)
  }
  return found
}

function isDigits(word: string): boolean {
  return word === 'double' || word === 'triple' || spokenDigits(word) !== undefined
}

/** A code as it would be written: letters and figures said one by one are joined ("A B one two" is "AB12"). */
export function asCode(text: string): string {
  let code = ''
  let lastWasSingle = false
  for (const { word, start, end } of wordsOf(text)) {
    const digits = spokenDigits(word)
    const single = digits !== undefined || word.length === 1
    code += (code !== '' && !single && !lastWasSingle ? ' ' : '') + (digits ?? text.slice(start, end))
    lastWasSingle = single
  }
  return code
}

/** A web address: "example dot com slash help", with `https://` put before it where the caller left it out. */
export function asUri(text: string): string {
  const joined = joinSpoken(text.replace(/\bslash\b/gi, '/').replace(/\bcolon\b/gi, ':'))
  return /^[a-z][a-z0-9+.-]*:/i.test(joined) ? joined : `https://${joined}`
}
