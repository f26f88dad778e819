import {
  aiBooking,
  assistantWhisper,
  hangupMidGather,
  pinEntry,
  type Scenario,
  ScenarioWriter,
} from '@callgather/protocol/scenarios'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { useState } from 'react'
import { expect, fn, userEvent, waitFor, type within } from 'storybook/test'
import type { LoadedScenario } from '../../testing/storybook.tsx'
import { CallList } from './call-list.tsx'
import type { AnswerCall } from './context.ts'
import * as CallListParts from './parts.tsx'

const to = '+15550002222'
const initiated = (from: string, direction = 'incoming', caller_id_name?: string) => ({
  payload: { ...{ from, to, direction }, ...(caller_id_name ? { caller_id_name } : {}) },
})

const ringing = new ScenarioWriter('Ringing', { from: '+33170189900' })
  .event('call.initiated', initiated('+33170189900'))
  .end()
const ringsLater = new ScenarioWriter('Rings later', { from: '+33170189900' })
  .wait(9000)
  .event('call.initiated', initiated('+33170189900'))
  .end()
const missed = new ScenarioWriter('Missed', { from: '+15550001180' })
  .event('call.initiated', initiated('+15550001180'))
  .wait(4000)
  .hangup()
  .end()
const outgoing = new ScenarioWriter('Outgoing', { from: '+15550002222', to: '+15550001044' })
  .event('call.initiated', {
    payload: { from: '+15550002222', to: '+15550001044', direction: 'outgoing', caller_id_name: 'Support line' },
  })
  .wait(1500)
  .event('call.answered')
  .end()
/** A caller whose name tries to reorder the text around it, and to look like another call. */
const disguised = new ScenarioWriter('Disguised', { from: '+15550001661' })
  .event('call.initiated', initiated('+15550001661', 'incoming', 'Bank \u202e0055 0001 51+'))
  .event('call.answered')
  .end()
const refused = new ScenarioWriter('Refused', { from: '+15550006612' })
  .answered({ callerName: 'Jonas Bergström' })
  .event('command.requested', { command_id: 'stop', payload: { command: 'gather_stop', body: {} } })
  .event('command.refused', { command_id: 'stop', payload: { status: 422, code: '90034', title: 'Not answered yet' } })
  .end()

const account = new ScenarioWriter('Account', { from: '+15550003120' })
  .answered({ callerName: 'Maria Alvarez' })
  .command('account', 'gather', { minimum_digits: 6, maximum_digits: 10 }, { label: 'Account number' })
  .wait(2000)
  .press('4071', { gather: 'account' })
  .end()

const several = [
  ...[pinEntry, aiBooking, assistantWhisper, hangupMidGather, ringing, account],
  ...[missed, outgoing, disguised, refused],
]

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
  args: { onAnswer: (() => undefined) as AnswerCall },
  render: function Render({ selected: first = null, ...args }) {
    const [selected, setSelected] = useState(first)
    return <CallList {...args} selected={selected} onSelect={setSelected} />
  },
  decorators: [
    (Story) => (
      <div style={{ blockSize: 640, display: 'grid' }}>
        <Story />
      </div>
    ),
  ],
} satisfies Meta<typeof CallList>

export default meta
type Story = StoryObj<typeof meta>

async function shown({ canvas }: { readonly canvas: { findByRole: ReturnType<typeof within>['findByRole'] } }) {
  await expect(await canvas.findByRole('button', { current: true })).toBeVisible()
}

/** Ringing calls come first, then live calls with the progress of their gather, then ended calls. */
export const Several: Story = {
  parameters: { shows: ['Missed', 'Outgoing · Talking', 'Maria Alvarez', 'Jonas Bergström'] },
  args: { selected: pinEntry.callId },
  play: async ({ canvas }) => {
    await expect(await canvas.findByRole('navigation', { name: 'Calls' })).toBeVisible()
    const current = await canvas.findByRole('button', { current: true })
    current.focus()
    await userEvent.keyboard('{End}{Enter}')
    await waitFor(() => expect(canvas.getByRole('button', { current: true })).not.toBe(current))
    await expect(canvas.getByText('Missed')).toBeVisible()
    await expect(canvas.getByText('Outgoing · Talking')).toBeVisible()
    await expect(canvas.getByText('Bank \ufffd0055 0001 51+')).toBeVisible()
  },
}

/** A call rings while another call is open. */
export const RingingWhileBusy: Story = {
  args: { selected: pinEntry.callId, onAnswer: fn(async () => {}) },
  parameters: { shows: ['Answer', '+33170189900', 'Sample Caller'], scenario: [pinEntry, ringsLater], at: 9500 },
}

/** A ringing call is announced. Enter opens a row; only the Answer button answers. */
export const OnlyTheButtonAnswers: Story = {
  tags: ['!dev', '!autodocs'],
  args: { selected: pinEntry.callId, onAnswer: fn(async () => {}) },
  parameters: { scenario: [pinEntry, ringsLater] },
  play: async ({ canvas, loaded, args }) => {
    await canvas.findByRole('button', { current: true })
    const { client } = loaded as LoadedScenario
    await client?.player.advance(2000)
    await waitFor(() => expect(canvas.getByRole('alert')).toHaveTextContent('Call ringing: +33170189900'))
    // A row that is not measured yet takes no focus.
    await canvas.findByRole('button', { name: 'Answer +33170189900' })
    const current = await canvas.findByRole('button', { current: true })
    current.focus()
    await userEvent.keyboard('{Home}{Enter}')
    await expect(args.onAnswer).not.toHaveBeenCalled()
    await userEvent.keyboard('{ArrowRight}')
    await expect(canvas.getByRole('button', { name: 'Answer +33170189900' })).toHaveFocus()
    await userEvent.keyboard('{Enter}')
    await expect(args.onAnswer).toHaveBeenCalledOnce()
  },
}

/** The softphone did not answer. The row offers another try. */
export const AnswerFailed: Story = {
  tags: ['!autodocs'],
  args: { onAnswer: () => Promise.reject(new Error('The softphone is not connected.')) },
  parameters: { shows: 'Retry', scenario: [ringing] },
  play: async ({ canvas }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Answer +33170189900' }))
    await expect(await canvas.findByText('Retry')).toBeVisible()
    await expect(canvas.getByText('The call wasn’t answered. Try again.')).toBeInTheDocument()
  },
}

/** A search without a match offers to clear it. */
export const SearchWithoutMatch: Story = {
  tags: ['!autodocs'],
  parameters: { shows: ['Ada Lovelace', 'No call matches', 'Clear search'] },
  play: async ({ canvas }) => {
    await canvas.findAllByRole('button')
    const field = canvas.getByRole('searchbox', { name: 'Find a call' })
    await userEvent.type(field, 'Ada Lovelace')
    await userEvent.click(await canvas.findByRole('button', { name: 'Clear search' }))
    await userEvent.type(field, 'bergstrom')
    const row = await canvas.findByRole('button', { name: /Jonas Bergström/ })
    await userEvent.keyboard('{ArrowDown}')
    await expect(row).toHaveFocus()
    await userEvent.clear(field)
    await userEvent.type(field, 'Ada Lovelace')
  },
}

/** A right-to-left language: the list is mirrored, numbers and keys are not. */
export const RightToLeft: Story = {
  parameters: { shows: ['المكالمات', 'Maria Alvarez'] },
  globals: { dir: 'rtl', locale: 'ar' },
  args: { selected: pinEntry.callId },
  play: shown,
}

/** Dark colours. */
export const Dark: Story = {
  parameters: { shows: 'Maria Alvarez' },
  globals: { mode: 'dark' },
  args: { selected: pinEntry.callId },
  play: shown,
}

/** A row counts the new events of its call until the agent opens the call. */
export const Unseen: Story = {
  tags: ['!autodocs'],
  parameters: { shows: '2' },
  args: { selected: aiBooking.callId },
  play: async ({ canvas, canvasElement, loaded }) => {
    await canvas.findByRole('button', { current: true })
    const { client } = loaded as LoadedScenario
    const row = canvasElement.querySelector(`[data-call="${pinEntry.callId}"]`)
    const height = row?.clientHeight
    client?.press(pinEntry.callId, '12')
    await expect(await canvas.findByText('2 new events')).toBeInTheDocument()
    await expect(row?.clientHeight).toBe(height)
  },
}

/** A list of three hundred calls. Only the rows in view are in the DOM. */
export const Hundreds: Story = {
  parameters: { shows: '+1 555 336 7781', hides: 'No call matches', scenario: hundreds, at: 'end' },
  play: async ({ canvas, canvasElement }) => {
    const field = await canvas.findByRole('searchbox', { name: 'Find a call' })
    await expect(canvasElement.querySelectorAll('.cg-call').length).toBeLessThan(60)
    await userEvent.type(field, 'zzz')
    await expect(await canvas.findByText('No call matches')).toBeVisible()
    await userEvent.clear(field)
  },
}

/** The first list is still loading. */
export const Loading: Story = {
  parameters: {
    shows: 'Find a call',
    hides: ['No calls', 'Sample Caller'],
    scenario: [pinEntry],
    prepare: (client: NonNullable<LoadedScenario['client']>) => client.faults.delay(60_000),
  },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('Loading calls')).toBeInTheDocument()
  },
}

/** The list has no calls. */
export const Empty: Story = {
  parameters: { shows: 'No calls', scenario: [], at: 'end' },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('No calls')).toBeVisible()
  },
}

/** The server is unavailable. The list shows the failure, not "No calls". */
export const Unavailable: Story = {
  parameters: {
    shows: 'Server temporarily unavailable',
    hides: 'No calls',
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
  tags: ['!autodocs'],
  parameters: { shows: ['This list may be out of date.', 'Sample Caller'] },
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
  parameters: { shows: 'Sample Caller', hides: 'No calls.' },
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
                <CallListParts.Progress />
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
    await userEvent.clear(canvas.getByRole('searchbox'))
  },
}
