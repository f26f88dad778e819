/** Measures event loop pauses while a server lists 100,000 calls, erases their speech, and erases the calls. */
import { join } from 'node:path'
import { atMost, type Effort, type Goal, type Report } from './harness.ts'
import { Lab } from './lab.ts'
import type { abilities as Retention } from './parts/retention.ts'

const CALLS = 100_000

const works = {
  list: 'listing calls over HTTP, 20 times',
  silence: 'erasing what was said on them',
  forget: 'erasing the calls',
} as const

/** P13, retention. */
export async function retention({ size }: Effort): Promise<Report> {
  await using lab = new Lab()
  const calls = CALLS * size
  const rows: (string | number)[][] = []
  const goals: Goal[] = []
  for (const [name, path] of [
    ['sqlite', join(lab.folder, 'calls.db')],
    ['memory', null],
  ] as const) {
    const part = await lab.part<typeof Retention>('retention.ts', { core: 0, settings: { path } })
    process.stderr.write(`  retention: ${calls.toLocaleString('en')} calls in ${name}\n`)
    await part.ask('fill', calls)
    for (const work of ['list', 'silence', 'forget'] as const) {
      process.stderr.write(`  retention: ${works[work]}\n`)
      const { seconds, p99, longest } = await part.ask('pause', work)
      rows.push([name, works[work], seconds, p99, longest])
      goals.push(atMost('P13', `${name}, ${works[work]}: longest pause of the event loop, ms`, 50, longest))
    }
    await part.stop()
  }
  const head = ['store', 'work', 'seconds', 'pauses: p99 ms', 'longest ms']
  return { tables: [{ caption: `${calls.toLocaleString('en')} calls that are over`, head, rows }], goals }
}
