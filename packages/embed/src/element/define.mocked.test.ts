import { expect, it, vi } from 'vitest'
import { customElementsManifest } from '../../manifest.ts'
import { defineElements } from './define.ts'

// Styles need the browser, and the end-to-end tests check them.
vi.mock('./styles.ts', () => ({ adoptStyles: () => () => {}, addStyles: () => {} }))

const declarations = customElementsManifest().modules.flatMap((module) => module.declarations)

it('defining the elements twice keeps the first definition', () => {
  defineElements()
  const first = customElements.get('callgather-panel')
  defineElements()
  expect(first).toBeDefined()
  expect(customElements.get('callgather-panel')).toBe(first)
})

it.each(declarations)(
  '<$tagName> has the attributes and properties of the manifest',
  ({ tagName, attributes, members }) => {
    defineElements()
    const type = customElements.get(tagName) as unknown as { observedAttributes: string[]; prototype: object }
    expect([...type.observedAttributes].sort()).toEqual(attributes.map(({ name }) => name).sort())
    for (const { name } of members) expect(Object.getOwnPropertyDescriptor(type.prototype, name)?.set).toBeDefined()
  },
)

it('a property that reflects an attribute accepts text, `null` and a list of words', () => {
  defineElements()
  const panel = document.createElement('callgather-panel')
  panel.callId = 'v3:call'
  expect(panel.getAttribute('call-id')).toBe('v3:call')
  panel.callId = null
  expect(panel.hasAttribute('call-id')).toBe(false)
  Object.assign(panel, { hide: ['timeline', 'wrap-up'] })
  expect(panel.getAttribute('hide')).toBe('timeline wrap-up')
})

it('a property that was set before the definition is upgraded, and an unusable value is ignored with a warning', async () => {
  defineElements()
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const panel = document.createElement('callgather-panel')
  const getTicket = async () => 'ticket'
  Object.defineProperty(panel, 'getTicket', { value: getTicket, configurable: true, writable: true })
  document.body.append(panel)
  expect(panel.getTicket).toBe(getTicket)
  expect(Object.hasOwn(panel, 'getTicket')).toBe(false)
  Object.assign(panel, { presets: 'pin' })
  expect(panel.presets).toBeUndefined()
  expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('`presets`'))
  panel.remove()
  warn.mockRestore()
})
