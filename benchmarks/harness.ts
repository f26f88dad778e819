/**
 * How everything here is measured. Candidates take turns (A B C A B C …), so that a noisy machine is noisy for all of
 * them; each figure is the median of the rounds; and what is published is a ratio to a named one. Absolute times say
 * little on a shared machine, the time a process spent on a CPU says more, and a ratio of two of those says most.
 */
import { createRequire } from 'node:module'

/** One way of doing the work, in this process. */
export interface Candidate {
  readonly name: string
  readonly run: () => unknown
}

/** The median time of a candidate's rounds, and its ratio to the one compared with. */
export interface Measured {
  readonly name: string
  readonly millis: number
  readonly ratio: number
}

/** A table as it is printed and published. */
export interface Table {
  readonly caption?: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

export type Cell = string | number | null

/** A limit that we set ourselves, and where we are. */
export interface Goal {
  /** `G1` … `G15`. */
  readonly id: string
  readonly says: string
  readonly measured: number
  readonly limit: number
  /** Whether the figure must stay at or below the limit, or reach it. */
  readonly must: 'stay_below' | 'reach'
}

/** What one benchmark found out. */
export interface Report {
  readonly tables: readonly Table[]
  readonly goals: readonly Goal[]
  readonly notes?: readonly string[]
  /** The packages that were compared, whose versions stand beside the figures. */
  readonly packages?: readonly string[]
}

/** How much time a benchmark may take. */
export interface Effort {
  /** Rounds, in each of which every candidate has its turn. */
  readonly rounds: number
  /** How much of everything a round does: 1, or less with `--quick` and more with `--long`. */
  readonly size: number
  /** Also what takes long to prepare. */
  readonly long: boolean
}

/** A figure that must reach a limit. */
export const atLeast = (id: string, says: string, limit: number, measured: number): Goal => ({
  ...{ id, says, limit, measured, must: 'reach' },
})

/** A figure that must not exceed a limit. */
export const atMost = (id: string, says: string, limit: number, measured: number): Goal => ({
  ...{ id, says, limit, measured, must: 'stay_below' },
})

/** Counts the rounds and says how far it is. Round 0 warms up and is not to be counted. */
export function* roundsOf(what: string, rounds: number): Generator<number> {
  for (let round = 0; round <= rounds; round++) {
    process.stderr.write(`  ${what}: ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}\n`)
    yield round
  }
}

/** The middle of a list of numbers. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value below which a share of the values lies; between two values, in proportion. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}

/**
 * The median of the ratios of two candidates, round by round: what was noisy in a round was noisy for both.
 */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)))
}

/** Times the candidates in turn. The first is what the others are compared with. One round is a warm-up. */
export async function inTurns(candidates: readonly Candidate[], rounds: number): Promise<Measured[]> {
  const times = candidates.map((): number[] => [])
  for (let round = 0; round <= rounds; round++) {
    for (const [index, candidate] of candidates.entries()) {
      const began = performance.now()
      await candidate.run()
      if (round > 0) times[index]?.push(performance.now() - began)
    }
  }
  return candidates.map(({ name }, index) => ({
    name,
    millis: median(times[index] ?? []),
    ratio: ratioOf(times[index] ?? [], times[0] ?? []),
  }))
}

/** Whether a goal is met. */
export const isMet = ({ measured, limit, must }: Goal): boolean =>
  must === 'reach' ? measured >= limit : measured <= limit

/** A report as Markdown, which is also how it is published. */
export function markdown({ tables, goals, notes = [], packages = [] }: Report): string {
  const parts = tables.map(({ caption, head, rows }) => (caption ? `${caption}\n\n` : '') + tableOf(head, rows))
  if (goals.length > 0) {
    const rows = goals.map((goal) => [
      goal.id,
      goal.says,
      `${goal.must === 'reach' ? '≥' : '≤'} ${figure(goal.limit)}`,
      goal.measured,
      isMet(goal) ? 'met' : '**missed**',
    ])
    parts.push(tableOf(['goal', 'what', 'limit', 'measured', ''], rows))
  }
  if (notes.length > 0) parts.push(notes.map((note) => `- ${note}`).join('\n'))
  if (packages.length > 0) parts.push(`Versions: ${packages.map((name) => `${name} ${versionOf(name)}`).join(', ')}.`)
  return parts.join('\n\n')
}

function tableOf(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map((row) => line(row.map(text)))].join('\n')
}

const text = (cell: Cell) => (cell === null ? '–' : typeof cell === 'number' ? figure(cell) : cell)

/** Three significant digits, and no more than that: the machine is noisy. */
export function figure(value: number): string {
  if (value === 0) return '0'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return value.toPrecision(Math.abs(value) < 0.1 ? 2 : 3)
}

const require = createRequire(import.meta.url)

/** The installed version of a package that the benchmarks depend on. */
export function versionOf(name: string): string {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return (require(`${folder}/${name}/package.json`) as { version: string }).version
    } catch {
      // Not in this folder; the next one up may have it.
    }
  }
  return '(not installed)'
}
