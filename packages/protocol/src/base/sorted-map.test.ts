import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { SortedMap } from './sorted-map.ts'

const key = fc.integer({ min: 0, max: 400 }).map((number) => String(number).padStart(3, '0'))
const change = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('set' as const), key, value: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('delete' as const), key, value: fc.constant(0) }) },
)

describe('Sorted', () => {
  it('a SortedMap equals a sorted Map after any sequence of changes', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 600, size: 'max' }), (changes) => {
        const model = new Map<string, number>()
        let sorted = SortedMap.empty<number>()
        for (const { op, key, value } of changes) {
          if (op === 'set') model.set(key, value)
          else model.delete(key)
          sorted = op === 'set' ? sorted.set(key, value) : sorted.delete(key)
        }
        const keys = [...model.keys()].sort()
        const values = keys.map((each) => model.get(each))
        expect(sorted.size).toBe(keys.length)
        expect([...sorted]).toEqual(values)
        expect([...sorted.reversed()]).toEqual(values.toReversed())
        expect(keys.map((each) => sorted.get(each))).toEqual(values)
        expect(keys.map((each) => sorted.rank(each))).toEqual(keys.map((_, index) => index))
        expect(keys.map((_, index) => sorted.at(index))).toEqual(values)
        expect(sorted.at(-1)).toBe(values.at(-1))
        expect(sorted.at(keys.length)).toBeUndefined()
      }),
      { numRuns: 300 },
    )
  })

  it('a SortedMap counts the leading entries that it shares with another SortedMap', () => {
    const few = fc.array(change, { maxLength: 30 })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 400, size: 'max' }), few, few, (changes, here, there) => {
        const after = (sorted: SortedMap<number>, list: typeof changes) =>
          list.reduce((it, { op, key, value }) => (op === 'set' ? it.set(key, value) : it.delete(key)), sorted)
        const common = after(SortedMap.empty<number>(), changes)
        const [one, other] = [after(common, here), after(common, there)]
        const [ours, theirs] = [[...one], [...other]]
        const first = ours.findIndex((value, index) => index >= theirs.length || value !== theirs[index])
        const expected = first === -1 ? ours.length : first
        expect(one.sharedPrefix(other)).toBe(expected)
        expect(other.sharedPrefix(one)).toBe(expected)
      }),
      { numRuns: 300 },
    )
  })

  it('a SortedMap finds its first difference from another long SortedMap without comparing all entries', () => {
    let long = SortedMap.empty<{ index: number }>()
    for (let index = 0; index < 20_000; index++) long = long.set(String(index).padStart(6, '0'), { index })
    const looked = vi.spyOn(Object, 'is')
    const longer = long.set('020000', { index: 20_000 }).set('020001', { index: 20_001 })
    looked.mockClear()
    expect(longer.sharedPrefix(long)).toBe(20_000)
    expect(looked.mock.calls.length).toBeLessThan(100)
    looked.mockRestore()
  })

  it('a change of a SortedMap does not modify the original map', () => {
    const before = SortedMap.empty<number>().set('a', 1).set('b', 2)
    before.set('c', 3).delete('a')
    expect([...before]).toEqual([1, 2])
  })

  it('a SortedMap returns itself when a change has no effect', () => {
    const sorted = SortedMap.empty<number>().set('a', 1)
    expect(sorted.set('a', 1)).toBe(sorted)
    expect(sorted.delete('b')).toBe(sorted)
  })
})
