import {
  aiBooking,
  assistantWhisper,
  hangupMidGather,
  hiddenPin,
  menuWithWrongKey,
  pinEntry,
  type Scenario,
  ScenarioWriter,
} from '@callgather/protocol/scenarios'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { useState } from 'react'
import { expect, userEvent, waitFor } from 'storybook/test'
import type { LoadedScenario } from '../../testing/storybook.tsx'
import { CallList } from './call-list.tsx'
import * as CallListParts from './parts.tsx'

const ringing = new ScenarioWriter('Ringing', { from: '+33170189900' })
  .event('call.initiated', { payload: { from: '+33170189900', to: '+15550002222', direction: 'incoming' } })
  .end()

const several = [pinEntry, aiBooking, assistantWhisper, hangupMidGather, ringing, hiddenPin, menuWithWrongKey]

const hundreds: Scenario[] = Array.from({ length: 300 }, (_, index) => {
  const from = `+1555${String(1_000_000 + index * 7919).slice(-7)}`
  return new ScenarioWriter(`Call ${index}`, { from })
    .wait(index * 10)
    .answered()
    .end()
})

const meta = {
  title: 'Call/CallList',
  component: CallList,
  parameters: { scenario: several, at: 8000, width: '17rem' },
  render: function Render({ selected: first = null }) {
    const [selected, setSelected] = useState(first)
    return <CallList selected={selected} onSelect={setSelected} />
  },
  decorators: [
    (Story) => (
      <div style={{ blockSize: 460, display: 'grid' }}>
        <Story />
      </div>
    ),
  ],
} satisfies Meta<typeof CallList>

export default meta
type Story = StoryObj<typeof meta>

/** The list shows active calls before ended calls. The arrow keys move between calls. */
export const Several: Story = {
  args: { selected: pinEntry.callId },
  play: async ({ canvas }) => {
    await expect(await canvas.findByRole('navigation', { name: 'Calls' })).toBeVisible()
    const current = await canvas.findByRole('button', { current: true })
    current.focus()
    await userEvent.keyboard('{End}{Enter}')
    await waitFor(() => expect(canvas.getByRole('button', { current: true })).not.toBe(current))
  },
}

/** A row counts the new events of its call until the agent opens the call. */
export const Unseen: Story = {
  args: { selected: aiBooking.callId },
  play: async ({ canvas, loaded }) => {
    await canvas.findByRole('button', { current: true })
    const { client } = loaded as LoadedScenario
    client?.press(pinEntry.callId, '12')
    await expect(await canvas.findByText('2 new events')).toBeInTheDocument()
  },
}

/** A list of three hundred calls has a search field. Only the rows in view are in the DOM. */
export const Hundreds: Story = {
  parameters: { scenario: hundreds, at: 'end' },
  play: async ({ canvas, canvasElement }) => {
    const field = await canvas.findByRole('searchbox', { name: 'Find a call' })
    await expect(canvasElement.querySelectorAll('.cg-call').length).toBeLessThan(60)
    await userEvent.type(field, 'zzz')
    await expect(await canvas.findByText('No call matches')).toBeVisible()
  },
}

/** The list has no calls. */
export const Empty: Story = {
  parameters: { scenario: [], at: 'end' },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('No calls')).toBeVisible()
  },
}

/** The server is unavailable. The list shows the failure, not "No calls". */
export const Unavailable: Story = {
  parameters: {
    scenario: [pinEntry],
    prepare: async (client: NonNullable<LoadedScenario['client']>) => {
      client.faults.refuseConnection({ status: 503, code: '10007', title: 'Service unavailable' })
      await client.player.advance(3000)
    },
  },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('Server temporarily unavailable')).toBeVisible()
    await expect(canvas.queryByText('No calls')).toBeNull()
  },
}

/** The agent's session expired. The calls stay listed, and the list is marked as out of date. */
export const OutOfDate: Story = {
  play: async ({ canvas, loaded }) => {
    await canvas.findAllByRole('button')
    const { client } = loaded as LoadedScenario
    client?.faults.refuseConnection({ status: 401, code: '10009', title: 'Authentication failed' })
    client?.faults.dropConnection()
    await client?.player.advance(5000)
    await expect(await canvas.findByText('This list may be out of date.')).toBeVisible()
  },
}

/** A custom call list, built from `CallListParts` without styles. */
export const Composed: Story = {
  render: function Render() {
    const [selected, setSelected] = useState<string | null>(null)
    return (
      <CallListParts.Root selected={selected} onSelect={setSelected}>
        <CallListParts.Search style={{ inlineSize: '100%' }} />
        <CallListParts.View style={{ overflow: 'auto', blockSize: 420 }} empty={<p>No calls.</p>}>
          {(item) =>
            item.kind === 'heading' ? (
              <h3 key={item.key}>
                {item.text} ({item.count})
              </h3>
            ) : (
              <CallListParts.Call
                key={item.key}
                call={item.call}
                style={{ display: 'flex', gap: 8, inlineSize: '100%', font: 'inherit' }}
              >
                <CallListParts.Duration />
                <CallListParts.Party style={{ flex: 1, textAlign: 'start' }} />
                <CallListParts.Activity />
              </CallListParts.Call>
            )
          }
        </CallListParts.View>
      </CallListParts.Root>
    )
  },
  play: async ({ canvas }) => {
    const [first] = await canvas.findAllByRole('button')
    if (!first) throw new Error('The call list has no rows. Load a scenario with calls.')
    await userEvent.click(first)
    await expect(first).toHaveAttribute('aria-current', 'true')
    await userEvent.keyboard('{ArrowDown}')
    await waitFor(() => expect(canvas.getAllByRole('button')[1]).toHaveFocus())
    await userEvent.type(canvas.getByRole('searchbox'), '999999')
    await expect(canvas.getByText('No calls.')).toBeVisible()
  },
}
