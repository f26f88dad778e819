import { en } from '../packages/react/src/strings/en.ts'
import type { Strings } from '../packages/react/src/strings/strings.ts'

/** The languages one can switch to in the toolbar. */
export const dictionaries = { en } as const satisfies Record<string, Strings>

export type LocaleName = keyof typeof dictionaries
