import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { figure, markdown, median, quantile, ratioOf } from './harness.ts'
import { IMAGE_FLAGS } from './lab.ts'
import type { abilities as Load } from './parts/load.ts'
import { start } from './parts/part.ts'
import { benchmarks } from './registry.ts'

/** The benchmarks that `npm test` runs; all of them with CALLGATHER_LONG. */
const names = process.env.CALLGATHER_LONG ? Object.keys(benchmarks) : ['transcript']

describe('benchmark figures', () => {
  it('computes the median and interpolates a quantile between two values', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(quantile([0, 10], 0.25)).toBe(2.5)
  })

  it('computes the ratio of two contenders as the median of the ratios of each round', () => {
    expect(ratioOf([2, 40, 6], [1, 20, 3])).toBe(2)
  })

  it('prints figures with three significant digits and whether a goal is met', () => {
    expect(figure(1234.5)).toBe('1,235')
    expect(figure(0.01234)).toBe('0.012')
    const text = markdown({ tables: [], goals: [{ id: 'P1', says: 'x', measured: 2, limit: 1, must: 'stay below' }] })
    expect(text).toContain('| P1 | x | ≤ 1.00 | 2.00 | **not met** |')
  })

  it('calls no goal met when the machine was not idle', () => {
    const goal = { id: 'P1', says: 'x', measured: 1, limit: 1, must: 'stay below' } as const
    expect(markdown({ goals: [goal] })).toContain('| met |')
    expect(markdown({ goals: [goal] }, false)).toContain('| *not idle* |')
  })
})

it('has a benchmark for each goal from P1 to P14', () => {
  const ids = Object.values(benchmarks).flatMap(({ about }) => about.match(/P\d+/g) ?? [])
  expect(new Set(ids)).toEqual(new Set(Array.from({ length: 14 }, (_, nth) => `P${nth + 1}`)))
})

it('starts our server with the flags of its image', () => {
  const image = readFileSync(new URL('../packages/server/Dockerfile', import.meta.url), 'utf8')
  const [, command = '[]'] = /^ENTRYPOINT (.*)$/m.exec(image) ?? []
  expect(JSON.parse(command)).toEqual(['node', ...IMAGE_FLAGS, 'dist/cli.mjs'])
})

it('bundles the benchmark program and its parts without errors', async () => {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const parts = readdirSync(`${here}parts`).map((file) => `${here}parts/${file}`)
  const { errors } = await build({
    ...{ entryPoints: [`${here}main.ts`, ...parts], bundle: true, write: false, outdir: 'out' },
    ...{ platform: 'node', format: 'esm', target: 'node20', packages: 'external', logLevel: 'silent' },
    conditions: ['callgather:source'],
  })
  expect(errors).toEqual([])
})

it('starts a benchmark part in its own process, sends it requests and stops it', async () => {
  const part = await start<typeof Load>('load.ts')
  await expect(part.ask('drop', 'nothing')).resolves.toBe(false)
  expect((await part.memory()).heap).toBeGreaterThan(0)
  await part.stop()
  await expect(part.ask('drop', 'nothing')).rejects.toThrow('closed')
})

it.each(names)(
  'runs a short form of the benchmark %s and measures all its goals',
  async (name) => {
    const report = await benchmarks[name]?.run({ rounds: 1, size: 0.02, minutes: 1 })
    expect(report?.goals).not.toEqual([])
    for (const { says, measured } of report?.goals ?? []) expect(measured, says).not.toBeNaN()
  },
  300_000,
)
