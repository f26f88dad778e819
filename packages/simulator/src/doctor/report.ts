/** The text of a doctor's report. */
import { styleText } from 'node:util'
import type { Row } from './checks.ts'

const signs = { passed: ['green', '✓'], failed: ['red', '✗'], unknown: ['yellow', '–'] } as const
const NAME_WIDTH = 44

/** Formats one row: sign, check, what the program did, and below why it matters unless it passed. */
export function formatRow({ name, result, observed, why }: Row, hasColours: boolean): string {
  const [style, sign] = signs[result]
  const head = `${hasColours ? styleText(style, sign) : sign} ${name.padEnd(NAME_WIDTH)} ${observed}`
  return result === 'passed' ? head : `${head}\n    ${why}`
}

/** Formats the last line of the report. */
export function formatSummary(rows: readonly Row[]): string {
  const count = (result: Row['result']) => rows.filter((row) => row.result === result).length
  const unknown = count('unknown') === 0 ? '' : `, ${count('unknown')} unknown`
  return `${count('passed')} passed, ${count('failed')} failed${unknown}.`
}
