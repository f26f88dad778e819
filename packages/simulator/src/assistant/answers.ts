/**
 * From a caller's words to a value the schema takes. A string without `enum`, `format` or `pattern` takes the words as
 * said; for every other type the first reading that conforms counts.
 */
import { validationErrors } from './conform.ts'
import { readJson } from './conversation.ts'
import type { Slot } from './slots.ts'

/** The value a caller's words mean for a slot; `undefined` when no reading of them conforms to its schema. */
export function readAnswer(slot: Slot, words: string): unknown {
  if (slot.isList) {
    const list = readJson(words)
    const items = Array.isArray(list) ? list : words.split(/,|\band\b/i).filter((item) => item.trim() !== '')
    const values = items.map((item) => (typeof item === 'string' ? readValue(slot, item) : item))
    return values.length > 0 && conforms(slot.valueSchema, values) ? values : undefined
  }
  return readValue(slot, words)
}

/** The answers in a message that is a JSON object of fields, or a sentence that names a field: "Date of birth is …". */
export function readNamedAnswers(slots: readonly Slot[], words: string): { slot: Slot; value: unknown }[] {
  const given = readJson(words)
  const fields = typeof given === 'object' && given !== null ? given : undefined
  return slots.flatMap((slot) => {
    const value = fields ? valueAt(fields, slot.path) : readSentence(slot, words)
    return value !== undefined && conforms(slot.valueSchema, value) ? [{ slot, value }] : []
  })
}

/** What lies at a path of a value from outside, by its own properties only. */
export function valueAt(value: unknown, path: Slot['path']): unknown {
  return path.reduce<unknown>(
    (at, step) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? Reflect.get(at, step) : undefined,
    value,
  )
}

/** Whether a value conforms to a schema. */
export const conforms = (schema: Slot['schema'], value: unknown): boolean =>
  validationErrors(schema, value).length === 0

function readSentence(slot: Slot, words: string): unknown {
  const label = slot.label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const said = new RegExp(`\\b${label}(?: is| was|:)\\s+(.+?)[.!]?$`, 'i').exec(words)?.[1]
  return said === undefined ? undefined : readAnswer(slot, said)
}

function readValue(slot: Slot, words: string): unknown {
  return candidateValues(slot, words.trim()).find((value) => value !== undefined && conforms(slot.schema, value))
}

function candidateValues({ schema, choices, type }: Slot, words: string): unknown[] {
  const said = words.toLowerCase()
  if (choices.length > 0) {
    const plain = ` ${said.replace(/[^\p{L}\p{N}]+/gu, ' ')} `
    const named = choices.filter(({ label }) => said === label.toLowerCase())
    const within = choices.filter(({ label }) => plain.includes(` ${label.toLowerCase()} `))
    const meant = named.length > 0 ? named.slice(0, 1) : within
    return meant.length === 1 ? meant.map(({ value }) => value) : []
  }
  switch (type) {
    case 'boolean':
      if (/^(yes|yeah|yep|true|sure|correct)\b/.test(said)) return [true]
      return /^(no|nope|false|not)\b/.test(said) ? [false] : []
    case 'integer':
    case 'number': {
      const digits = /-?\d[\d,]*(?:\.\d+)?/.exec(words) ?? []
      const spoken = smallNumbers.indexOf(said.replace(/[.!]+$/, ''))
      return [...digits.map((text) => Number(text.replaceAll(',', ''))), ...(spoken === -1 ? [] : [spoken])]
    }
    case 'string':
    case undefined:
      return [words, words.replace(/[\s-]+/g, ''), ...dates(words, schema.format), readJson(words)]
    default:
      return [readJson(words)]
  }
}

const smallNumbers = 'zero one two three four five six seven eight nine ten eleven twelve'.split(' ')

/** A date in words a browser can read ("14 May 1991"), as JSON Schema's formats want it. */
function dates(words: string, format: unknown): string[] {
  const plain = words.replace(/\b(\d+)(?:st|nd|rd|th)\b/g, '$1').replace(/\b(?:the|of)\b/gi, ' ')
  const time = Date.parse(`${plain} UTC`)
  if (Number.isNaN(time)) return []
  const text = new Date(time).toISOString()
  return format === 'date' ? [text.slice(0, 10)] : format === 'date-time' ? [`${text.slice(0, 19)}Z`] : []
}
