/** Times of day as people say them: "10:30", "half past ten", "quarter to three", "3 pm", "ten in the morning", "noon". */
import type { Found } from './found.ts'
import { plainAnswer } from './free-text.ts'
import { inFigures } from './number-words.ts'

/** A time of day, 24-hour. */
export interface TimeOfDay {
  hour: number
  minute: number
}

const named = new Map<string, TimeOfDay>([
  ['noon', { hour: 12, minute: 0 }],
  ['midday', { hour: 12, minute: 0 }],
  ['midnight', { hour: 0, minute: 0 }],
])

const part = String.raw`(?:\s*(?<half>a\.?m\.?|p\.?m\.?)(?![a-z])|\s+(?:in the\s+|at\s+)?(?<part>morning|afternoon|evening|night))?`
const patterns: { source: RegExp; needs: 'nothing' | 'mark' }[] = [
  {
    source: new RegExp(String.raw`\b(?<to>half past|quarter past|quarter to)\s+(?<h>\d{1,2})${part}`, 'gi'),
    needs: 'nothing',
  },
  {
    source: new RegExp(String.raw`(?<![\d.:])(?<h>\d{1,2})\s*[:.h]\s*(?<m>[0-5]\d)(?::\d\d)?(?!\d|\.\d)${part}`, 'gi'),
    needs: 'nothing',
  },
  {
    source: new RegExp(
      String.raw`(?<at>\bat\s+|\baround\s+|\babout\s+)?\b(?<h>\d{1,2})\s+(?<m>[0-5]\d)\b${part}`,
      'gi',
    ),
    needs: 'mark',
  },
  {
    source: new RegExp(
      String.raw`(?<at>\bat\s+)?\b(?<h>\d{1,2})(?<oclock>\s*o['’]?\s?clock)?${part}(?![\d:.]\d|st|nd|rd|th)`,
      'gi',
    ),
    needs: 'mark',
  },
]

/**
 * Every time of day said in a text. `bare` also takes a number that is the whole answer ("ten") as an hour, which is right only when a
 * time was asked for.
 */
export function findTimes(text: string, bare = false): Found<TimeOfDay>[] {
  const figures = inFigures(text)
  const lone = plainAnswer(figures.text).replace(/^(?:at|around|about|by|maybe)\s+/i, '')
  const found: Found<TimeOfDay>[] = []
  const add = (time: Found<TimeOfDay>) => {
    if (!found.some((other) => time.start < other.end && other.start < time.end)) found.push(time)
  }
  for (const match of figures.text.matchAll(/\b(noon|midday|midnight)\b/gi)) {
    const value = named.get(match[0].toLowerCase())
    if (value !== undefined)
      add({ value, start: figures.origin(match.index), end: figures.origin(match.index + match[0].length) })
  }
  for (const { source, needs } of patterns) {
    for (const match of figures.text.matchAll(source)) {
      const groups = match.groups ?? {}
      const marked = [groups.half, groups.part, groups.at, groups.oclock].some((mark) => mark !== undefined)
      if (needs === 'mark' && !marked && !(bare && match[0].trim() === lone)) continue
      const value = timeOf(groups)
      if (value === undefined) continue
      add({ value, start: figures.origin(match.index), end: figures.origin(match.index + match[0].length) })
    }
  }
  return found.sort((one, other) => one.start - other.start)
}

function timeOf(groups: Record<string, string | undefined>): TimeOfDay | undefined {
  let hour = Number(groups.h)
  let minute = Number(groups.m ?? 0)
  if (hour > 23 || minute > 59) return undefined
  const half =
    groups.half?.toLowerCase().replaceAll('.', '') ??
    (groups.part === undefined ? undefined : groups.part.toLowerCase() === 'morning' ? 'am' : 'pm')
  if (half === 'pm' && hour < 12) hour += 12
  else if (half === 'am' && hour === 12) hour = 0
  // Nobody means three in the night when they say "at three": hours before eight are read as the afternoon.
  else if (half === undefined && hour >= 1 && hour < 8 && !/^0/.test(groups.h ?? '')) hour += 12
  const to = groups.to?.toLowerCase()
  if (to === 'half past') minute = 30
  if (to === 'quarter past') minute = 15
  if (to === 'quarter to') {
    hour = (hour + 23) % 24
    minute = 45
  }
  return { hour, minute }
}
