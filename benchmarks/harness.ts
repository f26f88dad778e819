/**
 * The measuring method. Contenders take turns (A B C A B C …), so that noise of the machine affects all of them. A figure
 * is the median of the rounds. Where possible, a goal is a ratio to a named peer in the same round.
 */

import { measureFloor } from './idle.ts'

/** A table of a report. */
export interface Table {
  readonly caption?: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly (string | number | null)[])[]
}

/** A limit and the measured figure. */
export interface Goal {
  /** `P1` … `P14`. */
  readonly id: string
  readonly says: string
  readonly measured: number
  readonly limit: number
  /** Whether the limit is a maximum or a minimum. */
  readonly must: 'stay below' | 'reach'
}

/** The result of one benchmark. */
export interface Report {
  readonly tables?: readonly Table[]
  readonly goals: readonly Goal[]
}

/** How much work a benchmark does. */
export interface Effort {
  /** Number of rounds, after one warm-up round. Each round runs every contender. */
  readonly rounds: number
  /** Amount of work per round: 1, or less for a quick check. */
  readonly size: number
  /** Duration of the soak. */
  readonly minutes: number
}

/** Returns a goal with a minimum. */
export const atLeast = (id: string, says: string, limit: number, measured: number): Goal => ({
  ...{ id, says, limit, measured, must: 'reach' },
})

/** Returns a goal with a maximum. */
export const atMost = (id: string, says: string, limit: number, measured: number): Goal => ({
  ...{ id, says, limit, measured, must: 'stay below' },
})

/** Whether a goal is met. */
export const isMet = ({ measured, limit, must }: Goal): boolean =>
  must === 'reach' ? measured >= limit : measured <= limit

/** Yields the rounds and prints progress. Ignore the figures of round 0, the warm-up. */
export async function* roundsOf(what: string, rounds: number): AsyncGenerator<number> {
  for (let round = 0; round <= rounds; round++) {
    await measureFloor()
    process.stderr.write(`  ${what}: ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}\n`)
    yield round
  }
}

/** Returns a quantile, interpolated between two values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}

/** Returns the median. */
export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** Returns the median of the per-round ratios of two contenders, which cancels the noise of a round. */
export const ratioOf = (ours: readonly number[], theirs: readonly number[]): number =>
  median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)))

/** Formats a figure with three significant digits, because the machine is noisy. */
export function figure(value: number): string {
  if (value === 0 || Number.isNaN(value)) return String(value)
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return value.toPrecision(Math.abs(value) < 0.1 ? 2 : 3)
}

/** Formats a report as Markdown: its tables, then its goals. On a machine that is not idle, nothing is called met. */
export function markdown({ tables = [], goals }: Report, isIdle = true): string {
  const verdict = (goal: Goal) => (isMet(goal) ? 'met' : '**not met**')
  const goalRows = goals.map((goal) => [
    goal.id,
    goal.says,
    `${goal.must === 'reach' ? '≥' : '≤'} ${figure(goal.limit)}`,
    goal.measured,
    isIdle ? verdict(goal) : '*not idle*',
  ])
  const all = [...tables, { head: ['goal', 'what', 'limit', 'measured', ''], rows: goalRows }]
  return all.map((table) => (table.caption ? `${table.caption}\n\n` : '') + tableOf(table)).join('\n\n')
}

function tableOf({ head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const text = (cell: string | number | null) => (typeof cell === 'number' ? figure(cell) : (cell ?? '–'))
  return [line(head), line(head.map(() => '---')), ...rows.map((row) => line(row.map(text)))].join('\n')
}
