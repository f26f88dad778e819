import { visibleText } from '../../hooks/party.ts'
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
  if (typeof value === 'string') return visibleText(format === 'date' ? dateOf(locale, value) : value)
  if (Array.isArray(value)) return visibleText(new Intl.ListFormat(locale).format(value.map(String)))
  return visibleText(JSON.stringify(value))
}
