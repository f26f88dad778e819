import { render, screen } from '@testing-library/react'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { ar } from './ar.ts'
import { de } from './de.ts'
import { en } from './en.ts'
import { es } from './es.ts'
import { fr } from './fr.ts'
import { type Strings, StringsProvider, type Translate, useLanguage } from './index.ts'
import { ja } from './ja.ts'
import type { Message } from './message.ts'
import { formatterFor } from './message.ts'
import { ptBR } from './pt-BR.ts'
import { zhCN } from './zh-CN.ts'

const languages: Record<string, Strings> = { en, es, fr, de, 'pt-BR': ptBR, 'zh-CN': zhCN, ja, ar }
const entries = (strings: Strings) => Object.entries(strings as Record<string, Message>)
const formsOf = (message: Message) => (typeof message === 'string' ? [message] : Object.values(message))
const namesIn = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()

describe.each(Object.entries(languages))('the dictionary %s', (locale, strings) => {
  test(`the dictionary ${locale} has the keys of the English dictionary and no empty message`, () => {
    expect(Object.keys(strings)).toEqual(Object.keys(en))
    expect(entries(strings).filter(([, message]) => formsOf(message).some((text) => text.trim() === ''))).toEqual([])
  })

  test(`each message of the dictionary ${locale} has the placeholders of its English message`, () => {
    for (const [key, message] of entries(strings)) {
      const english = (en as Record<string, Message>)[key] ?? ''
      const wanted = namesIn(typeof english === 'string' ? english : english.other)
      for (const text of formsOf(message)) {
        // Plural forms such as "one digit" spell out the number and need no `{count}`.
        const names = typeof message === 'string' ? namesIn(text) : [...new Set([...namesIn(text), 'count'])]
        expect([key, names]).toEqual([key, wanted])
      }
    }
  })

  test(`each plural message of the dictionary ${locale} has all plural categories of its language`, () => {
    const rules = new Intl.PluralRules(locale)
    const needed = new Set(Array.from({ length: 1000 }, (_, count) => rules.select(count)))
    for (const [key, message] of entries(strings)) {
      if (typeof message === 'string') continue
      expect([key, [...needed].filter((category) => message[category] === undefined)]).toEqual([key, []])
    }
  })
})

test('the formatter fills in values, formats numbers and selects the plural form of the language', () => {
  const german = formatterFor('de')
  expect(german.message(de['slots.needsExactly'], { count: 1 })).toBe('braucht 1 Ziffer')
  expect(german.message(de['slots.open'], { count: 1234 })).toBe('1.234 Ziffern')
  expect(formatterFor('ar').message(ar['slots.open'], { count: 2 })).toBe('رقمان')
})

function Stop() {
  const { t } = useLanguage()
  return <output>{`${t('gather.stop')}, ${t('slots.count', { count: 2, max: 4 })}`}</output>
}

test('components use the language of StringsProvider and the overrides of the host', () => {
  render(
    <StringsProvider locale="de" strings={de} overrides={{ 'gather.stop': 'Eingabe abbrechen' }}>
      <Stop />
    </StringsProvider>,
  )
  expect(screen.getByRole('status').textContent).toBe('Eingabe abbrechen, 2 von 4')
})

test('the compiler rejects a message without its values', () => {
  const t = ((key: string) => key) as Translate
  expectTypeOf(t('gather.stop')).toBeString()
  expectTypeOf(t('slots.count', { count: 1, max: 2 })).toBeString()
  // @ts-expect-error - the values of the message are missing
  t('slots.count')
  // @ts-expect-error - a value of the message is missing
  t('slots.count', { count: 1 })
  // @ts-expect-error - the dictionary has no such message
  t('slots.nothing')
})
