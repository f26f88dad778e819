import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, userEvent } from 'storybook/test'
import { LivePanel } from './live-panel.tsx'

const meta = {
  title: 'Welcome panel',
  component: LivePanel,
  // The page "Welcome" shows it.
  tags: ['!dev', '!autodocs'],
  parameters: { wide: true },
} satisfies Meta<typeof LivePanel>

export default meta
type Story = StoryObj<typeof meta>

/** The panel plays by itself until the reader pauses it, and starts again on demand. */
export const Playing: Story = {
  play: async ({ canvas }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Start again' }))
    await expect(await canvas.findByText('Ada Lovelace')).toBeVisible()
    await userEvent.click(canvas.getByRole('button', { name: 'Pause' }))
    await expect(await canvas.findByRole('button', { name: 'Play' })).toBeVisible()
  },
}
