import { ScenarioWriter } from '@callgather/protocol/scenarios'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, fn, userEvent, waitFor } from 'storybook/test'
import { deleteAgent } from '../../client/agent-storage.ts'
import * as WrapUpParts from './parts.tsx'
import { WrapUp } from './wrap-up.tsx'

const rescheduled = new ScenarioWriter('Rescheduled')
  .answered({ callerName: 'Sample Caller' })
  .command('account', 'gather', { maximum_digits: 10 }, { label: 'Account number' })
  .event('call.gather.ended', { command_id: 'account', payload: { status: 'valid', digits: '40718832' } })
  .wait(15_000)
  .command('pin', 'gather', { maximum_digits: 4 }, { mask: 'digits', label: 'PIN' })
  .event('call.gather.ended', { command_id: 'pin', payload: { status: 'valid', digits: null, digit_count: 4 } })
  .command('number', 'gather', {}, { label: 'Phone number' })
  .wait(5000)
  .event('call.gather.ended', { command_id: 'number', payload: { status: 'timeout', digits: '0206' } })
  .command('booking', 'gather_using_ai', {
    parameters: { properties: { day: { type: 'string', format: 'date', title: 'Appointment day' } } },
  })
  .wait(5000)
  .command('whisper', 'ai_assistant_add_messages', {
    messages: [{ role: 'system', content: 'Offer Thursday first.' }],
  })
  .wait(20_000)
  .event('call.ai_gather.ended', { command_id: 'booking', payload: { status: 'valid', result: { day: '2026-11-26' } } })
  .wait(3000)
  .hangup()
  .end()

const missed = new ScenarioWriter('Missed')
  .event('call.initiated', { payload: { from: '+15550001180', to: '+15550002222', direction: 'incoming' } })
  .wait(12_000)
  .hangup()
  .end()

const dispositions = [
  { id: 'resolved', label: 'Resolved' },
  { id: 'callback', label: 'Call back later' },
  { id: 'wrong', label: 'Wrong number' },
]

const meta = {
  title: 'Call/WrapUp',
  component: WrapUp,
  args: { callId: rescheduled.callId, dispositions, onWrapUp: fn(async () => {}) },
  parameters: { scenario: rescheduled, width: '26rem' },
  beforeEach: () => deleteAgent(null),
} satisfies Meta<typeof WrapUp>

export default meta
type Story = StoryObj<typeof meta>

/** A call that ended: its summary, and the fields for the agent's note and the result. */
export const Open: Story = {
  parameters: { shows: ['Caller hung up', 'Valid ×3 · Timed out', 'Finish'] },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('Caller hung up')).toBeVisible()
    await expect(canvas.getByText('Valid ×3 · Timed out')).toBeVisible()
    await expect(canvas.getByText('Offer Thursday first.')).toBeVisible()
    await expect(canvas.getByText('Hidden, 4 digits')).toBeVisible()
    await expect(canvas.getByText(/\(Timed out\)/)).toHaveTextContent('0206 (Timed out)')
  },
}

/** The agent writes a note, chooses a result and finishes. Without a result, the choice takes the focus. */
export const Finished: Story = {
  tags: ['!autodocs'],
  parameters: { shows: ['Finished', 'Moved to Thursday.'] },
  play: async ({ canvas, args }) => {
    await userEvent.type(await canvas.findByRole('textbox', { name: 'Note' }), 'Moved to Thursday.')
    await userEvent.click(canvas.getByRole('button', { name: 'Finish' }))
    await expect(await canvas.findByText('Choose a result first.')).toBeVisible()
    await expect(canvas.getByRole('combobox', { name: 'Result' })).toHaveFocus()
    await expect(args.onWrapUp).not.toHaveBeenCalled()
    await userEvent.selectOptions(canvas.getByRole('combobox', { name: 'Result' }), 'Resolved')
    await userEvent.click(canvas.getByRole('button', { name: 'Finish' }))
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('Finished'))
    await expect(args.onWrapUp).toHaveBeenCalledWith(
      expect.objectContaining({ note: 'Moved to Thursday.', disposition: 'resolved' }),
    )
  },
}

/** The host could not save the wrap-up. The note is kept, and the agent can try again. */
export const NotSaved: Story = {
  tags: ['!autodocs'],
  parameters: { shows: ['Your note is kept.', 'Moved to Thursday.'] },
  args: {
    dispositions: [],
    onWrapUp: fn(() => Promise.reject<void>(new Error('offline'))),
  },
  play: async ({ canvas }) => {
    await userEvent.type(await canvas.findByRole('textbox', { name: 'Note' }), 'Moved to Thursday.')
    await userEvent.click(canvas.getByRole('button', { name: 'Finish' }))
    await expect(await canvas.findByRole('alert')).toHaveTextContent('Your note is kept.')
    await expect(canvas.getByRole('textbox', { name: 'Note' })).toHaveValue('Moved to Thursday.')
  },
}

/** The agent copies the summary, the note and the result as text. Masked values are written as hidden. */
export const Copied: Story = {
  tags: ['!dev', '!autodocs'],
  play: async ({ canvas }) => {
    const written = fn(async (_: string) => {})
    Object.defineProperty(navigator, 'clipboard', { configurable: true, value: { writeText: written } })
    await userEvent.type(await canvas.findByRole('textbox', { name: 'Note' }), 'Moved to Thursday.')
    await userEvent.selectOptions(canvas.getByRole('combobox', { name: 'Result' }), 'Resolved')
    await userEvent.click(canvas.getByRole('button', { name: 'Copy summary' }))
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('Copied'))
    const [text = ''] = written.mock.calls[0] ?? []
    await expect(text.split('\n').slice(1)).toEqual([
      'Talk time: 00:49',
      'Ended: Caller hung up',
      'Requests: Valid ×3 · Timed out',
      'Appointment day: 2026-11-26',
      'Phone number: 0206 (Timed out)',
      'PIN: Hidden, 4 digits',
      'Account number: 40718832',
      'Whisper 10:41:27: Offer Thursday first.',
      'Result: Resolved',
      'Note: Moved to Thursday.',
    ])
  },
}

/** The incoming call ended without an answer. */
export const Missed: Story = {
  args: { callId: missed.callId },
  parameters: { shows: ['Missed', '00:12'], scenario: missed },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('Missed')).toBeVisible()
    await expect(canvas.getByText('00:12')).toBeVisible()
  },
}

/** During the call the agent can already write the note, but cannot finish. */
export const DuringTheCall: Story = {
  parameters: { shows: 'You can finish when the call has ended.', at: 10_000 },
  play: async ({ canvas, args }) => {
    await userEvent.type(await canvas.findByRole('textbox', { name: 'Note' }), 'Speaks quietly.')
    await expect(canvas.getByText('You can finish when the call has ended.')).toBeVisible()
    await userEvent.click(canvas.getByRole('button', { name: 'Finish' }))
    await expect(args.onWrapUp).not.toHaveBeenCalled()
  },
}

/** Arabic, from right to left. */
export const RightToLeft: Story = { parameters: { shows: ['40718832', '2026'] }, globals: { dir: 'rtl', locale: 'ar' } }

/** The narrowest column. */
export const Narrow: Story = { parameters: { shows: 'Finish', width: '15rem' } }

/** Dark colours. */
export const Dark: Story = { parameters: { shows: 'Finish' }, globals: { mode: 'dark' } }

/** Unstyled parts in the host's own layout. */
export const Composed: Story = {
  parameters: { shows: 'Finish' },
  render: (args) => (
    <WrapUpParts.Root {...args}>
      <WrapUpParts.Disposition />
      <WrapUpParts.Note style={{ display: 'block', inlineSize: '100%' }} />
      <WrapUpParts.Finish />
    </WrapUpParts.Root>
  ),
  play: async ({ canvas, args }) => {
    await userEvent.selectOptions(await canvas.findByRole('combobox', { name: 'Result' }), 'Call back later')
    const finish = canvas.getByRole('button', { name: 'Finish' })
    await waitFor(() => expect(finish).not.toHaveAttribute('aria-disabled'))
    await userEvent.click(finish)
    await expect(args.onWrapUp).toHaveBeenCalledWith(expect.objectContaining({ disposition: 'callback' }))
  },
}
