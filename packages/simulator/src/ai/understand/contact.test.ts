import { describe, expect, it } from 'vitest'
import { asCode, asUri, findEmails, findPhones } from './contact.ts'

const emails = (text: string) => findEmails(text).map(({ value }) => value)
const phones = (text: string) => findPhones(text).map(({ value }) => value)

describe('what people spell out', () => {
  it.each([
    ['jane@example.com', 'jane@example.com'],
    ['it is Jane.Doe@Example.com.', 'jane.doe@example.com'],
    ['jane at example dot com', 'jane@example.com'],
    ["it's jane dot doe at mail dot example dot co dot uk", 'jane.doe@mail.example.co.uk'],
    ['j underscore doe at example hyphen shop dot com please', 'j_doe@example-shop.com'],
    ['j d at example dot com', 'jd@example.com'],
  ])('reads the address in %j', (text, expected) => {
    expect(emails(text)).toEqual([expected])
  })

  it('does not take every "at" for an address', () => {
    expect(emails('I live at home')).toEqual([])
    expect(emails('meet me at ten')).toEqual([])
  })

  it.each([
    ['+1 (555) 000-1111', '+15550001111'],
    ['plus one five five five, oh one two three', '+15550123'],
    ['my number is 020 7946 0018', '02079460018'],
    ['double five one two three four five', '5512345'],
  ])('reads the number in %j', (text, expected) => {
    expect(phones(text)).toEqual([expected])
  })

  it('joins letters and figures said one by one', () => {
    expect(asCode('A B one two three')).toBe('AB123')
    expect(asCode('blue house')).toBe('blue house')
  })

  it('makes a web address of a spoken one', () => {
    expect(asUri('example dot com slash help')).toMatch(/^https:\/\/example\.com/)
  })
})
