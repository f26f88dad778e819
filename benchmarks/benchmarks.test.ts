import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { figure, markdown, median, quantile, ratioOf } from './harness.ts'
import type { abilities as Load } from './parts/load.ts'
import { start } from './parts/part.ts'
import { benchmarks } from './registry.ts'

/** What `npm test` runs; with CALLGATHER_LONG it is every benchmark. */
const names = process.env.CALLGATHER_LONG ? Object.keys(benchmarks) : ['transcript']

describe('the figures', () => {
  it('takes the middle, and what lies between two values in proportion', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(quantile([0, 10], 0.25)).toBe(2.5)
  })

  it('compares round by round, so that a noisy round is noisy for both', () => {
    expect(ratioOf([2, 40, 6], [1, 20, 3])).toBe(2)
  })

  it('publishes three digits and whether a goal is met', () => {
    expect(figure(1234.5)).toBe('1,235')
    expect(figure(0.01234)).toBe('0.012')
    const text = markdown({ tables: [], goals: [{ id: 'P1', says: 'x', measured: 2, limit: 1, must: 'stay below' }] })
    expect(text).toContain('| P1 | x | ≤ 1.00 | 2.00 | **not met** |')
  })
})

it('measures each goal from P1 to P14', () => {
  const ids = Object.values(benchmarks).flatMap(({ about }) => about.match(/P\d+/g) ?? [])
  expect(new Set(ids)).toEqual(new Set(Array.from({ length: 14 }, (_, nth) => `P${nth + 1}`)))
})

it('is made of modules that fit together', async () => {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const parts = readdirSync(`${here}parts`).map((file) => `${here}parts/${file}`)
  const { errors } = await build({
    ...{ entryPoints: [`${here}main.ts`, ...parts], bundle: true, write: false, outdir: 'out' },
    ...{ platform: 'node', format: 'esm', target: 'node20', packages: 'external', logLevel: 'silent' },
    conditions: ['callgather:source'],
  })
  expect(errors).toEqual([])
})

it('runs a part in a process of its own, asks it, and ends it', async () => {
  const part = await start<typeof Load>('load.ts')
  await expect(part.ask('drop', 'nothing')).resolves.toBe(false)
  expect((await part.memory()).heap).toBeGreaterThan(0)
  await part.stop()
  await expect(part.ask('drop', 'nothing')).rejects.toThrow('has ended')
})

it.each(names)(
  'runs the benchmark %s in a short form and measures all its goals',
  async (name) => {
    const report = await benchmarks[name]?.run({ rounds: 1, size: 0.02, minutes: 1 })
    expect(report?.goals).not.toEqual([])
    for (const { says, measured } of report?.goals ?? []) expect(measured, says).not.toBeNaN()
  },
  300_000,
)
