/**
 * How everything here is measured: candidates take turns (A B C A B C …) in one process, so that a noisy machine is
 * noisy for all of them; each figure is the median of the rounds; and what is published is a ratio to a named one.
 */

/** One way of doing the work. */
export interface Candidate {
  readonly name: string
  /** Does the work once, `size` units of it. */
  readonly run: () => unknown
}

/** The median time of a candidate's rounds, and its ratio to the one compared with. */
export interface Measured {
  readonly name: string
  readonly millis: number
  readonly ratio: number
}

/** The middle of a list of numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >>> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
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
  const medians = times.map(median)
  const base = medians[0] ?? Number.NaN
  return candidates.map(({ name }, index) => {
    const millis = medians[index] ?? Number.NaN
    return { name, millis, ratio: millis / base }
  })
}

/** A table as Markdown, which is also how it is published. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number) => (typeof value === 'number' ? figure(value) : value)
  const line = (cells: readonly (string | number)[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Three significant digits, and no more than that: the machine is noisy. */
export const figure = (value: number) =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
