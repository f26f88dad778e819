import { defineAccessors } from './accessors.ts'
import { type ElementName, elementTable } from './attributes.ts'
import { CallsElement, DtmfElement, PanelElement, TranscriptElement, WallElement } from './elements.tsx'

export const elementClasses = {
  'callgather-panel': PanelElement,
  'callgather-dtmf': DtmfElement,
  'callgather-transcript': TranscriptElement,
  'callgather-calls': CallsElement,
  'callgather-wall': WallElement,
} as const satisfies Record<ElementName, CustomElementConstructor>

/** Defines the elements. If the page has them already, also from another copy of this script, it does nothing. */
export function defineElements(): void {
  if (typeof customElements === 'undefined' || customElements.get('callgather-panel')) return
  for (const name of Object.keys(elementTable) as ElementName[]) {
    const type = elementClasses[name]
    Object.defineProperty(type, 'observedAttributes', { value: elementTable[name].attributes })
    defineAccessors(type.prototype, name)
    customElements.define(name, type)
  }
}
