/**
 * The message format: a text with `{name}` placeholders, or a text for each CLDR plural category (see
 * `Intl.PluralRules`). Messages are plain data for translators and tools. The types require the values of a message.
 */

/** A message with a text for each plural category of its language. `other` is required. */
export type Plural = { readonly [Category in Intl.LDMLPluralRule]?: string } & { readonly other: string }

/** A message: a text, or a text for each plural category of its `{count}`. */
export type Message = string | Plural

/** The names of the values that a text contains, such as `count` for `{count}`. */
export type MessageValueNames<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | MessageValueNames<Rest>
  : never

/** The text of a message. For a message with plural forms, the text of its `other` form. */
export type MessageText<M extends Message> = M extends string
  ? M
  : M extends { readonly other: infer Other extends string }
    ? Other
    : never

/** The values of a message. The formatter formats numbers for the language. */
export type MessageValues<M extends Message> = [MessageValueNames<MessageText<M>>] extends [never]
  ? undefined
  : { readonly [Name in MessageValueNames<MessageText<M>>]: string | number }

/** Formats messages and numbers in one language. */
export interface Formatter {
  /** Returns the text of a message with its values filled in. */
  message(message: Message, values?: Readonly<Record<string, string | number>>): string
  number(value: number): string
}

const formatters = new Map<string, Formatter>()

/** Returns the formatter of a language. `locale` is a BCP 47 tag, such as `de` or `pt-BR`. */
export function formatterFor(locale: string): Formatter {
  const known = formatters.get(locale)
  if (known) return known
  const plural = new Intl.PluralRules(locale)
  const numbers = new Intl.NumberFormat(locale)
  const isRightToLeft = /^(ar|dv|fa|he|ps|ur|yi)\b/.test(locale)
  const formatter: Formatter = {
    number: (value) => numbers.format(value),
    message(message, values = {}) {
      const { count } = values
      const text =
        typeof message === 'string'
          ? message
          : ((typeof count === 'number' ? message[plural.select(count)] : undefined) ?? message.other)
      return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
        const value = values[name]
        if (value === undefined) return whole
        if (typeof value === 'number') return numbers.format(value)
        // Isolates the value, so that it keeps its own writing direction (Unicode UAX #9: FSI … PDI).
        return isRightToLeft ? `\u2068${value}\u2069` : value
      })
    },
  }
  formatters.set(locale, formatter)
  return formatter
}
