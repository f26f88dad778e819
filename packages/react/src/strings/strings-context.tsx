import { createContext, type ReactNode, useContext, useMemo } from 'react'
import { en } from './en.ts'
import { formatterFor } from './message.ts'
import { isStringKey, type StringOverrides, type Strings, type Translate } from './strings.ts'

/** A language with its strings and formatters. */
export interface Language {
  /** The language as a BCP 47 tag, such as `pt-BR`. */
  readonly locale: string
  /** The IANA name of the time zone for displayed times. Default: the browser's time zone. */
  readonly timeZone?: string | undefined
  /** Returns the text of a key. */
  readonly t: Translate
  /** Returns the text of a key, or `otherwise` without such a key. For open lists such as Telnyx's statuses. */
  readonly tryT: (key: string, otherwise: string) => string
  /** Formats a number in this language. */
  readonly number: (value: number) => string
}

function languageOf(locale: string, strings: Strings, timeZone?: string): Language {
  const formatter = formatterFor(locale)
  return {
    locale,
    timeZone,
    t: (key, ...[values]) => formatter.message(strings[key], values),
    tryT: (key, otherwise) => (isStringKey(strings, key) ? formatter.message(strings[key]) : otherwise),
    number: formatter.number,
  }
}

/** English, the default language. */
export const english: Language = languageOf('en', en)

const LanguageContext = createContext<Language>(english)
LanguageContext.displayName = 'Language'

/** The props of `StringsProvider`. */
export interface StringsProviderProps {
  /** The BCP 47 tag of the language of `strings`. It decides plurals, numbers and dates. Default `en`. */
  readonly locale?: string
  /** The dictionary, such as `de` of `@callgather/react/strings/de`. Default: English. */
  readonly strings?: Strings
  /** The IANA name of the time zone for displayed times, such as `Europe/Berlin`. Default: the browser's time zone. */
  readonly timeZone?: string
  /** Strings that override the dictionary: `{ 'gather.stop': 'End entry' }`. Keep the object stable. */
  readonly overrides?: StringOverrides
  /** The components that use the language. */
  readonly children?: ReactNode
}

/** Sets the language of the components inside the provider. Components outside of a provider use English. */
export function StringsProvider({ locale = 'en', strings = en, timeZone, overrides, children }: StringsProviderProps) {
  const language = useMemo(
    () => languageOf(locale, overrides ? ({ ...strings, ...overrides } as Strings) : strings, timeZone),
    [locale, strings, overrides, timeZone],
  )
  return <LanguageContext.Provider value={language}>{children}</LanguageContext.Provider>
}

/** Returns the current language of the components, for use in custom components. */
export const useLanguage = (): Language => useContext(LanguageContext)
