/** Checks that RULES.md documents all settings, because its tables are the only reference. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { defaultSettings } from './settings.ts'

const rules = readFileSync(new URL('../../RULES.md', import.meta.url), 'utf8')

/** Reads `name = default` from the last column of each table row, and the evidence (such as "documented") before it. */
const documented = new Map(
  rules
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    .flatMap((cells) =>
      [...(cells.at(-2) ?? '').matchAll(/`(?:\w+\.)?(\w+) = ([^`]*)`/g)].map(
        ([, name = '', value = '']) => [name, { value, tag: cells.at(-3) ?? '' }] as const,
      ),
    ),
)
const settings = Object.values(defaultSettings).flatMap((group) => Object.entries(group))
const formatDefault = (value: unknown) =>
  typeof value === 'string' ? value : JSON.stringify(value).replaceAll(',', ', ').replaceAll('":', '": ')

describe('the settings in RULES.md', () => {
  it.each(settings)('RULES.md documents the setting %s with its default and evidence', (name, value) => {
    expect(documented.get(name)?.value).toBe(formatDefault(value))
    expect(documented.get(name)?.tag).toMatch(/documented|reported|inferred|simulator/)
  })

  it('RULES.md documents only settings that exist', () => {
    const names = new Set(settings.map(([name]) => name))
    expect([...documented.keys()].filter((name) => !names.has(name))).toEqual([])
  })
})
