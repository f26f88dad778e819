/** Sentences that the simulated AI speaks about a field: question, hint and confirmation. */
import type { Slot } from './slots.ts'

/** Returns the question for a field: its description if that is a question, else a question with its label. */
export function questionFor(slot: Slot): string {
  const description = slot.description?.endsWith('?') ? slot.description : undefined
  const question =
    description ?? (slot.type === 'boolean' ? `Yes or no: ${slot.label}?` : `What is your ${slot.label}?`)
  const options = slot.choices.map(({ label }) => label)
  const optionList = options.length > 0 && options.length <= 8 ? ` You can say ${joinWords(options, 'or')}.` : ''
  return `${question}${optionList}${slot.isList ? ' You can name several.' : ''}`
}

/** Returns a hint about the expected format, spoken after an invalid answer. */
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

/** Returns a sentence that reads answers back, so that the caller can correct them. */
export function readBack(answers: readonly { slot: Slot; value: unknown }[]): string {
  const phrases = answers.map(({ slot, value }) =>
    answers.length > 1 ? `${slot.label} ${toSpeech(value)}` : toSpeech(value),
  )
  return `Got it: ${joinWords(phrases, 'and')}.`
}

/** Returns the sentence that speaks an agent's whisper (an added message). */
export const sayWhisper = (whisper: string): string => `A colleague adds: ${whisper.trim()}`

function toSpeech(value: unknown): string {
  if (Array.isArray(value)) return joinWords(value.map(toSpeech), 'and')
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function joinWords(items: readonly string[], conjunction: string): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} ${conjunction} ${items.at(-1)}`
}
