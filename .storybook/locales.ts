import { ar } from '../packages/react/src/strings/ar.ts'
import { de } from '../packages/react/src/strings/de.ts'
import { en } from '../packages/react/src/strings/en.ts'
import { es } from '../packages/react/src/strings/es.ts'
import { fr } from '../packages/react/src/strings/fr.ts'
import { ja } from '../packages/react/src/strings/ja.ts'
import { ptBR } from '../packages/react/src/strings/pt-BR.ts'
import type { Strings } from '../packages/react/src/strings/strings.ts'
import { zhCN } from '../packages/react/src/strings/zh-CN.ts'

/** The languages one can switch to in the toolbar. */
export const dictionaries = {
  en,
  es,
  fr,
  de,
  'pt-BR': ptBR,
  'zh-CN': zhCN,
  ja,
  ar,
} as const satisfies Record<string, Strings>

export type LocaleName = keyof typeof dictionaries
