import { AskCaller, CurrentGather, type Preset } from '@callgather/react'

/** What your agents ask most. Outside of the component, so that it is the same array on every render. */
const presets: readonly Preset[] = [
  {
    name: 'member',
    label: 'Member number',
    prompt: 'Please enter your member number, followed by the pound key.',
    values: { minimum_digits: '5', maximum_digits: '9', terminating_digit: '#' },
  },
  {
    name: 'card',
    label: 'Card number',
    prompt: 'Please enter your card number, followed by the pound key.',
    values: { minimum_digits: '12', maximum_digits: '19', terminating_digit: '#' },
    mask: 'allButLast4',
  },
  {
    name: 'delivery',
    label: 'Delivery',
    prompt: 'When may we deliver?',
    values: {},
    fields: [
      { name: 'Day', type: 'date', options: '', required: true },
      { name: 'Part of the day', type: 'enum', options: 'morning, afternoon', required: true },
    ],
  },
]

export const OwnPresets = ({ callId }: { readonly callId: string }) => (
  <div style={{ display: 'grid', gap: 16 }}>
    <CurrentGather callId={callId} />
    <AskCaller callId={callId} presets={presets} />
  </div>
)
