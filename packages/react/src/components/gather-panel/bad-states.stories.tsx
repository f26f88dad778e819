import { hangupMidGather, refusedCommand, ScenarioWriter, unknownOutcome } from '@callgather/protocol/scenarios'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, userEvent, waitFor, within } from 'storybook/test'
import type { LoadedScenario } from '../../testing/storybook.tsx'
import { GatherPanel } from './gather-panel.tsx'

/** A call whose caller entered two digits of a PIN and then pauses, so no further event arrives. */
const halfEntered = new ScenarioWriter('Half a PIN')
  .answered({ callerName: 'Sample Caller' })
  .command('pin', 'gather_using_speak', {
    payload: 'Please enter your four digit PIN, followed by the pound key.',
    voice: 'female',
    minimum_digits: 4,
    maximum_digits: 6,
    timeout_millis: 120_000,
    inter_digit_timeout_millis: 120_000,
  })
  .press('55', { gather: 'pin' })
  .end()

/**
 * Shows how `GatherPanel` handles failures during a call. It keeps the last known state on screen and disables commands
 * that could act on stale data. The real client produces each state from an injected fault.
 */
const meta = {
  title: 'Panel/When things go wrong',
  component: GatherPanel,
  args: { callId: halfEntered.callId },
  parameters: { scenario: halfEntered, wide: true },
} satisfies Meta<typeof GatherPanel>

export default meta
type Story = StoryObj<typeof meta>
type Client = NonNullable<LoadedScenario['client']>

/** Injects a fault into the client after the call on screen is live. */
const whileWatched = (breakIt: (client: Client) => void | Promise<void>) => async (client: Client) => {
  await new Promise<void>((resolve) => {
    void client.watch(halfEntered.callId, { onFeed: ({ sync }) => sync === 'live' && resolve() }).catch(() => undefined)
  })
  await breakIt(client)
}

const clientOf = (loaded: unknown): Client => {
  const { client } = loaded as LoadedScenario
  if (!client) throw new Error('This story has no client. Set `parameters.scenario` to one scenario.')
  return client
}

/** Expects that the last known state of the call stays visible and that commands are disabled. */
const expectLastKnown = async (canvas: ReturnType<typeof within>) => {
  await expect(await canvas.findByRole('img', { name: '2 of 6: 5 5' })).toBeVisible()
  const stop = await canvas.findByRole('button', { name: 'Stop request', description: 'Waiting for the connection.' })
  await expect(stop).toHaveAttribute('aria-disabled', 'true')
  await waitFor(() => expect(canvas.getByRole('log', { name: 'Transcript' })).toHaveAttribute('aria-busy', 'true'))
}

/** Telnyx refused a gather command. A notice shows the reason, the error code and the next step. */
export const RefusedCommand: Story = {
  args: { callId: refusedCommand.callId },
  parameters: {
    shows: ['The call has already ended.', 'Nothing was changed on the call', 'Ask again'],
    scenario: refusedCommand,
  },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('The call has already ended.', { selector: '.cg-notice-title' })).toBeVisible()
    await expect(canvas.getByText(/Nothing was changed on the call/)).toBeVisible()
    await expect(canvas.getByRole('button', { name: 'Ask again' })).toBeEnabled()
    // Rows of the transcript become visible after they are measured.
    const row = within(canvas.getByRole('log'))
    await waitFor(() => expect(row.getByText('The call has already ended.')).toBeVisible())
  },
}

/** Telnyx did not respond within 45 seconds, so the outcome of the gather command is unknown. */
export const UnknownOutcome: Story = {
  args: { callId: unknownOutcome.callId },
  parameters: { shows: ['Outcome unknown', 'No answer came back'], scenario: unknownOutcome },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('Outcome unknown')).toBeVisible()
    await expect(canvas.getByText('No answer came back')).toBeVisible()
    await expect(canvas.getByRole('button', { name: 'Stop request' })).toBeEnabled()
  },
}

/** The agent's ticket expired, and the server also refused the new ticket. */
export const ExpiredTicket: Story = {
  parameters: {
    shows: ['Session expired', 'Sign in again to continue.', '2 of 6: 5 5'],
    prepare: whileWatched(async (client) => {
      client.faults.refuseConnection({ status: 401, code: '10009', title: 'Authentication failed' })
      await client.player.advance(5000)
    }),
  },
  play: async ({ canvas }) => {
    const alert = await canvas.findByRole('alert')
    await expect(alert).toHaveTextContent('Session expired')
    await expect(alert).toHaveTextContent('Sign in again to continue.')
    await expect(within(alert).getByRole('button', { name: 'Retry now' })).toBeVisible()
    await expectLastKnown(canvas)
  },
}

/** The agent signs in again after the ticket expired, and "Retry now" resumes the same panel. */
export const RecoveredAfterExpiry: Story = {
  tags: ['!autodocs'],
  parameters: { ...ExpiredTicket.parameters, shows: ['Live', 'Stop request'], hides: 'Session expired' },
  play: async ({ canvas, loaded }) => {
    const retry = await canvas.findByRole('button', { name: 'Retry now' })
    clientOf(loaded).faults.refuseConnection(null)
    await userEvent.click(retry)
    await expect(await canvas.findByText('Live')).toBeVisible()
    await waitFor(() => expect(canvas.queryByRole('alert')).toBeNull())
    await waitFor(() =>
      expect(canvas.getByRole('button', { name: 'Stop request' })).not.toHaveAttribute('aria-disabled'),
    )
  },
}

/** The call does not exist, or the agent has no permission for it. The panel does not reveal which. */
export const ForbiddenCall: Story = {
  parameters: {
    shows: 'No access to this call',
    hides: 'Ask',
    prepare: (client: Client) =>
      client.faults.refuseCall(halfEntered.callId, { status: 403, code: '10010', title: 'Authorization failed' }),
  },
  play: async ({ canvas }) => {
    const alert = await canvas.findByRole('alert')
    await expect(alert).toHaveTextContent('No access to this call')
    await expect(alert).toHaveTextContent('It doesn’t exist, or you don’t have permission to see it.')
    await waitFor(() => expect(canvas.queryByRole('log')).toBeNull())
    await expect(canvas.queryByRole('button')).toBeNull()
  },
}

/** The agent may see the call but send no command: everything is live, nothing can be pressed, and the panel says so. */
export const ReadOnly: Story = {
  parameters: { shows: ['View only', '2 of 6: 5 5'], hides: 'Stop request', client: { scopes: ['view'] } },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('View only')).toBeVisible()
    await expect(await canvas.findByRole('img', { name: '2 of 6: 5 5' })).toBeVisible()
    for (const name of ['Stop request', 'PIN', 'Write your own', 'Start assistant'])
      await expect(canvas.queryByRole('button', { name })).toBeNull()
  },
}

/** The server is unreachable. The panel says that its data is out of date and when the client will retry. */
export const Offline: Story = {
  parameters: {
    shows: ['Offline', 'Reconnecting in', '2 of 6: 5 5'],
    prepare: whileWatched(async (client) => {
      client.faults.setUnreachable(true)
      await client.player.advance(3000)
    }),
  },
  play: async ({ canvas }) => {
    const alert = await canvas.findByRole('alert')
    await expect(alert).toHaveTextContent('Offline')
    await expect(alert).toHaveTextContent('You’re seeing the last known state.')
    await expect(within(alert).getByRole('button', { name: 'Retry now' })).toBeVisible()
    await expect(await canvas.findByText(/Reconnecting in \d+ s/)).toBeVisible()
    await expectLastKnown(canvas)
  },
}

/** The server is reachable but its store is not. The panel shows the last known state, and updates are paused. */
export const StoreDegraded: Story = {
  parameters: {
    shows: ['Updates paused', '2 of 6: 5 5'],
    prepare: whileWatched(async (client) => {
      client.faults.setDegraded(true)
      await client.player.advance(10)
    }),
  },
  play: async ({ canvas }) => {
    await expect(await canvas.findByRole('alert')).toHaveTextContent('Updates paused')
    await expect(await canvas.findByRole('img', { name: '2 of 6: 5 5' })).toBeVisible()
  },
}

/** An event is missing, and the client fetches it. Commands are disabled until the gap is filled. */
export const GapBeingFilled: Story = {
  parameters: {
    shows: ['Catching up', '2 of 6: 5 5'],
    prepare: whileWatched(async (client) => {
      client.faults.loseEvents(1)
      client.press(halfEntered.callId, '09')
      await client.player.advance(10)
      client.faults.delay(4000)
      await client.player.advance(500)
    }),
  },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('Catching up')).toBeVisible()
    await expectLastKnown(canvas)
  },
}

/** The client has fetched the missing event. The keys are in order, and commands are enabled. */
export const GapFilled: Story = {
  tags: ['!autodocs'],
  parameters: { ...GapBeingFilled.parameters, shows: ['Live', '4 of 6: 5 5 0 9'], hides: 'Catching up' },
  play: async ({ canvas, loaded }) => {
    await expect(await canvas.findByText('Catching up')).toBeVisible()
    await clientOf(loaded).player.advance(4000)
    await expect(await canvas.findByRole('img', { name: '4 of 6: 5 5 0 9' })).toBeVisible()
    await expect(await canvas.findByText('Live')).toBeVisible()
    await waitFor(() =>
      expect(canvas.getByRole('button', { name: 'Stop request' })).not.toHaveAttribute('aria-disabled'),
    )
  },
}

/** After the client reconnects, the missed keys appear and the status shows the number of missed events. */
export const CaughtUp: Story = {
  tags: ['!autodocs'],
  parameters: { shows: ['Live', '2 missed events fetched', '4 of 6: 5 5 0 3'] },
  play: async ({ canvas, loaded }) => {
    await canvas.findByText('Live')
    const client = clientOf(loaded)
    client.faults.setUnreachable(true)
    await client.player.advance(3000)
    client.press(halfEntered.callId, '03')
    await expect(await canvas.findByText('Offline')).toBeVisible()
    client.faults.setUnreachable(false)
    await client.player.advance(3000)
    await expect(await canvas.findByRole('img', { name: '4 of 6: 5 5 0 3' })).toBeVisible()
    await expect(await canvas.findByText('2 missed events fetched')).toBeVisible()
    await waitFor(() =>
      expect(canvas.getAllByRole('status').map((it) => it.textContent)).toContain('Live. 2 missed events fetched'),
    )
  },
}

/** The page is newer than the server. A retry may reach an updated server during a rolling update. */
export const ServerTooOld: Story = {
  parameters: {
    shows: ['Versions do not match', 'Update the server.'],
    prepare: (client: Client) =>
      client.faults.refuseConnection({ status: 426, code: '10015', title: 'server_too_old' }),
  },
  play: async ({ canvas }) => {
    const alert = await canvas.findByRole('alert')
    await expect(alert).toHaveTextContent('Versions do not match')
    await expect(alert).toHaveTextContent('The server is older than this page. Update the server.')
    await expect(within(alert).getByRole('button', { name: 'Retry now' })).toBeVisible()
  },
}

/** The page is older than the updated server. The panel keeps the last known state and asks for a reload. */
export const ClientTooOld: Story = {
  parameters: {
    shows: ['Versions do not match', 'Reload it.'],
    prepare: whileWatched(async (client) => {
      client.faults.refuseConnection({ status: 426, code: '10015', title: 'client_too_old' })
      await client.player.advance(5000)
    }),
  },
  play: async ({ canvas }) => {
    const alert = await canvas.findByRole('alert')
    await expect(alert).toHaveTextContent('Versions do not match')
    await expect(alert).toHaveTextContent('This page is older than the server. Reload it.')
    await expect(within(alert).queryByRole('button')).toBeNull()
    await expectLastKnown(canvas)
  },
}

/** The server lost part of the call's log. The panel shows the remaining events and says that some are missing. */
export const HistoryLost: Story = {
  parameters: {
    shows: ['Part of the history was lost', 'Live'],
    prepare: whileWatched(async (client) => {
      client.faults.loseHistory(halfEntered.callId, 4)
      await client.player.advance(6000)
    }),
  },
  play: async ({ canvas }) => {
    const alert = await canvas.findByRole('alert')
    await expect(alert).toHaveTextContent('Part of the history was lost')
    await expect(within(alert).getByRole('button', { name: 'Close' })).toBeVisible()
    await expect(await canvas.findByText('Live')).toBeVisible()
  },
}

/** The caller hung up during a gather. The digits stay visible, and nothing can be asked any more. */
export const CallEnded: Story = {
  args: { callId: hangupMidGather.callId },
  parameters: { shows: ['Caller hung up', 'Call ended'], hides: 'Presets', scenario: hangupMidGather },
  play: async ({ canvas, loaded }) => {
    const gather = await canvas.findByRole('region', { name: 'Digits' })
    await expect(within(gather).getByText('Caller hung up')).toBeVisible()
    await expect(canvas.queryByRole('button', { name: /Ask/ })).toBeNull()
    await expect(canvas.queryByRole('group', { name: 'Presets' })).toBeNull()
    await clientOf(loaded).player.advance(61_000)
    await expect(await canvas.findByText('Call ended', { selector: '.cg-connection span:not([role])' })).toBeVisible()
  },
}
