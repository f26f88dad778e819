export type { Message, MessageText, MessageValueNames, MessageValues, Plural } from './message.ts'
export type { PlainStringKey, StringKey, StringOverrides, Strings, StringValues, Translate } from './strings.ts'
export { type Language, StringsProvider, type StringsProviderProps, useLanguage } from './strings-context.tsx'
