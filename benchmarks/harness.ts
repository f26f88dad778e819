/**
 * How everything is measured. Contenders take turns (A B C A B C …), so that a noisy machine is noisy for all of them;
 * a figure is the median of the rounds; a goal is a ratio to a named peer of the same round, wherever it can be.
 */

/** A table, as it is printed and published. */
export interface Table {
  readonly caption?: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly (string | number | null)[])[]
}

/** A limit, and the figure that was measured. */
export interface Goal {
  /** `P1` … `P14`. */
  readonly id: string
  readonly says: string
  readonly measured: number
  readonly limit: number
  /** Whether the figure may not exceed the limit, or has to reach it. */
  readonly must: 'stay below' | 'reach'
}

/** The result of one benchmark. */
export interface Report {
  readonly tables?: readonly Table[]
  readonly goals: readonly Goal[]
}

/** How much work a benchmark does. */
export interface Effort {
  /** Rounds, in each of which every contender has its turn. One more round warms up. */
  readonly rounds: number
  /** How much a round does: 1, or less to see that it works. */
  readonly size: number
  /** How long the soak takes. */
  readonly minutes: number
}

/** A figure that has to reach a limit. */
export const atLeast = (id: string, says: string, limit: number, measured: number): Goal => ({
  ...{ id, says, limit, measured, must: 'reach' },
})

/** A figure that may not exceed a limit. */
export const atMost = (id: string, says: string, limit: number, measured: number): Goal => ({
  ...{ id, says, limit, measured, must: 'stay below' },
})

/** Whether a goal is met. */
export const isMet = ({ measured, limit, must }: Goal): boolean =>
  must === 'reach' ? measured >= limit : measured <= limit

/** Counts the rounds and reports progress. Round 0 warms up: do not count it. */
export function* roundsOf(what: string, rounds: number): Generator<number> {
  for (let round = 0; round <= rounds; round++) {
    process.stderr.write(`  ${what}: ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}\n`)
    yield round
  }
}

/** The value below which a share of the values lies; between two values, in proportion. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}

/** The middle of a list of numbers. */
export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** The median of the ratios of two contenders, round by round: a noisy round is noisy for both. */
export const ratioOf = (ours: readonly number[], theirs: readonly number[]): number =>
  median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)))

/** Three significant digits, and no more: the machine is noisy. */
export function figure(value: number): string {
  if (value === 0 || Number.isNaN(value)) return String(value)
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return value.toPrecision(Math.abs(value) < 0.1 ? 2 : 3)
}

/** A report as Markdown: its tables, then a line for each goal. */
export function markdown({ tables = [], goals }: Report): string {
  const goalRows = goals.map((goal) => [
    goal.id,
    goal.says,
    `${goal.must === 'reach' ? '≥' : '≤'} ${figure(goal.limit)}`,
    goal.measured,
    isMet(goal) ? 'met' : '**not met**',
  ])
  const all = [...tables, { head: ['goal', 'what', 'limit', 'measured', ''], rows: goalRows }]
  return all.map((table) => (table.caption ? `${table.caption}\n\n` : '') + tableOf(table)).join('\n\n')
}

function tableOf({ head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const text = (cell: string | number | null) => (typeof cell === 'number' ? figure(cell) : (cell ?? '–'))
  return [line(head), line(head.map(() => '---')), ...rows.map((row) => line(row.map(text)))].join('\n')
}
