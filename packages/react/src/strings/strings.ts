import type { en } from './en.ts'
import type { Message, MessageValues, Plural } from './message.ts'

/** The name of something the components say. */
export type StringKey = keyof typeof en

/** Everything the components say, in one language. */
export type Strings = { readonly [Key in StringKey]: (typeof en)[Key] extends string ? string : Plural }

/** Other words for some of them. A message may have plural forms even where the English has none. */
export type StringOverrides = { readonly [Key in StringKey]?: Message }

/** What has to be given with a message: nothing, or the values it names. */
export type StringValues<Key extends StringKey> =
  MessageValues<(typeof en)[Key]> extends undefined ? [] : [values: MessageValues<(typeof en)[Key]>]

/** The names of what is said without values: labels, titles, hints. */
export type PlainStringKey = {
  [Key in StringKey]: MessageValues<(typeof en)[Key]> extends undefined ? Key : never
}[StringKey]

/** Says something in the language of the surrounding `StringsProvider`. */
export type Translate = <Key extends StringKey>(key: Key, ...values: StringValues<Key>) => string

/** Whether there is a message of this name; for names made from what Telnyx says, whose lists are open. */
export const isStringKey = (strings: Strings, key: string): key is StringKey => Object.hasOwn(strings, key)
