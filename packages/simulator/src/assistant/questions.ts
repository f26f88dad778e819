/** What the simulated AI says to the caller about a field: its question, its read-back, its hint. */
import type { Slot } from './slots.ts'

/** The question for a field: its description where that is a question, else one made of its title or name. */
export function questionFor(slot: Slot): string {
  const described = slot.description?.endsWith('?') ? slot.description : undefined
  const asked = described ?? (slot.type === 'boolean' ? `Yes or no: ${slot.label}?` : `What is your ${slot.label}?`)
  const options = slot.choices.map(({ label }) => label)
  const offered = options.length > 0 && options.length <= 8 ? ` You can say ${joinWords(options, 'or')}.` : ''
  return `${asked}${offered}${slot.isList ? ' You can name several.' : ''}`
}

/** What the caller could say, after an answer that no reading of conforms to the schema. */
export function hintFor({ schema, type, choices }: Slot): string {
  const { minimum, maximum, format } = schema
  if (choices.length > 0) return ''
  if (type === 'integer' || type === 'number') {
    const isBounded = typeof minimum === 'number' && typeof maximum === 'number'
    return isBounded ? `Please say a number between ${minimum} and ${maximum}.` : 'Please say a number.'
  }
  if (type === 'boolean') return 'Please say yes or no.'
  if (format === 'date') return 'Please say a date, such as 14 May 1991.'
  if (format === 'date-time') return 'Please say a day and a time, such as 14 May 2027 10:30.'
  return typeof format === 'string' ? `I need it as ${format}.` : ''
}

/** Says back what was understood, so that the caller can correct it. */
export function readBack(answers: readonly { slot: Slot; value: unknown }[]): string {
  const said = answers.map(({ slot, value }) =>
    answers.length > 1 ? `${slot.label} ${toSpeech(value)}` : toSpeech(value),
  )
  return `Got it: ${joinWords(said, 'and')}.`
}

/** An agent's whisper as the caller hears it. */
export const sayWhisper = (whisper: string): string => `A colleague adds: ${whisper.trim()}`

function toSpeech(value: unknown): string {
  if (Array.isArray(value)) return joinWords(value.map(toSpeech), 'and')
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function joinWords(items: readonly string[], word: string): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`
}
