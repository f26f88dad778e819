/** The attributes and properties of the elements, in one table. `manifest.ts` describes them. */
import type { HostFeature, HostTheme } from '@callgather/protocol'

/** The sections of `<callgather-panel>` that `hide` can name. */
export const features = [
  'controls',
  'transcript',
  'assistant',
  'timeline',
  'collected',
  'wrap-up',
] as const satisfies readonly HostFeature[]

export const themes = ['light', 'dark', 'auto'] as const satisfies readonly HostTheme[]

export const densities = ['comfortable', 'compact', 'touch'] as const satisfies readonly Density[]

/** The size of the controls: `compact` for dense desktops, `touch` for fingers. */
export type Density = 'comfortable' | 'compact' | 'touch'

const isOneOf = (allowed: readonly string[]) => (value: string) => allowed.includes(value)

/** Returns the words of an attribute that holds a list. */
export const wordsOf = (value: string | null): readonly string[] => value?.split(/\s+/).filter((word) => word) ?? []

/** An attribute, and the property that reflects it. */
interface AttributeRule {
  readonly property: string
  /** Whether a value can be used. Other values count as missing, with a warning. */
  readonly accepts: (value: string) => boolean
}

const anyText = () => true

export const attributeRules = {
  url: {
    property: 'url',
    accepts: (value) => value === '' || (URL.canParse(value) && /^https?:/.test(value)),
  },
  'base-path': {
    property: 'basePath',
    accepts: (value) => value.startsWith('/'),
  },
  'call-id': { property: 'callId', accepts: anyText },
  locale: {
    property: 'locale',
    accepts: (value) => /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(value),
  },
  theme: { property: 'theme', accepts: isOneOf(themes) },
  density: { property: 'density', accepts: isOneOf(densities) },
  hide: {
    property: 'hide',
    accepts: (value) => wordsOf(value).every(isOneOf(features)),
  },
  'assistant-id': {
    property: 'assistantId',
    accepts: anyText,
  },
  selected: { property: 'selected', accepts: anyText },
  for: {
    property: 'for',
    accepts: anyText,
  },
} as const satisfies Record<string, AttributeRule>

export type AttributeName = keyof typeof attributeRules

interface PropertyRule {
  readonly accepts: (value: unknown) => boolean
}

const isFunction = (value: unknown) => typeof value === 'function'

/** The properties that no attribute can hold. */
export const propertyRules = {
  getTicket: {
    accepts: isFunction,
  },
  strings: {
    accepts: (value) => typeof value === 'object' && !Array.isArray(value),
  },
  presets: { accepts: Array.isArray },
  suggestions: {
    accepts: Array.isArray,
  },
  dispositions: {
    accepts: Array.isArray,
  },
  saveWrapUp: {
    accepts: isFunction,
  },
  answer: {
    accepts: isFunction,
  },
  describeCall: {
    accepts: isFunction,
  },
} as const satisfies Record<string, PropertyRule>

export type PropertyName = keyof typeof propertyRules

const sharedAttributes = ['url', 'base-path', 'locale', 'theme', 'density'] as const
const sharedProperties = ['getTicket', 'strings'] as const

/** What each element accepts. */
export const elementTable = {
  'callgather-panel': {
    attributes: [...sharedAttributes, 'call-id', 'hide', 'assistant-id'],
    properties: [...sharedProperties, 'presets', 'suggestions', 'dispositions', 'saveWrapUp'],
  },
  'callgather-dtmf': { attributes: [...sharedAttributes, 'call-id'], properties: [...sharedProperties] },
  'callgather-transcript': { attributes: [...sharedAttributes, 'call-id'], properties: [...sharedProperties] },
  'callgather-calls': {
    attributes: [...sharedAttributes, 'selected', 'for'],
    properties: [...sharedProperties, 'answer'],
  },
  'callgather-wall': {
    attributes: [...sharedAttributes, 'selected', 'for'],
    properties: [...sharedProperties, 'describeCall'],
  },
} as const satisfies Record<string, { attributes: readonly AttributeName[]; properties: readonly PropertyName[] }>

export type ElementName = keyof typeof elementTable
