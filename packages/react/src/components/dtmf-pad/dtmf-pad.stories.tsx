import { hiddenPin, menuWithWrongKey, pinEntry, ScenarioWriter } from '@callgather/protocol/scenarios'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, waitFor } from 'storybook/test'
import type { LoadedScenario } from '../../testing/storybook.tsx'
import { DtmfPad } from './dtmf-pad.tsx'

const meta = {
  title: 'Digits/DtmfPad',
  component: DtmfPad,
  parameters: { width: '16rem' },
  args: { callId: pinEntry.callId },
} satisfies Meta<typeof DtmfPad>

export default meta
type Story = StoryObj<typeof meta>

const stray = new ScenarioWriter('Stray keys').answered().press('1995*', { intervalMs: 300 }).end()

/** The caller has pressed no key. */
export const Quiet: Story = {
  parameters: { shows: 'No key yet', scenario: pinEntry, at: 6200 },
  play: async ({ canvas }) => {
    await waitFor(() => expect(canvas.getByText('No key yet')).toBeVisible())
    await expect(canvas.getAllByRole('listitem')).toHaveLength(12)
  },
}

/** A key flashes when the caller presses it, and stays marked as the last key. */
export const Pressed: Story = {
  parameters: { shows: 'Last key', scenario: pinEntry, at: 7900 },
  play: async ({ canvas, canvasElement, loaded }) => {
    await waitFor(() => expect(canvas.getByText('Last key 5')).toBeVisible())
    // Keys that the caller pressed before the pad rendered do not flash.
    await expect(canvasElement.querySelector('.cg-key-flash')).toBeNull()
    const { client } = loaded as LoadedScenario
    client?.press(pinEntry.callId, '8')
    await waitFor(() => expect(canvasElement.querySelector('.cg-key-flash')).toHaveTextContent('8'))
    await expect(canvas.getByText('Last key 8')).toBeVisible()
    await expect(canvas.getByText('8, pressed 1 time')).toBeInTheDocument()
  },
}

/** The gather masks its digits, so the pad shows only that the caller pressed a key. */
export const Hidden: Story = {
  args: { callId: hiddenPin.callId },
  parameters: { shows: 'Key pressed, hidden', scenario: hiddenPin, at: 7200 },
  play: async ({ canvas, canvasElement }) => {
    await expect(await canvas.findByText('Key pressed, hidden')).toBeVisible()
    await expect(canvasElement.querySelector('[data-last]')).toBeNull()
  },
}

/** The gather accepts three keys. The pad outlines all other keys and marks the invalid key that was pressed. */
export const WrongKey: Story = {
  args: { callId: menuWithWrongKey.callId },
  parameters: { shows: '9', scenario: menuWithWrongKey, at: 4500 },
  play: async ({ canvasElement }) => {
    await waitFor(() => expect(canvasElement.querySelector('[data-last="invalid"]')).toHaveTextContent('9'))
  },
}

/** The caller pressed keys while no gather was running. The pad lists them as outside any gather. */
export const Stray: Story = {
  args: { callId: stray.callId },
  parameters: { shows: 'Outside any request', scenario: stray },
  play: async ({ canvas, loaded }) => {
    await expect(await canvas.findByRole('list', { name: 'Outside any request' })).toHaveTextContent('1995*')
    const { client } = loaded as LoadedScenario
    client?.press(stray.callId, '3')
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('Key pressed outside any request'))
  },
}
