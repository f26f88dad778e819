/**
 * Whether a figure grew while it was watched: the median of the slopes between all pairs of points (Theil and Sen), and
 * the interval that holds the true one in 95 of 100 cases (by Kendall's S). A few wild points, which a shared machine
 * always gives, move neither.
 */
import { median } from './harness.ts'

/** Growth over the whole of the time, in parts of the figure's median: 0.05 is 5 %. */
export interface Trend {
  readonly growth: number
  readonly low: number
  readonly high: number
}

/** The 97.5 % point of the normal distribution. */
const Z = 1.96

/** The trend of values at given times. With fewer than four of them nothing can be said: the interval has no bounds. */
export function trendOf(times: readonly number[], values: readonly number[]): Trend {
  const slopes: number[] = []
  for (const [one, time] of times.entries()) {
    for (let other = one + 1; other < times.length; other++) {
      slopes.push(((values[other] ?? 0) - (values[one] ?? 0)) / ((times[other] ?? 0) - time))
    }
  }
  slopes.sort((a, b) => a - b)
  const n = times.length
  const scale = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / median(values)
  const growth = n < 2 ? 0 : median(slopes) * scale
  if (n < 4) return { growth, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
  const spread = Z * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18)
  const at = (rank: number) => (slopes[Math.min(Math.max(Math.round(rank), 0), slopes.length - 1)] ?? 0) * scale
  return { growth, low: at((slopes.length - spread) / 2), high: at((slopes.length + spread) / 2) }
}
