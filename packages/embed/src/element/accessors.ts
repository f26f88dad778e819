import { type AttributeName, attributeRules, type ElementName, elementTable, type PropertyName } from './attributes.ts'

interface WithProperties extends HTMLElement {
  readProperty(name: PropertyName): unknown
  writeProperty(name: PropertyName, value: unknown): void
}

/** Defines the accessors of an element: a reflecting one for each attribute, and one for each other property. */
export function defineAccessors(prototype: HTMLElement, element: ElementName): void {
  const { attributes, properties } = elementTable[element]
  for (const name of attributes) define(prototype, attributeRules[name].property, reflected(name))
  for (const name of properties) define(prototype, name, stored(name))
}

const define = (prototype: HTMLElement, name: string, accessors: PropertyDescriptor & ThisType<WithProperties>) =>
  Object.defineProperty(prototype, name, { configurable: true, enumerable: true, ...accessors })

const reflected = (name: AttributeName): PropertyDescriptor & ThisType<WithProperties> => ({
  get() {
    return this.getAttribute(name)
  },
  set(value: unknown) {
    if (value === null || value === undefined) this.removeAttribute(name)
    else this.setAttribute(name, Array.isArray(value) ? value.join(' ') : String(value))
  },
})

const stored = (name: PropertyName): PropertyDescriptor & ThisType<WithProperties> => ({
  get() {
    return this.readProperty(name)
  },
  set(value: unknown) {
    this.writeProperty(name, value)
  },
})

/** Assigns properties once more that were set before the element was defined, because they hide its accessors. */
export function upgradeProperties(element: HTMLElement): void {
  const self = element as unknown as Record<string, unknown>
  for (const name of Object.getOwnPropertyNames(element)) {
    if (!(name in Object.getPrototypeOf(element))) continue
    const value = self[name]
    delete self[name]
    self[name] = value
  }
}
