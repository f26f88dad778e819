import type { Strings } from '@callgather/react'
import { ar } from '@callgather/react/strings/ar'
import { de } from '@callgather/react/strings/de'
import { en } from '@callgather/react/strings/en'
import { es } from '@callgather/react/strings/es'
import { fr } from '@callgather/react/strings/fr'
import { ja } from '@callgather/react/strings/ja'
import { ptBR } from '@callgather/react/strings/pt-BR'
import { zhCN } from '@callgather/react/strings/zh-CN'

/** The languages in the toolbar. */
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
