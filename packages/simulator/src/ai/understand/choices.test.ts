import { describe, expect, it } from 'vitest'
import { findChoices } from './choices.ts'

const sizes = ['small', 'medium', 'large', 'extra large'].map((label) => ({ value: label.replace(' ', '_'), label }))
const plans = [
  { value: 1, label: 'Basic plan' },
  { value: 2, label: 'Premium support plan' },
  { value: 3, label: 'Enterprise agreement' },
]
const values = (text: string, choices: readonly { value: unknown; label: string }[], asked = true) =>
  findChoices(text, choices, asked).map(({ value }) => value)

describe('one of several options, said loosely', () => {
  it.each([
    ['the medium one please', 'medium'],
    ['uh, extra large', 'extra_large'],
    ['LARGE', 'large'],
    ['the second one', 'medium'],
    ['meduim', undefined],
    ['the mediums', 'medium'],
  ])('reads %j', (text, expected) => {
    expect(values(text, sizes)).toEqual(expected === undefined ? [] : [expected])
  })

  it.each([
    ['premium', 2],
    ['I would like the enterprise', 3],
    ['basic', 1],
    ['the third option', 3],
    ['number 2', 2],
  ])('reads %j by its telling words', (text, expected) => {
    expect(values(text, plans)).toEqual([expected])
  })

  it('does not guess between two that fit equally', () => {
    expect(values('a plan', plans)).toEqual([])
  })

  it('takes a position only as an answer to the question', () => {
    expect(values('the second time this week', sizes, false)).toEqual([])
  })
})
