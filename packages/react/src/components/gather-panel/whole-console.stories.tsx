import {
  aiBooking,
  assistantWhisper,
  hangupMidGather,
  hiddenPin,
  pinEntry,
  type Scenario,
} from '@callgather/protocol/scenarios'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { useState } from 'react'
import { expect, userEvent, waitFor, within } from 'storybook/test'
import { CallList } from '../call-list/call-list.tsx'
import { GatherPanel } from './gather-panel.tsx'

/** Returns a copy of the scenario with another caller. */
const calledBy = (number: string, scenario: Scenario): Scenario =>
  JSON.parse(JSON.stringify(scenario).replaceAll(scenario.from, number)) as Scenario

const calls = [
  pinEntry,
  calledBy('+442079460018', aiBooking),
  calledBy('+33170189900', assistantWhisper),
  calledBy('+15550002043', hiddenPin),
  calledBy('+493023125000', hangupMidGather),
]

function Console() {
  const [callId, setCallId] = useState(pinEntry.callId)
  return (
    <div className="story-console">
      <CallList selected={callId} onSelect={setCallId} />
      <GatherPanel key={callId} callId={callId} suggestions={['Offer Thursday first.', 'Speak more slowly.']} />
    </div>
  )
}

const meta = {
  title: 'Whole console',
  component: Console,
  parameters: { scenario: calls, wide: true, player: true },
} satisfies Meta<typeof Console>

export default meta
type Story = StoryObj<typeof meta>

/** A console with five calls. Select a call on the left, then play its events or step through them. */
export const Playable: Story = {
  parameters: { shows: ['0.0 s of', 'Play', 'To the end'], at: 0 },
  play: async ({ canvas }) => {
    await expect(await canvas.findByRole('toolbar', { name: 'Scenario player' })).toBeVisible()
  },
}

/** The scenario player steps to the next event, plays at the selected speed and jumps to the end. */
export const PlayerControls: Story = {
  tags: ['!dev', '!autodocs'],
  parameters: { at: 0 },
  play: async ({ canvas }) => {
    const player = within(await canvas.findByRole('toolbar', { name: 'Scenario player' }))
    const position = player.getByRole('status')
    await expect(position).toHaveTextContent('0.0 s of')
    await userEvent.click(player.getByRole('button', { name: 'Step' }))
    await userEvent.click(player.getByRole('button', { name: 'Step' }))
    await waitFor(() => expect(position).not.toHaveTextContent('0.0 s of'))
    await userEvent.selectOptions(player.getByRole('combobox', { name: 'Speed' }), '10×')
    const stepped = position.textContent
    await userEvent.click(player.getByRole('button', { name: 'Play' }))
    await waitFor(() => expect(position).not.toHaveTextContent(stepped))
    await userEvent.click(await player.findByRole('button', { name: 'Pause' }))
    await userEvent.click(await player.findByRole('button', { name: 'To the end' }))
    await waitFor(() => expect(player.getByRole('button', { name: 'To the end' })).toBeDisabled())
    const gather = within(await canvas.findByRole('region', { name: 'Digits by speech' }))
    await expect(await gather.findByText('Valid')).toBeVisible()
  },
}

/** Each of two panels shows only the events of its own call. */
export const SeveralCalls: Story = {
  parameters: { shows: ['Fields by AI', 'Sample Caller'], at: 8000 },
  play: async ({ canvas }) => {
    await expect(await canvas.findByRole('heading', { name: 'Digits by speech' })).toBeVisible()
    const rows = () => canvas.getAllByRole('button', { name: /Sample Caller/ })
    await waitFor(() => expect(rows()).toHaveLength(2))
    const booking = rows().find((row) => !row.hasAttribute('aria-current'))
    if (!booking) throw new Error('No other row of the list has the name of the caller.')
    await userEvent.click(booking)
    await expect(await canvas.findByRole('heading', { name: 'Fields by AI' })).toBeVisible()
    await expect(within(canvas.getByRole('article')).queryByText(/Please enter your four digit PIN/)).toBeNull()
  },
}
