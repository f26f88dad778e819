import { describe, expect, it } from 'vitest'
import { correctionOf, intentOf } from './intents.ts'

describe('what a turn is about', () => {
  it.each([
    ["I'd rather not say", 'refusal'],
    ['none of your business!', 'refusal'],
    ["I don't know", 'refusal'],
    ["I won't tell you that", 'refusal'],
    ['skip', 'refusal'],
    ['Sorry?', 'repeat'],
    ['could you repeat that', 'repeat'],
    ["sorry, I didn't catch that", 'repeat'],
    ['hang on a second', 'hold'],
    ['one moment, let me look', 'hold'],
    ['why do you need that?', 'why'],
    ['are you a robot?', 'why'],
    ["no, that's all", 'none-left'],
    ['nothing else', 'none-left'],
    ['Paris', 'answers'],
    ['I am 29', 'answers'],
  ])('takes %j for %s', (text, intent) => {
    expect(intentOf(text)).toBe(intent)
  })
})

describe('corrections', () => {
  it.each([
    ['no, Tuesday', { right: 'Tuesday', wrong: undefined, bareNo: true }],
    ['I said 29, not 39', { right: '29', wrong: '39', bareNo: false }],
    ['not 39 but 29', { right: '29', wrong: '39', bareNo: false }],
    ['actually, make it four', { right: 'four', wrong: undefined, bareNo: false }],
    ['sorry, I meant Thursday', { right: 'Thursday', wrong: undefined, bareNo: false }],
    ["no, that's wrong", { right: '', wrong: undefined, bareNo: false }],
  ])('reads %j', (text, expected) => {
    expect(correctionOf(text)).toMatchObject({ right: expected.right, wrong: expected.wrong })
  })

  it.each(['no problem', 'Tuesday', 'my name is Anna', 'yes', 'nobody told me'])('finds none in %j', (text) => {
    expect(correctionOf(text)).toBeUndefined()
  })
})
