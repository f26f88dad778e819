import { aiBooking, assistantWhisper, hangupMidGather, hiddenPin, pinEntry } from '@callgather/protocol/scenarios'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, waitFor } from 'storybook/test'
import { AssistantBar } from '../assistant-bar/assistant-bar.tsx'
import { ConnectionBanner } from '../connection-status/connection-status.tsx'
import { DigitSlots } from '../digit-slots/digit-slots.tsx'
import { GatherPanel } from './gather-panel.tsx'
import * as GatherPanelParts from './parts.tsx'

const meta = {
  title: 'Panel/GatherPanel',
  component: GatherPanel,
  args: { cards: ['now', 'ask', 'collected'], without: [], suggestions: [], developer: false },
  argTypes: {
    cards: { control: 'check', options: ['now', 'ask', 'collected'] },
    without: { control: 'check', options: ['transcript', 'assistant', 'timeline'] },
    callActions: { control: false },
    presets: { control: false },
  },
  parameters: { wide: true },
} satisfies Meta<typeof GatherPanel>

export default meta
type Story = StoryObj<typeof meta>

/** A gather asks for a PIN by speech, and the caller has entered two digits. */
export const Collecting: Story = {
  args: { callId: pinEntry.callId },
  parameters: { shows: ['Collecting', '2 of 6: 5 5'], hides: 'Valid', scenario: pinEntry, at: 7900 },
}

/** A gather asks for a PIN with masked digits. The server never sends masked digits to the browser. */
export const Hidden: Story = {
  args: { callId: hiddenPin.callId },
  parameters: { shows: 'digits hidden', scenario: hiddenPin, at: 7200 },
}

/** A gather of digits ended with valid input. */
export const Ended: Story = {
  args: { callId: pinEntry.callId },
  parameters: { shows: ['Valid', '4 of 6: 5 5 0 3'], hides: 'Collecting', scenario: pinEntry },
}

/** The fields of an AI gather fill in as the caller answers. */
export const Fields: Story = {
  args: { callId: aiBooking.callId },
  parameters: { shows: ['Fields by AI', 'heard'], scenario: aiBooking, at: 12_000 },
}

/** An assistant talks to the caller after a whisper from the agent. */
export const Assistant: Story = {
  args: { callId: assistantWhisper.callId, suggestions: ['Offer Thursday first.', 'Speak more slowly.'] },
  parameters: { shows: ['on the call', 'Offer Thursday first.'], scenario: assistantWhisper, at: 9500 },
}

/** The call is answered, and no gather has started. */
export const Idle: Story = {
  args: { callId: pinEntry.callId },
  parameters: { shows: 'Presets', hides: 'Collecting', scenario: pinEntry, at: 2200 },
}

/** The caller hung up during a gather, so the panel sends no more commands. */
export const HungUp: Story = {
  args: { callId: hangupMidGather.callId },
  parameters: { shows: 'Caller hung up', hides: 'Presets', scenario: hangupMidGather },
}

/** A custom layout of selected components, built from `GatherPanelParts`. */
export const Composed: Story = {
  args: { callId: pinEntry.callId },
  parameters: { shows: ['Answered', '2 of 6: 5 5'], scenario: pinEntry, at: 7900 },
  render: ({ callId }) => (
    <GatherPanelParts.Root callId={callId} style={{ display: 'grid', gap: 12 }}>
      <ConnectionBanner callId={callId} />
      <GatherPanelParts.Title>
        <GatherPanelParts.Party />, <GatherPanelParts.Phase />
      </GatherPanelParts.Title>
      <GatherPanelParts.Facts />
      <DigitSlots callId={callId} />
      <AssistantBar callId={callId} />
    </GatherPanelParts.Root>
  ),
  play: async ({ canvas }) => {
    const panel = await canvas.findByRole('article')
    await waitFor(() => expect(panel).toHaveAttribute('data-phase', 'answered'))
    await expect(panel).toHaveAccessibleName(/, Answered$/)
  },
}
