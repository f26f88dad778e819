/** The languages of the elements. All but English are loaded on demand. */
import { en, type Strings } from '@callgather/react'

const loaders: Readonly<Record<string, () => Promise<Strings>>> = {
  ar: async () => (await import('@callgather/react/strings/ar')).ar,
  de: async () => (await import('@callgather/react/strings/de')).de,
  es: async () => (await import('@callgather/react/strings/es')).es,
  fr: async () => (await import('@callgather/react/strings/fr')).fr,
  ja: async () => (await import('@callgather/react/strings/ja')).ja,
  'pt-BR': async () => (await import('@callgather/react/strings/pt-BR')).ptBR,
  'zh-CN': async () => (await import('@callgather/react/strings/zh-CN')).zhCN,
}

/** A language that an element shows. */
export interface ElementLanguage {
  readonly locale: string
  readonly strings: Strings
}

export const english: ElementLanguage = { locale: 'en', strings: en }

/** Returns the name of the dictionary that is nearest to a locale; `null` if there is none. */
export function dictionaryOf(locale: string): string | null {
  const [language = ''] = locale.toLowerCase().split('-')
  const names = ['en', ...Object.keys(loaders)]
  return names.find((name) => name.toLowerCase().split('-')[0] === language) ?? null
}

const loaded = new Map<string, Strings>([['en', en]])

/** Returns the language of a locale if its dictionary is already loaded. */
export function loadedLanguage(locale: string): ElementLanguage | undefined {
  const name = dictionaryOf(locale)
  const strings = name === null ? undefined : loaded.get(name)
  return strings && { locale, strings }
}

/** Loads the dictionary of a locale. Rejects if it cannot be loaded. */
export async function loadLanguage(locale: string): Promise<ElementLanguage> {
  const name = dictionaryOf(locale)
  const load = name === null ? undefined : loaders[name]
  if (name === null || !load) return loadedLanguage(locale) ?? english
  const strings = await load()
  loaded.set(name, strings)
  return { locale, strings }
}

/** The direction of the text of a locale. */
export const directionOf = (locale: string): 'rtl' | 'ltr' => (/^(ar|fa|he|ur)\b/i.test(locale) ? 'rtl' : 'ltr')
