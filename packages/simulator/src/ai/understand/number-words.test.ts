import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findNumbers, findOrdinals, inFigures, spokenDigits } from './number-words.ts'

const values = (text: string) => findNumbers(text).map(({ value }) => value)

describe('numbers as people say them', () => {
  it.each([
    ["I'm 29", [29]],
    ['1,200 or 3.5', [1200, 3.5]],
    ['twenty-nine', [29]],
    ['twenty nine people and three dogs', [29, 3]],
    ['a hundred and five', [105]],
    ['two thousand and one', [2001]],
    ['three hundred forty two thousand', [342_000]],
    ['minus four', [-4]],
    ['-7 degrees', [-7]],
    ['two point five', [2.5]],
    ['three and a half', [3.5]],
    ['a dozen eggs', [12]],
    ['nineteen ninety-one', [1991]],
    ['twenty twenty six', [2026]],
    ['2 million', [2_000_000]],
    ['nobody, none, someone', []],
  ])('reads %j', (text, expected) => {
    expect(values(text)).toEqual(expected)
  })

  it('reads back any whole number written out in words', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999 }), (value) => {
        expect(values(inWords(value))).toEqual([value])
      }),
      { numRuns: 500 },
    )
  })

  it('knows where in the text a number stands', () => {
    const [found] = findNumbers('table for twenty two, please')
    expect('table for twenty two, please'.slice(found?.start, found?.end)).toBe('twenty two')
  })

  it('puts ordinals and numbers into figures, with a way back', () => {
    const { text, origin } = inFigures('the twenty-first of May nineteen ninety one at ten')
    expect(text).toBe('the 21st of May 1991 at 10')
    expect('the twenty-first of May nineteen ninety one at ten'.slice(origin(text.indexOf('May')))).toMatch(/^May/)
  })

  it.each([
    ['one two three four', '1234'],
    ['double five oh three', '5503'],
    ['five five five, twelve', '55512'],
    ['12 34', '1234'],
    ['one two apple', undefined],
  ])('joins the digits of %j', (text, digits) => {
    expect(spokenDigits(text)).toBe(digits)
  })

  it('counts positions', () => {
    expect(findOrdinals('the second, then the 3rd, then the twenty-first').map(({ value }) => value)).toEqual([
      2, 3, 21,
    ])
  })
})

/** A second, independent way from number to words. */
function inWords(value: number): string {
  const ones =
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
      ' ',
    )
  const tens = 'zero ten twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')
  if (value < 20) return ones[value] ?? ''
  if (value < 100)
    return value % 10 === 0 ? (tens[value / 10] ?? '') : `${tens[Math.floor(value / 10)]}-${ones[value % 10]}`
  if (value < 1000)
    return `${ones[Math.floor(value / 100)]} hundred${value % 100 === 0 ? '' : ` and ${inWords(value % 100)}`}`
  const rest = value % 1000
  return `${inWords(Math.floor(value / 1000))} thousand${rest === 0 ? '' : rest < 100 ? ` and ${inWords(rest)}` : ` ${inWords(rest)}`}`
}
