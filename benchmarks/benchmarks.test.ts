import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { figure, markdown, median, quantile, ratioOf } from './harness.ts'
import type { abilities as Appender, AppenderSettings } from './parts/appender.ts'
import { start } from './parts/part.ts'
import { plot } from './plot.ts'
import { profileTables } from './profile.ts'
import { trendOf } from './trend.ts'

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
    const text = markdown({ tables: [], goals: [{ id: 'G1', says: 'x', measured: 2, limit: 1, must: 'stay_below' }] })
    expect(text).toContain('| G1 | x | ≤ 1.00 | 2.00 | **missed** |')
  })
})

describe('a trend', () => {
  const minutes = Array.from({ length: 30 }, (_, minute) => minute)

  it('is that of the line, though some points are far off it', () => {
    const values = minutes.map((minute) => (minute % 10 === 3 ? 900 : 100 + minute))
    const { growth, low, high } = trendOf(minutes, values)
    expect(growth).toBeCloseTo(29 / median(values), 2)
    expect(low).toBeGreaterThan(0)
    expect(high).toBeGreaterThanOrEqual(growth)
  })

  it('cannot be told from none where the values only waver', () => {
    const { low, high } = trendOf(
      minutes,
      minutes.map((minute) => 100 + (minute % 3)),
    )
    expect(low).toBeLessThanOrEqual(0)
    expect(high).toBeGreaterThanOrEqual(0)
  })

  it('is not claimed of fewer than four points', () => {
    expect(trendOf([0, 1, 2], [1, 2, 3]).low).toBe(Number.NEGATIVE_INFINITY)
  })
})

it('puts the samples of a profile down to what they were for, without waiting and starting', () => {
  const frame = (id: number, functionName: string, url: string, children: number[] = []) => ({
    ...{ id, children, callFrame: { functionName, url, lineNumber: 0, columnNumber: 0 } },
  })
  const nodes = [
    frame(1, '(root)', '', [2, 5, 6]),
    frame(2, 'check', 'https://example.com/check.js', [3]),
    frame(3, 'verify', 'node:internal/crypto/sig', [4]),
    frame(4, 'verifyOneShot', ''),
    frame(5, '(idle)', ''),
    frame(6, 'compile', 'node:internal/modules/cjs/loader', [7]),
    frame(7, 'begin', 'https://example.com/check.js'),
  ]
  const text = JSON.stringify({ nodes, samples: [4, 2, 5, 7, 3], timeDeltas: [50, 20, 900, 400, 10] })
  const [kinds, functions] = profileTables(text, { items: 10, functions: 2 })
  expect(kinds?.rows).toEqual([
    ['signature', 6, '75.0 %'],
    ['https://example.com/check.js', 2, '25.0 %'],
    ['all', 8, '100.0 %'],
  ])
  expect(functions?.rows).toEqual([
    ['check https://example.com/check.js:1', 8, 2],
    ['verify node:internal/crypto/sig:1', 6, 1],
  ])
})

it('draws every value of a plot', () => {
  const svg = plot({
    title: 'A shift',
    x: { label: 'minutes', values: [1, 2] },
    panels: [{ label: 'MB', values: [3, 4] }],
  })
  expect(svg.match(/points="([^"]*)"/)?.[1]?.split(' ')).toHaveLength(2)
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
  const settings: AppenderSettings = { kind: 'memory', at: '' }
  const part = await start<typeof Appender>('appender.ts', { settings })
  const { micros } = await part.ask('run', { count: 64, outstanding: 8 })
  expect(micros).toBeGreaterThan(0)
  expect((await part.usage()).heap).toBeGreaterThan(0)
  await part.stop()
  await expect(part.ask('run', { count: 1, outstanding: 1 })).rejects.toThrow()
})
