/**
 * Appends alone, without HTTP, signatures or watchers: durable, deduplicated and numbered, one at a time and 64 at a
 * time, against one commit for each event. A store that shares its commits should win by much when many wait, and lose
 * little when one does.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atLeast, atMost, type Effort, median, type Report, ratioOf, roundsOf } from './harness.ts'
import type { abilities as Appender, AppenderSettings } from './parts/appender.ts'
import { type Part, start } from './parts/part.ts'
import { hasRedis, startRedis } from './redis.ts'

const names: Readonly<Record<AppenderSettings['kind'], string>> = {
  file: 'a file: one `write` and `fdatasync` for each event',
  'sqlite each': 'sqlite: one commit for each event',
  sqlite: 'CallGather, sqlite',
  'redis xadd': 'Redis: `XADD` for each event (neither numbered nor deduplicated)',
  redis: 'CallGather, Redis',
  memory: 'CallGather, memory (not durable)',
}
type Kind = keyof typeof names

const OUTSTANDING = [1, 64] as const

interface Row {
  readonly part: Part<typeof Appender>
  /** Time and CPU for each append in µs, by how many were outstanding. */
  readonly at: Readonly<Record<(typeof OUTSTANDING)[number], { micros: number[]; cpu: number[] }>>
}

/** Runs the benchmark. */
export async function stores({ rounds, size }: Effort): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'callgather-stores-'))
  const redis = hasRedis() ? await startRedis(folder) : null
  const rows = new Map<Kind, Row>()
  for (const kind of Object.keys(names) as Kind[]) {
    if (kind.startsWith('redis') && !redis) continue
    const place = kind.startsWith('redis') ? (redis?.url ?? '') : join(folder, kind.replace(' ', '-'))
    const settings: AppenderSettings = { kind, at: place }
    const part = await start<typeof Appender>('appender.ts', { core: 0, settings, label: kind })
    rows.set(kind, { part, at: { 1: { micros: [], cpu: [] }, 64: { micros: [], cpu: [] } } })
  }
  for (const round of roundsOf('stores', rounds)) {
    for (const outstanding of OUTSTANDING) {
      for (const { part, at } of rows.values()) {
        const count = outstanding * (outstanding === 1 ? 200 : 30) * size
        const measured = await part.ask('run', { count, outstanding })
        if (round === 0) continue
        at[outstanding].micros.push(measured.micros)
        at[outstanding].cpu.push(measured.cpu)
      }
    }
  }
  for (const { part } of rows.values()) await part.stop()
  await redis?.stop()
  rmSync(folder, { recursive: true, force: true })

  const micros = (kind: Kind, outstanding: (typeof OUTSTANDING)[number]) => rows.get(kind)?.at[outstanding].micros ?? []
  const plain = (kind: Kind): Kind => (kind.startsWith('redis') ? 'redis xadd' : 'sqlite each')
  return {
    tables: [
      {
        head: ['store', '1 waiting: appends/s', 'time × plain', '64 waiting: appends/s', 'rate × plain', 'CPU µs each'],
        rows: [...rows].map(([kind, { at }]) => [
          names[kind],
          1e6 / median(at[1].micros),
          ratioOf(at[1].micros, micros(plain(kind), 1)),
          1e6 / median(at[64].micros),
          ratioOf(micros(plain(kind), 64), at[64].micros),
          median(at[64].cpu),
        ]),
      },
    ],
    goals: [
      atLeast(
        'G9',
        'sqlite, 64 waiting: appends/s against one commit each',
        5,
        ratioOf(micros('sqlite each', 64), micros('sqlite', 64)),
      ),
      atMost(
        'G9',
        'sqlite, 1 waiting: time against one commit',
        1.6,
        ratioOf(micros('sqlite', 1), micros('sqlite each', 1)),
      ),
      atMost('G9', 'sqlite, 64 waiting: CPU µs each', 30, median(rows.get('sqlite')?.at[64].cpu ?? [])),
    ],
    notes: [
      'Events of 0.9 kB over 200 calls; every store on one core. “Plain” is one commit (sqlite) or one `XADD` (Redis) for each event.',
      'Every row but memory and Redis’s own process waits for the same disk. CPU is the process of the store, 64 waiting; that of Redis comes on top.',
    ],
    packages: ['libsql', 'redis'],
  }
}
