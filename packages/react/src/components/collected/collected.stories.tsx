import { aiBooking, ScenarioWriter } from '@callgather/protocol/scenarios'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, fn, userEvent, waitFor } from 'storybook/test'
import { Collected } from './collected.tsx'
import * as CollectedParts from './parts.tsx'

/** A call that collects keys of every kind, and the fields of an AI gather. */
const appointment = new ScenarioWriter('Appointment')
  .answered({ callerName: 'Sample Caller' })
  .command(
    'account',
    'gather_using_speak',
    { payload: 'Please enter your account number, followed by the pound key.', maximum_digits: 10 },
    { label: 'Account number' },
  )
  .press('40718832#', { gather: 'account' })
  .event('call.gather.ended', { command_id: 'account', payload: { status: 'valid', digits: '40718832' } })
  .wait(20_000)
  .command(
    'pin',
    'gather_using_speak',
    { payload: 'Please enter your four digit PIN.', maximum_digits: 4 },
    { mask: 'digits', label: 'PIN' },
  )
  .press('••••', { gather: 'pin' })
  .event('call.gather.ended', { command_id: 'pin', payload: { status: 'valid', digits: null, digit_count: 4 } })
  .wait(20_000)
  .command('party', 'gather_using_speak', { payload: 'How many people are coming?', maximum_digits: 2 })
  .press('*7', { gather: 'party' })
  .event('call.gather.ended', { command_id: 'party', payload: { status: 'invalid', digits: '*7' } })
  .wait(20_000)
  .command(
    'card',
    'gather_using_speak',
    { payload: 'Please enter your card number, followed by the pound key.' },
    { mask: 'allButLast4', label: 'Card number' },
  )
  .event('call.gather.ended', {
    command_id: 'card',
    payload: { status: 'valid', digits: null, digit_count: 16, last4: '4242' },
  })
  .wait(20_000)
  .command('booking', 'gather_using_ai', {
    parameters: {
      type: 'object',
      properties: {
        day: { type: 'string', format: 'date', title: 'Appointment day' },
        member: { type: 'integer', title: 'Member since' },
        reminders: { type: 'boolean', title: 'Wants reminders' },
      },
      required: ['day', 'member'],
    },
  })
  .event('call.ai_gather.partial_results', {
    command_id: 'booking',
    payload: { partial_results: { day: '2026-11-24' } },
  })
  .wait(9000)
  .event('call.ai_gather.ended', {
    command_id: 'booking',
    payload: { status: 'valid', result: { day: '2026-11-26', member: 2019, reminders: true } },
  })
  .end()

const meta = {
  title: 'Gathers/Collected',
  component: Collected,
  args: { callId: appointment.callId },
  parameters: { scenario: appointment, width: '24rem' },
} satisfies Meta<typeof Collected>

export default meta
type Story = StoryObj<typeof meta>

/** Replaces the browser's clipboard for a story. */
function stubClipboard(writeText: (text: string) => Promise<void>) {
  Object.defineProperty(navigator, 'clipboard', { configurable: true, value: { writeText } })
}

/** The values of a call, newest first: masked keys, a wrong entry, and the confirmed fields of an AI gather. */
export const Everything: Story = {
  parameters: { shows: ['40718832', 'Card number', 'Appointment day', 'Invalid'] },
  play: async ({ canvas }) => {
    const written = fn(async () => {})
    stubClipboard(written)
    await userEvent.click(await canvas.findByRole('button', { name: 'Copy Account number' }))
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('Copied: Account number'))
    await expect(written).toHaveBeenCalledWith('40718832')
    await expect(canvas.queryByRole('button', { name: 'Copy PIN' })).toBeNull()
    await expect(canvas.getByText('Hidden, 4 digits')).toBeInTheDocument()
  },
}

/** The agent copies all values at once, as text or as JSON. A masked value is copied as hidden. */
export const CopyAll: Story = {
  tags: ['!dev', '!autodocs'],
  play: async ({ canvas }) => {
    const written = fn(async (_: string) => {})
    stubClipboard(written)
    await userEvent.click(await canvas.findByRole('button', { name: 'Copy all' }))
    await userEvent.click(canvas.getByRole('menuitem', { name: 'As text' }))
    const [text = ''] = written.mock.calls[0] ?? []
    await expect(text.split('\n')).toEqual([
      'Appointment day: 2026-11-26',
      'Member since: 2019',
      'Wants reminders: Yes',
      'Card number: Hidden, ends in 4242',
      'How many people are coming?: *7 (Invalid)',
      'PIN: Hidden, 4 digits',
      'Account number: 40718832',
    ])
    await userEvent.click(await canvas.findByRole('button', { name: 'Copied' }))
    await userEvent.click(canvas.getByRole('menuitem', { name: 'As JSON' }))
    const [json = ''] = written.mock.calls[1] ?? []
    await expect(JSON.parse(json)[3]).toMatchObject({ label: 'Card number', value: null, last4: '4242' })
  },
}

/** The browser denies access to the clipboard. The notice says how to copy without it. */
export const CopyFailed: Story = {
  tags: ['!autodocs'],
  parameters: { shows: 'Couldn’t copy' },
  play: async ({ canvas }) => {
    stubClipboard(() => Promise.reject(new Error('denied')))
    await userEvent.click(await canvas.findByRole('button', { name: 'Copy Account number' }))
    await expect(await canvas.findByRole('alert')).toHaveTextContent('Couldn’t copy')
  },
}

/** The assistant has heard two fields but has not confirmed them. They may still change. */
export const Heard: Story = {
  args: { callId: aiBooking.callId },
  parameters: { shows: 'Heard, not confirmed', scenario: aiBooking, at: 12_000 },
  play: async ({ canvas }) => {
    await expect(await canvas.findAllByText('Heard, not confirmed')).toHaveLength(3)
  },
}

/** Nothing is collected yet. */
export const Empty: Story = {
  parameters: { shows: 'Values the caller enters appear here.', at: 2500 },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('Values the caller enters appear here.')).toBeVisible()
  },
}

const nothing = new ScenarioWriter('Nothing collected').answered().hangup().end()

/** The call ended, and nothing was collected. */
export const EmptyEnded: Story = {
  args: { callId: nothing.callId },
  parameters: { shows: 'Nothing was collected on this call', scenario: nothing },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('Nothing was collected on this call')).toBeVisible()
  },
}

/** Arabic, from right to left. Digits keep their direction. */
export const RightToLeft: Story = { parameters: { shows: '40718832' }, globals: { dir: 'rtl', locale: 'ar' } }

/** The narrowest column. */
export const Narrow: Story = { parameters: { shows: '40718832', width: '15rem' } }

/** Dark colours. */
export const Dark: Story = { parameters: { shows: '40718832' }, globals: { mode: 'dark' } }

/** Unstyled parts in a table of the host's own design. */
export const Composed: Story = {
  parameters: { shows: ['40718832', 'Member since'] },
  render: ({ callId }) => (
    <CollectedParts.Root callId={callId}>
      <CollectedParts.List empty={<p>Nothing yet.</p>} style={{ display: 'grid', gap: 4, padding: 0 }}>
        {(item) => (
          <CollectedParts.Item key={item.id} item={item} style={{ display: 'flex', gap: 8 }}>
            <CollectedParts.Time />
            <CollectedParts.Label />
            <CollectedParts.Value style={{ flex: 1 }} />
            <CollectedParts.Outcome />
            <CollectedParts.Copy />
          </CollectedParts.Item>
        )}
      </CollectedParts.List>
      <CollectedParts.Announcer />
    </CollectedParts.Root>
  ),
  play: async ({ canvas }) => {
    const written = fn(async () => {})
    stubClipboard(written)
    await userEvent.click(await canvas.findByRole('button', { name: 'Copy Member since' }))
    await expect(written).toHaveBeenCalledWith('2019')
    const items = canvas.getAllByRole('listitem')
    await expect(items[3]).toHaveAttribute('data-hidden')
  },
}
