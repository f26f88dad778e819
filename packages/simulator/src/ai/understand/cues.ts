/** Words that say which slot an answer is for: its own name, and what people say instead of it. */
import type { Slot } from '../schema/slots.ts'
import { type Found, overlap, wordsOf } from './found.ts'

const idle = new Set(
  'the a an of for your you in to is at on and or number preferred date time name customer caller patient user client'.split(
    ' ',
  ),
)

/** What people say for common things: a field whose name matches is meant by these words near the value. */
const customs: { field: RegExp; before?: RegExp; after?: RegExp }[] = [
  {
    field: /\bage\b|how old/i,
    before: /\b(?:i['’]?m|i am|aged?|turn(?:ed|ing)?|just)\s*$/i,
    after: /^\s*(?:years?(?:[\s-]old)?|yrs?)\b/i,
  },
  { field: /birth|born|\bdob\b/i, before: /\b(?:born|birthday|birth|dob)\b[^,;.]*$/i },
  {
    field: /guests?|people|party|persons?|passengers?|travell?ers?|head ?count|covers|seats/i,
    before: /\b(?:table|party|us|group)\s+(?:of|for)\s*$|\bthere(?:['’]?ll be| are| will be)\s*$/i,
    after: /^\s*(?:of us|people|persons?|guests?|passengers?|travell?ers?|adults?|seats?)\b/i,
  },
  { field: /quantity|how many|\bcount\b/i, after: /^\s+(?:[\w-]+\s+){0,2}\w+s\b/i },
  {
    field: /price|amount|budget|cost|salary|income|pay/i,
    before: /[$€£]\s*$/,
    after: /^\s*(?:dollars?|euros?|pounds?|bucks|usd|eur|gbp|[€£$])/i,
  },
  { field: /nights?/i, after: /^\s*nights?\b/i },
  { field: /weight/i, before: /\bweigh\b[^,;.]*$/i, after: /^\s*(?:kg|kilos?|kilograms?|pounds?|lbs?)\b/i },
  { field: /height/i, after: /^\s*(?:cm|centimet(?:er|re)s?|met(?:er|re)s?|feet|foot)\b/i },
]

/** A word near a value names this slot, or people say it so. */
export function cuesOf(slot: Slot, text: string, { start, end }: { start: number; end: number }): boolean {
  const named = nameOf(slot)
  const before =
    text
      .slice(0, start)
      .split(/[;!?]|\.\s|,\s|\band\b/i)
      .at(-1) ?? ''
  const after = text.slice(end).split(/[;!?]|\.\s|,\s|\band\b/i)[0] ?? ''
  if (
    customs.some(
      ({ field, before: lead, after: trail }) =>
        field.test(named) && (lead?.test(before) === true || trail?.test(after) === true),
    )
  )
    return true
  const stems = stemsOf(slot)
  const near = [...wordsOf(before).slice(-5), ...wordsOf(after).slice(0, 3)]
  return near.some(({ word }) => stems.includes(stem(word)))
}

/** The text names this slot anywhere. */
export function cuesWithin(text: string, slot: Slot): boolean {
  return (
    cuesOf(slot, text, { start: text.length, end: text.length }) ||
    wordsOf(text).some(({ word }) => stemsOf(slot, true).includes(stem(word)))
  )
}

const until = String.raw`(?=\s*(?:[,;]\s|[.!?](?:\s|$)|\s+(?:and|but)\s+(?:i|my|the|it|we)\b|$))`
const textCustoms: { field: RegExp; said: RegExp }[] = [
  {
    field: /\b(?:full |first |last |your |patient |customer |caller )*name\b/i,
    said: new RegExp(
      String.raw`\b(?:my|the|his|her)\s+(?:(?:full|first|last|caller's|customer's|patient's)\s+)?name(?:['’]s|\s+is)\s+(?<said>.+?)${until}`,
      'i',
    ),
  },
  {
    field: /\bname\b/i,
    said: new RegExp(
      String.raw`\b(?:i['’]m called|i am called|call me|this is|speaking is)\s+(?<said>.+?)${until}`,
      'i',
    ),
  },
  { field: /\bname\b/i, said: /\b(?:I['’]?m|I am)\s+(?<said>\p{Lu}[\p{L}'-]+(?:\s+\p{Lu}[\p{L}'-]+)*)/u },
  {
    field: /\b(?:city|town|country|location|place|where|address|live)\b/i,
    said: new RegExp(
      String.raw`\b(?:live|living|based|located|staying|stay|i['’]m|am)\s+(?:in|at|near)\s+(?<said>.+?)${until}`,
      'i',
    ),
  },
  {
    field: /\b(?:city|town|country|location|place|origin)\b/i,
    said: new RegExp(String.raw`\b(?:come|i['’]m|am|calling)\s+from\s+(?<said>.+?)${until}`, 'i'),
  },
  {
    field: /\b(?:origin|departure (?:city|airport|place)|from|pick ?up)\b/i,
    said: /\bfrom\s+(?<said>\p{Lu}[\p{L}'-]*(?:\s+\p{Lu}[\p{L}'-]*)*)/u,
  },
  {
    field: /\b(?:destination|arrival (?:city|airport|place)|drop ?off)\b/i,
    said: /\bto\s+(?<said>\p{Lu}[\p{L}'-]*(?:\s+\p{Lu}[\p{L}'-]*)*)/u,
  },
  {
    field: /\b(?:reason|purpose|why|issue|problem|subject)\b/i,
    said: new RegExp(
      String.raw`\b(?:because(?: of)?|calling about|calling to|it['’]s about)\s+(?<said>.+?)${until}`,
      'i',
    ),
  },
]

/** Free text introduced by name ("my city is Paris") or custom ("I live in Paris"). */
export function textAfterCue(
  slot: Slot,
  text: string,
  used: readonly { start: number; end: number }[],
  slots: readonly Slot[],
): Found<string> | undefined {
  const named = nameOf(slot)
  const label = wordsOf(slot.label)
    .map(({ word }) => word)
    .join(String.raw`\s+`)
  const own =
    label === ''
      ? []
      : [
          new RegExp(
            String.raw`\b(?:(?:my|the|our|your|their)\s+)?${label}\s*(?:['’]s|is|was|are|:|=|will be|should be)\s+(?<said>.+?)${until}`,
            'i',
          ),
        ]
  const twins = slots.filter((other) => other.kind === slot.kind && /\bname\b/i.test(nameOf(other))).length
  const fitting = textCustoms
    .filter(({ field }) => field.test(named) && !(twins > 1 && field.source.includes('name')))
    .map(({ said }) => said)
  for (const pattern of [...own, ...fitting]) {
    const match = pattern.exec(text)
    const said = match?.groups?.said
    if (match === null || said === undefined || said.trim() === '') continue
    const start = match.index + match[0].lastIndexOf(said)
    const span = { value: said, start, end: start + said.length }
    if (!used.some((other) => overlap(other, span))) return span
  }
  return undefined
}

function nameOf(slot: Slot): string {
  return `${slot.label} ${String(slot.path.at(-1) ?? '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')}`
}

function stemsOf(slot: Slot, all = false): string[] {
  return wordsOf(nameOf(slot))
    .map(({ word }) => word)
    .filter((word) => (all ? !/^(?:the|a|an|of|for|your|is|to|in)$/.test(word) : !idle.has(word)))
    .map(stem)
}

function stem(word: string): string {
  return word.length > 3 ? word.replace(/(?:ren|ies|es|s|y)$/, '') : word
}
