import type { en } from './en.ts'
import type { Message, MessageValues, Plural } from './message.ts'

/** The key of a string in the dictionaries. */
export type StringKey = keyof typeof en

/** A dictionary: all strings of the components in one language. */
export type Strings = { readonly [Key in StringKey]: (typeof en)[Key] extends string ? string : Plural }

/** Strings that override a dictionary. An override may have plural forms even if the English string has none. */
export type StringOverrides = { readonly [Key in StringKey]?: Message }

/** The arguments after the key of a message: the message's values, or no argument if it has no values. */
export type StringValues<Key extends StringKey> =
  MessageValues<(typeof en)[Key]> extends undefined ? [] : [values: MessageValues<(typeof en)[Key]>]

/** The keys of strings without values, such as labels, titles and hints. */
export type PlainStringKey = {
  [Key in StringKey]: MessageValues<(typeof en)[Key]> extends undefined ? Key : never
}[StringKey]

/** Returns the text of a key in the language of the surrounding `StringsProvider`. */
export type Translate = <Key extends StringKey>(key: Key, ...values: StringValues<Key>) => string

/** Whether a dictionary has a key. For keys that are built from open lists of Telnyx values. */
export const isStringKey = (strings: Strings, key: string): key is StringKey => Object.hasOwn(strings, key)
