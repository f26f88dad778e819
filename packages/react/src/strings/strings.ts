import type { en } from './en.ts'
import type { Message, MessageValues, Plural } from './message.ts'

/** The key of a string. */
export type StringKey = keyof typeof en

/** A dictionary: all strings of the components in one language. */
export type Strings = { readonly [Key in StringKey]: (typeof en)[Key] extends string ? string : Plural }

/** Overrides of some strings. An override may have plural forms even if the English string has none. */
export type StringOverrides = { readonly [Key in StringKey]?: Message }

/** The arguments of a message: its values, or none. */
export type StringValues<Key extends StringKey> =
  MessageValues<(typeof en)[Key]> extends undefined ? [] : [values: MessageValues<(typeof en)[Key]>]

/** The keys of strings without values: labels, titles, hints. */
export type PlainStringKey = {
  [Key in StringKey]: MessageValues<(typeof en)[Key]> extends undefined ? Key : never
}[StringKey]

/** Returns the text of a key in the language of the surrounding `StringsProvider`. */
export type Translate = <Key extends StringKey>(key: Key, ...values: StringValues<Key>) => string

/** Whether a key exists. For keys built from open lists of Telnyx values. */
export const isStringKey = (strings: Strings, key: string): key is StringKey => Object.hasOwn(strings, key)
