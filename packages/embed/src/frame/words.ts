/** The only words of the page that no element has. */
const backTo: Readonly<Record<string, string>> = {
  ar: 'كل المكالمات',
  de: 'Alle Anrufe',
  en: 'All calls',
  es: 'Todas las llamadas',
  fr: 'Tous les appels',
  ja: 'すべての通話',
  pt: 'Todas as chamadas',
  zh: '所有通话',
}

/** Returns the label of the button that leads back to the list of calls. */
export const backLabel = (locale: string): string => backTo[locale.toLowerCase().split('-')[0] ?? ''] ?? backTo.en ?? ''
