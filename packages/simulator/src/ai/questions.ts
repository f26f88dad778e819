/** What the AI says to the caller: the question for a slot, what it understood, and what went wrong. Words only. */
import { number } from './schema/json-schema.ts'
import type { Group, Slot } from './schema/slots.ts'

/** The question for one slot, from its own words where the schema gives some. */
export function question(slot: Slot): string {
  const whole = described(slot) ?? byName(slot)
  const within = slot.within.length === 0 ? whole : `For the ${slot.within.join(', ')}: ${lowerFirst(whole)}`
  const options = slot.kind === 'choice' && slot.choices.length <= 8 ? ` ${optionsOf(slot)}` : ''
  return `${within}${options}`
}

/** What would be understood, said after an answer that was not. */
export function hint(slot: Slot): string {
  const low = number(slot.schema, 'minimum')
  const high = number(slot.schema, 'maximum')
  switch (slot.kind) {
    case 'number':
    case 'integer':
      return low !== undefined && high !== undefined
        ? `Please say a number between ${low} and ${high}.`
        : 'Please say a number.'
    case 'boolean':
      return 'Please say yes or no.'
    case 'choice':
      return slot.choices.length <= 8 ? '' : optionsOf(slot)
    case 'date':
      return 'Please say a date, such as the fifth of June.'
    case 'time':
      return 'Please say a time, such as half past ten.'
    case 'date-time':
      return 'Please say a day and a time.'
    case 'email':
      return 'Please say it slowly, such as jane at example dot com.'
    case 'phone':
    case 'code':
      return 'Please say it one character at a time.'
    default:
      return ''
  }
}

/** "Is there another passenger?" */
export function anotherItem(group: Group): string {
  return `Is there another ${group.label}?`
}

/** Asks for the missing half of a date and time. */
export function missingHalf(has: 'date' | 'time', value: string): string {
  return has === 'date' ? `${value}. At what time?` : `At ${value}. On which day?`
}

/** Says back what was understood, so that the caller can correct it. */
export function readBack(answers: readonly { slot: Slot; value: unknown; corrected: boolean }[], turn: number): string {
  const corrected = answers.filter((answer) => answer.corrected)
  if (corrected.length > 0) {
    return `Sorry, I have changed that: ${corrected.map(({ slot, value }) => `${slot.label} ${aloud(slot, value)}`).join(', ')}.`
  }
  const [only] = answers
  if (only === undefined) return ''
  if (answers.length > 1)
    return `Got it: ${answers.map(({ slot, value }) => `${slot.label} ${aloud(slot, value)}`).join(', ')}.`
  if (only.slot.kind === 'boolean') return turn % 2 === 0 ? 'Thank you.' : 'All right.'
  const said = aloud(only.slot, only.value)
  if (/\bname\b/i.test(only.slot.label)) return `Thank you, ${said}.`
  return turn % 2 === 0 ? `Got it, ${said}.` : `Thanks, ${said}.`
}

/** A value as a person would say it. */
export function aloud(slot: Slot, value: unknown): string {
  if (Array.isArray(value)) return listed(value.map((item) => aloud(slot, item)))
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (slot.kind === 'choice') return slot.choices.find((choice) => choice.value === value)?.label ?? String(value)
  if (typeof value !== 'string') return String(value)
  const parts = /^(?:(\d{4})-(\d\d)-(\d\d))?T?(?:(\d\d):(\d\d))?/.exec(value)
  if (slot.kind === 'date' || slot.kind === 'time' || slot.kind === 'date-time') {
    const date = parts?.[1] === undefined ? undefined : dateAloud(Number(parts[1]), Number(parts[2]), Number(parts[3]))
    const time = parts?.[4] === undefined ? undefined : timeAloud(Number(parts[4]), Number(parts[5]))
    return [date, time].filter((part) => part !== undefined).join(' at ')
  }
  return value
}

/** "Thursday, 14 May 1991" without the weekday: "14 May 1991". */
export function dateAloud(year: number, month: number, day: number): string {
  const months = 'January February March April May June July August September October November December'.split(' ')
  return `${day} ${months[month - 1] ?? ''} ${year}`
}

/** "half past ten" on paper: "10:30 am". */
export function timeAloud(hour: number, minute: number): string {
  if (minute === 0 && hour === 12) return 'noon'
  const clock = hour % 12 === 0 ? 12 : hour % 12
  return `${clock}${minute === 0 ? '' : `:${String(minute).padStart(2, '0')}`} ${hour < 12 ? 'am' : 'pm'}`
}

/** "a, b and c". */
function listed(items: readonly string[], word = 'and'): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`
}

function optionsOf(slot: Slot): string {
  return `You can say ${listed(
    slot.choices.map(({ label }) => label),
    'or',
  )}.`
}

const caller = 'the\\s+(?:caller|customer|user|client|patient|guest|person|applicant|visitor)'

/** A question made of the description, when it is one or can be turned into one. */
function described(slot: Slot): string | undefined {
  const description = slot.description?.replace(/\s+/g, ' ').trim()
  if (description === undefined || description.length > 160) return undefined
  const sentence = description.split(/(?<=[.?])\s/)[0] ?? description
  if (sentence.endsWith('?')) return sentence
  const plain = sentence.replace(/\.$/, '')
  const whether = new RegExp(
    String.raw`^(?:true if|whether(?: or not)?|if)\s+(?:${caller}|they|he or she|you)\s+(.+)$`,
    'i',
  ).exec(plain)?.[1]
  if (whether !== undefined) return asYesNo(whether)
  const itself = /^(?:true if|whether(?: or not)?|if)\s+(this|it|that|there)\s+(is|was|are|were)\s+(.+)$/i.exec(plain)
  if (itself !== null) return `${capital(itself[2] ?? '')} ${itself[1]?.toLowerCase()} ${toCaller(itself[3] ?? '')}?`
  const when = /^when (.+) (should|will|would) (.+)$/i.exec(plain)
  if (when !== null) return `When ${when[2]} ${toCaller(when[1] ?? '')} ${when[3]}?`
  const told = /^ask (?:the caller |the customer |them |the user )?(?:for|about)\s+(.+)$/i.exec(plain)?.[1]
  if (told !== undefined) return `Could you tell me ${toCaller(told)}?`
  if (
    slot.kind !== 'boolean' &&
    slot.list === undefined &&
    /^(?:[\w-]+ ){1,3}(?:of|for) /i.test(plain) &&
    !/^(?:the|your|an?)\s/i.test(plain) &&
    plain.split(' ').length <= 9
  ) {
    return `What is ${toCaller(`the ${lowerFirst(plain)}`)}?`
  }
  const noun = /^(?:the|your|an?)\s/i.test(plain) || new RegExp(String.raw`\b${caller}['’]s\b`, 'i').test(plain)
  if (!noun || plain.split(' ').length > 14) return undefined
  const owned = toCaller(plain)
  if (/^(?:the )?(?:total )?number of /i.test(owned))
    return `How many ${owned.replace(/^(?:the )?(?:total )?number of /i, '')}?`
  return `What is ${lowerFirst(owned)}?`
}

function byName(slot: Slot): string {
  const { label, kind } = slot
  if (slot.list !== undefined) return `What ${label} should I note? You can name several.`
  if (kind === 'boolean') {
    const verb = /^(has|have|needs?|wants?|likes?|is|are|accepts?|agrees?|requires?)\s+(.+)$/i.exec(label)
    return verb === null ? `Yes or no: ${label}?` : asYesNo(label)
  }
  if (/^(?:your )?age$/i.test(label)) return 'How old are you?'
  if (/^(?:full |first |last )?name$/i.test(label)) return `What is your ${label}, please?`
  if (/^(?:number|count|amount) of /i.test(label))
    return `How many ${label.replace(/^(?:number|count|amount) of /i, '')}?`
  if (
    kind === 'integer' &&
    /^(?:guests|people|adults|children|nights|seats|passengers|rooms|party size|quantity)$/i.test(label)
  ) {
    return label === 'party size' ? 'How many people?' : label === 'quantity' ? 'How many?' : `How many ${label}?`
  }
  if (/^preferred /i.test(label)) return `What ${label.replace(/^preferred /i, '')} would you prefer?`
  if (kind === 'date-time' || /^when$/i.test(label))
    return /^(?:when|date(?: and|\/)? ?time|time|date)$/i.test(label)
      ? 'When would you like that?'
      : / (?:time|date)$/i.test(label)
        ? `What ${label} would you like?`
        : `When is your ${label}?`
  if (/^(?:date|day|time)$/i.test(label)) return `What ${label} would you like?`
  if (/^where$/i.test(label)) return 'Where is that?'
  if (/^(?:reason|purpose)\b/i.test(label)) return `What is the ${label}?`
  return `What is your ${label}?`
}

/** "has a food allergy" → "Do you have a food allergy?" */
function asYesNo(predicate: string): string {
  const [verb = '', ...rest] = predicate.split(' ')
  const remainder = toCaller(rest.join(' '))
  switch (verb.toLowerCase()) {
    case 'is':
    case 'are':
      return `Are you ${remainder}?`
    case 'was':
    case 'were':
      return `Were you ${remainder}?`
    case 'has':
    case 'have':
      return /^(?:been|had|visited|used|already|ever)\b/i.test(remainder) || /^\w+ed\b/.test(remainder)
        ? `Have you ${remainder}?`
        : `Do you have ${remainder}?`
    case 'will':
    case 'can':
    case 'would':
      return `${verb[0]?.toUpperCase()}${verb.slice(1).toLowerCase()} you ${remainder}?`
    default:
      return `Do you ${verb.replace(/(?<=[a-z]{2})(?<!s)s$/, '').replace(/e?s$/, (ending) => (ending === 'es' ? 'e' : ''))} ${remainder}?`
  }
}

/** "the caller's date of birth" → "your date of birth". */
function toCaller(words: string): string {
  return words
    .replace(new RegExp(String.raw`\b(?:${caller}|their|his or her)['’]s\b`, 'gi'), 'your')
    .replace(new RegExp(`^(?:the )?(.+?) of ${caller}$`, 'i'), 'your $1')
    .replace(
      new RegExp(String.raw`\b${caller}\s+(wants|needs|has|likes|is|would like)\b`, 'gi'),
      (_, verb: string) => `you ${agree(verb)}`,
    )
    .replace(new RegExp(String.raw`\b${caller}\b`, 'gi'), 'you')
    .replace(/\b(?:their|his or her)\b/gi, 'your')
    .replace(/\bthey\b/gi, 'you')
}

function agree(verb: string): string {
  return { wants: 'want', needs: 'need', has: 'have', likes: 'like', is: 'are' }[verb.toLowerCase()] ?? verb
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()
}

function lowerFirst(words: string): string {
  return /^(?:I\b|[A-Z]{2})/.test(words) ? words : words.charAt(0).toLowerCase() + words.slice(1)
}
