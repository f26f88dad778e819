/** Measures a seek to any position of an exported call, in both directions. */
import { createReplay } from '@callgather/protocol/scenarios'
import { eventAt } from './growth.ts'
import { atMost, type Effort, quantile, type Report, roundsOf } from './harness.ts'

/** P13, replay. */
export async function replay({ rounds, size }: Effort): Promise<Report> {
  const length = size < 0.1 ? 1_000 : 10_000
  const call = { callId: 'call', events: Array.from({ length }, (_, index) => eventAt(index)) }
  const seeks = Math.max(20, Math.round(2_000 * size))
  const first: number[] = []
  const later: number[] = []
  for await (const round of roundsOf('replay', rounds)) {
    const opened = createReplay(call)
    const timeOf = (position: number) => {
      const begun = performance.now()
      opened.stateAt(position)
      return performance.now() - begun
    }
    const toTheEnd = timeOf(length)
    // A stride without a common divisor visits positions before and after the last one.
    const times = Array.from({ length: seeks }, (_, index) => timeOf((index * 7_919) % (length + 1)))
    if (round === 0) continue
    first.push(toTheEnd)
    later.push(...times)
  }
  const events = length.toLocaleString('en')
  return {
    tables: [
      {
        caption: `A replay of ${events} events`,
        head: ['seek', 'p50 ms', 'p99 ms', 'max ms'],
        rows: [
          ['the first, to the end', quantile(first, 0.5), quantile(first, 0.99), Math.max(...first)],
          ['any later one', quantile(later, 0.5), quantile(later, 0.99), Math.max(...later)],
        ],
      },
    ],
    goals: [atMost('P13', `p99 of a seek in a replay of ${events} events, ms`, 50, quantile(later, 0.99))],
  }
}
