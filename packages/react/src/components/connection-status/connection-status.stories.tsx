import { hangupMidGather, pinEntry } from '@callgather/protocol/scenarios'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, userEvent, waitFor } from 'storybook/test'
import type { LoadedScenario } from '../../testing/storybook.tsx'
import { ConnectionBanner, ConnectionStatus } from './connection-status.tsx'

const meta = {
  title: 'Call/ConnectionStatus',
  component: ConnectionStatus,
  args: { callId: pinEntry.callId },
  parameters: { scenario: pinEntry, at: 7900, width: '36rem' },
  render: ({ callId }) => (
    <div style={{ display: 'grid', gap: 12 }}>
      <ConnectionStatus {...(callId === undefined ? {} : { callId })} />
      <ConnectionBanner {...(callId === undefined ? {} : { callId })} />
    </div>
  ),
} satisfies Meta<typeof ConnectionStatus>

export default meta
type Story = StoryObj<typeof meta>

const clientOf = (loaded: unknown) => {
  const { client } = loaded as LoadedScenario
  if (!client) throw new Error('This story has no client. Set `parameters.scenario` to one scenario.')
  return client
}

/** The connection to the server is live, and the status shows its latency. */
export const Live: Story = {
  parameters: { shows: 'Live', hides: 'Offline' },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('Live')).toBeVisible()
  },
}

/** The connection to the server is lost. The client reconnects automatically, or at once with "Retry now". */
export const Reconnecting: Story = {
  tags: ['!autodocs'],
  parameters: { shows: ['Offline', 'Reconnecting in', 'Retry now'] },
  play: async ({ canvas, loaded }) => {
    await canvas.findByText('Live')
    const client = clientOf(loaded)
    client.faults.setUnreachable(true)
    await client.player.advance(3000)
    await expect(await canvas.findByText('Offline')).toBeVisible()
    await expect(canvas.getByText(/Reconnecting in \d+ s/)).toBeVisible()
    await expect(canvas.getByRole('button', { name: 'Retry now' })).toBeVisible()
  },
}

/** "Retry now" reconnects to the server and fetches the missed events. */
export const Recovered: Story = {
  tags: ['!autodocs'],
  parameters: { shows: ['Live', '2 missed events fetched'], hides: 'Offline' },
  play: async ({ canvas, loaded }) => {
    await canvas.findByText('Live')
    const client = clientOf(loaded)
    client.faults.setUnreachable(true)
    await client.player.advance(3000)
    const retry = await canvas.findByRole('button', { name: 'Retry now' })
    client.faults.setUnreachable(false)
    await userEvent.click(retry)
    await expect(await canvas.findByText('Live', { selector: 'span:not([role])' })).toBeVisible()
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('Live. 4 missed events fetched'))
    await expect(canvas.getByText('4 missed events fetched')).toBeVisible()
    await client.player.advance(9000)
    await waitFor(() => expect(canvas.queryByText('4 missed events fetched')).toBeNull())
    client.faults.setUnreachable(true)
    await client.player.advance(3000)
    client.press(pinEntry.callId, '19')
    client.faults.setUnreachable(false)
    await client.player.advance(3000)
  },
}

/** The server is reachable but its store is not, so updates are paused. */
export const Degraded: Story = {
  tags: ['!autodocs'],
  parameters: { shows: 'Updates paused' },
  play: async ({ canvas, loaded }) => {
    await canvas.findByText('Live')
    const client = clientOf(loaded)
    client.faults.setDegraded(true)
    await expect(await canvas.findByRole('alert')).toHaveTextContent(/Updates paused.*last known state/)
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('Updates paused'))
    client.faults.setDegraded(false)
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('Live'))
    await expect(canvas.queryByRole('alert')).toBeNull()
    client.faults.setDegraded(true)
    await expect(await canvas.findByRole('alert')).toBeVisible()
  },
}

/** The agent's session expired, and the server also refused the new ticket. The banner asks the agent to sign in. */
export const Expired: Story = {
  tags: ['!autodocs'],
  parameters: { shows: ['Session expired', 'Sign in again'] },
  play: async ({ canvas, loaded }) => {
    await canvas.findByText('Live')
    const client = clientOf(loaded)
    client.faults.refuseConnection({ status: 401, code: '10009', title: 'Authentication failed' })
    await client.player.advance(5000)
    await expect(await canvas.findByText(/Sign in again to continue/)).toBeVisible()
  },
}

/** The server answers with 503. The banner shows a temporary failure, not a lack of permission. */
export const Unavailable: Story = {
  tags: ['!autodocs'],
  parameters: { shows: 'Server temporarily unavailable' },
  play: async ({ canvas, loaded }) => {
    await canvas.findByText('Live')
    const client = clientOf(loaded)
    client.faults.refuseConnection({ status: 503, code: '10007', title: 'Service unavailable' })
    client.faults.dropConnection()
    await client.player.advance(3000)
    await expect(await canvas.findByRole('alert')).toHaveTextContent('Server temporarily unavailable')
  },
}

/** The server refuses the call with 404: the call does not exist, or the agent has no permission for it. */
export const Forbidden: Story = {
  parameters: {
    shows: 'doesn’t exist, or you don’t have permission',
    prepare: (client: NonNullable<LoadedScenario['client']>) =>
      client.faults.refuseCall(pinEntry.callId, { status: 404, code: '10005', title: 'Resource not found' }),
  },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText(/doesn’t exist, or you don’t have permission/)).toBeVisible()
  },
}

/** The server lost part of the call's log. A notice says so, and the agent can close it. */
export const HistoryLost: Story = {
  tags: ['!autodocs'],
  parameters: { shows: 'Part of the history was lost' },
  play: async ({ canvas, loaded }) => {
    await canvas.findByText('Live')
    const client = clientOf(loaded)
    client.faults.loseHistory(pinEntry.callId, 3)
    await client.player.advance(6000)
    await expect(await canvas.findByText('Part of the history was lost')).toBeVisible()
  },
}

/** "Close" removes the notice of the lost history. */
export const HistoryLostClosed: Story = {
  tags: ['!dev', '!autodocs'],
  play: async (context) => {
    await HistoryLost.play?.(context)
    const { canvas } = context
    await userEvent.click(canvas.getByRole('button', { name: 'Close' }))
    await waitFor(() => expect(canvas.queryByText('Part of the history was lost')).toBeNull())
  },
}

/** The call has ended and the client has all of its events. */
export const Ended: Story = {
  tags: ['!autodocs'],
  args: { callId: hangupMidGather.callId },
  parameters: { shows: 'Call ended', scenario: hangupMidGather, at: 'end' },
  play: async ({ canvas, loaded }) => {
    await canvas.findByText('Live')
    await clientOf(loaded).player.advance(61_000)
    await expect(await canvas.findByText('Call ended', { selector: 'span:not([role])' })).toBeVisible()
  },
}
