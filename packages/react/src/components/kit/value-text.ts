import { textOfValue, visibleText } from '../../hooks/party.ts'
import type { Language } from '../../strings/strings-context.tsx'
import { dateOf } from './time.ts'

/** A value of an AI gather with the format of its schema, such as `date`. */
interface FormattedValue {
  readonly value: unknown
  readonly format?: string | null | undefined
}

/** Formats the value of a field for display. */
export function valueText({ value, format }: FormattedValue, { t, locale, number }: Language): string {
  if (typeof value === 'boolean') return t(value ? 'fields.yes' : 'fields.no')
  if (typeof value === 'number') return number(value)
  const text = Array.isArray(value) ? new Intl.ListFormat(locale).format(value.map(textOfValue)) : textOfValue(value)
  return visibleText(format === 'date' ? dateOf(locale, text) : text)
}
