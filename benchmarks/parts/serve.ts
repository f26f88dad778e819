/** The other end of `part.ts`, within the process of a part. */
import type { Abilities } from './part.ts'

/** What the part was started with. */
export const settings = <Settings>(): Settings => JSON.parse(process.env.PART_SETTINGS ?? 'null') as Settings

/** Answers what the part is asked, until the channel is closed. */
export function serve(abilities: Abilities): void {
  const all: Record<string, (argument: never) => unknown> = {
    ...abilities,
    $cpu: () => cpuMicros(),
    $usage: () => {
      // Twice: what only finalizers hold is free after the second.
      globalThis.gc?.()
      globalThis.gc?.()
      const { heapUsed, rss, external } = process.memoryUsage()
      return { cpu: cpuMicros(), heap: heapUsed + external, rss }
    },
  }
  const answer = async ({ id, name, argument }: { id: number; name: string; argument: never }) => {
    try {
      const ability = all[name]
      if (!ability) throw new Error(`It cannot ${name}.`)
      process.send?.({ id, value: await ability(argument) })
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  }
  process.on('message', (message: { id: number; name: string; argument: never }) => void answer(message))
  process.once('disconnect', () => process.exit(0))
  process.send?.('ready')
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
