/**
 * Parses a caller's speech into a value that conforms to a schema. A string without `enum`, `format` or `pattern` takes
 * the speech verbatim. Other types take the first candidate value that conforms.
 */
import { validationErrors } from './conform.ts'
import { readJson } from './conversation.ts'
import type { Slot } from './slots.ts'

/** Parses speech as the value of a slot. Returns `undefined` when no candidate conforms to the slot's schema. */
export function readAnswer(slot: Slot, words: string): unknown {
  if (slot.isList) {
    const list = readJson(words)
    const items = Array.isArray(list) ? list : words.split(/,|\band\b/i).filter((item) => item.trim() !== '')
    const values = items.map((item) => (typeof item === 'string' ? readValue(slot, item) : item))
    return values.length > 0 && conforms(slot.valueSchema, values) ? values : undefined
  }
  return readValue(slot, words)
}

/** Parses answers from a JSON object of fields, or from a sentence that names a field: "Date of birth is …". */
export function readNamedAnswers(slots: readonly Slot[], words: string): { slot: Slot; value: unknown }[] {
  const json = readJson(words)
  const fields = typeof json === 'object' && json !== null ? json : undefined
  return slots.flatMap((slot) => {
    const value = fields ? valueAt(fields, slot.path) : readSentence(slot, words)
    return value !== undefined && conforms(slot.valueSchema, value) ? [{ slot, value }] : []
  })
}

/** Returns the value at a path of an untrusted value. Reads own properties only. */
export function valueAt(value: unknown, path: Slot['path']): unknown {
  return path.reduce<unknown>(
    (node, step) =>
      typeof node === 'object' && node !== null && Object.hasOwn(node, step) ? Reflect.get(node, step) : undefined,
    value,
  )
}

/** Returns whether a value conforms to a schema. */
export const conforms = (schema: Slot['schema'], value: unknown): boolean =>
  validationErrors(schema, value).length === 0

function readSentence(slot: Slot, words: string): unknown {
  const label = slot.label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const answer = new RegExp(`\\b${label}(?: is| was|:)\\s+(.+?)[.!]?$`, 'i').exec(words)?.[1]
  return answer === undefined ? undefined : readAnswer(slot, answer)
}

function readValue(slot: Slot, words: string): unknown {
  return candidateValues(slot, words.trim()).find((value) => value !== undefined && conforms(slot.schema, value))
}

function candidateValues({ schema, choices, type }: Slot, words: string): unknown[] {
  const lowerCase = words.toLowerCase()
  if (choices.length > 0) {
    const padded = ` ${lowerCase.replace(/[^\p{L}\p{N}]+/gu, ' ')} `
    const exactMatches = choices.filter(({ label }) => lowerCase === label.toLowerCase())
    const partialMatches = choices.filter(({ label }) => padded.includes(` ${label.toLowerCase()} `))
    const matches = exactMatches.length > 0 ? exactMatches.slice(0, 1) : partialMatches
    return matches.length === 1 ? matches.map(({ value }) => value) : []
  }
  switch (type) {
    case 'boolean':
      if (/^(yes|yeah|yep|true|sure|correct)\b/.test(lowerCase)) return [true]
      return /^(no|nope|false|not)\b/.test(lowerCase) ? [false] : []
    case 'integer':
    case 'number': {
      const digits = /-?\d[\d,]*(?:\.\d+)?/.exec(words) ?? []
      const smallNumber = smallNumbers.indexOf(lowerCase.replace(/[.!]+$/, ''))
      return [...digits.map((text) => Number(text.replaceAll(',', ''))), ...(smallNumber === -1 ? [] : [smallNumber])]
    }
    case 'string':
    case undefined:
      return [words, words.replace(/[\s-]+/g, ''), ...dates(words, schema.format), readJson(words)]
    default:
      return [readJson(words)]
  }
}

const smallNumbers = 'zero one two three four five six seven eight nine ten eleven twelve'.split(' ')

/** Converts a date that `Date.parse` accepts ("14 May 1991") to the JSON Schema format `date` or `date-time`. */
function dates(words: string, format: unknown): string[] {
  const plain = words.replace(/\b(\d+)(?:st|nd|rd|th)\b/g, '$1').replace(/\b(?:the|of)\b/gi, ' ')
  const time = Date.parse(`${plain} UTC`)
  if (Number.isNaN(time)) return []
  const text = new Date(time).toISOString()
  return format === 'date' ? [text.slice(0, 10)] : format === 'date-time' ? [`${text.slice(0, 19)}Z`] : []
}
