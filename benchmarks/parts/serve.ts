/** Handles the requests of `part.ts` inside the process of a part. */
import { constants, type NodeGCPerformanceDetail, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { createBirpc } from 'birpc'
import type { Abilities } from './part.ts'

/** What the part was started with. */
export const settings = <Settings>(): Settings => JSON.parse(process.env.PART_SETTINGS ?? 'null') as Settings

/** Answers requests until the channel closes. */
export function serve(abilities: Abilities): void {
  const all = {
    ...abilities,
    $cpu: cpuMicros,
    $memory: () => {
      // The second collection frees objects that only finalizers kept.
      globalThis.gc?.()
      globalThis.gc?.()
      const { heapUsed, rss, external } = process.memoryUsage()
      return { heap: heapUsed + external, rss }
    },
    $scavenges: () => scavenges.splice(0),
  }
  createBirpc(all, {
    post: (message) => process.send?.(message),
    on: (listener) => process.on('message', listener),
  })
  process.once('disconnect', () => process.exit(0))
  process.send?.('ready')
}

/** How long each collection of young objects took, in ms. */
const scavenges: number[] = []
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { kind } = (entry as PerformanceEntry & { readonly detail: NodeGCPerformanceDetail }).detail
    if (kind === constants.NODE_PERFORMANCE_GC_MINOR) scavenges.push(entry.duration)
  }
}).observe({ entryTypes: ['gc'] })

function cpuMicros(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
