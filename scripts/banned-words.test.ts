import { describe, expect, it } from 'vitest'
import { bannedWordsIn } from './banned-words.mjs'

describe('the check for banned words', () => {
  it('names the word and its line', () => {
    expect(bannedWordsIn('Publish the event.\nNobody is told.')).toEqual([
      { line: 2, word: 'nobody', text: 'Nobody is told.' },
    ])
  })

  it.each(['const isTold = true', 'const NOBODY_HERE = 1', 'who_tells_us()', 'it heeds the whisper'])(
    'finds a banned word in `%s`',
    (text) => {
      expect(bannedWordsIn(text)).toHaveLength(1)
    },
  )

  it('accepts longer words that contain a banned one', () => {
    expect(bannedWordsIn('an untold number of vouchers')).toEqual([])
  })
})
