/** Makes the custom elements manifest, https://github.com/webcomponents/custom-elements-manifest, schema 2.1.0. */
import { callEvents } from './src/bridge/call-events.ts'
import { type AttributeName, attributeRules, elementTable, type PropertyName } from './src/element/attributes.ts'

const attributes: Readonly<Record<AttributeName, string>> = {
  url: 'The origin of the CallGather server; empty for the origin of the page.',
  'base-path': 'The base path of the server. Default `/callgather`.',
  'call-id': 'The `call_control_id` of the call to show.',
  locale: 'The language as a BCP 47 tag. Default: the `lang` of the page, or English.',
  theme: '`light`, `dark` or `auto`. Default: the `color-scheme` of the page.',
  density: '`comfortable`, `compact` or `touch`.',
  hide: 'Sections to leave out: `controls`, `transcript`, `assistant`, `timeline`, `collected`, `wrap-up`.',
  'assistant-id': 'The id in Telnyx of the assistant that the panel starts.',
  selected: 'The `call_control_id` of the open call.',
  for: 'The id of the element that shows the selected call.',
}

const properties: Readonly<Record<PropertyName, { type: string; description: string }>> = {
  getTicket: {
    type: 'GetTicket',
    description: 'Fetches a ticket from your backend. Another function is another agent.',
  },
  strings: { type: 'StringOverrides', description: 'Strings that override the language.' },
  presets: { type: 'readonly Preset[]', description: 'The presets offered as buttons.' },
  suggestions: { type: 'readonly string[]', description: 'Common messages to the assistant.' },
  dispositions: { type: 'readonly Disposition[]', description: 'The results offered in the wrap-up.' },
  saveWrapUp: { type: '(record: WrapUpRecord) => unknown', description: 'Saves the finished wrap-up.' },
  answer: { type: 'AnswerCall', description: 'Answers a ringing call. Without it, there is no Answer button.' },
  describeCall: { type: 'DescribeCall', description: 'Returns the name, agent and team of a call.' },
}

const connectionEvents = ['ready', 'connection', 'ticket-needed', 'error']

const about: Readonly<Record<keyof typeof elementTable, string>> = {
  'callgather-panel': 'The panel of one call.',
  'callgather-dtmf': 'A keypad that shows the keys that the caller presses.',
  'callgather-transcript': 'The live transcript of a call.',
  'callgather-calls': 'The list of the calls that the ticket allows.',
  'callgather-wall': 'A wall of all live calls, for a supervisor.',
}

const elements = Object.entries(elementTable) as [
  keyof typeof elementTable,
  (typeof elementTable)['callgather-panel'],
][]

/** Returns the manifest as an object. */
export const customElementsManifest = () => ({
  schemaVersion: '2.1.0',
  modules: [
    {
      kind: 'javascript-module',
      path: 'dist/callgather.mjs',
      declarations: elements.map(([tagName, accepted]) => ({
        kind: 'class',
        customElement: true,
        name: tagName,
        tagName,
        description: about[tagName],
        attributes: accepted.attributes.map((name) => ({
          name,
          description: attributes[name],
          type: { text: 'string' },
          fieldName: attributeRules[name].property,
        })),
        members: [
          ...accepted.attributes.map((name) => ({
            kind: 'field',
            name: attributeRules[name].property,
            description: attributes[name],
            type: { text: 'string | null' },
            attribute: name,
            reflects: true,
          })),
          ...accepted.properties.map((name) => ({
            kind: 'field',
            name,
            description: properties[name].description,
            type: { text: `${properties[name].type} | undefined` },
          })),
        ],
        events: [
          ...connectionEvents,
          ...callEvents,
          ...((accepted.attributes as readonly string[]).includes('for') ? ['call-selected'] : []),
        ].map((name) => ({ name, type: { text: `CallGatherEventMap['${name}']` } })),
      })),
      exports: elements.map(([tagName]) => ({
        kind: 'custom-element-definition',
        name: tagName,
        declaration: { name: tagName, module: 'dist/callgather.mjs' },
      })),
    },
  ],
})
