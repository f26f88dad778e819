import { expect, it } from 'vitest'
import { keyTones } from './tones.ts'

it('maps each telephone key to its two ITU-T Q.23 frequencies', () => {
  expect(keyTones('1')).toEqual([697, 1209])
  expect(keyTones('5')).toEqual([770, 1336])
  expect(keyTones('0')).toEqual([941, 1336])
  expect(keyTones('*')).toEqual([941, 1209])
  expect(keyTones('#')).toEqual([941, 1477])
  expect(keyTones('x')).toBeUndefined()
  expect(new Set([...'1234567890*#'].map((key) => String(keyTones(key)))).size).toBe(12)
})
