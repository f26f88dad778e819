import { aiBooking, assistantWhisper, pinEntry, ScenarioWriter, twoGathers } from '@callgather/protocol/scenarios'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { type CSSProperties, useState } from 'react'
import { expect, fireEvent, userEvent, waitFor, within } from 'storybook/test'
import type { LoadedScenario } from '../../testing/storybook.tsx'
import { Transcript } from './transcript.tsx'

const meta = {
  title: 'Conversation/Transcript',
  component: Transcript,
  args: { callId: assistantWhisper.callId },
  parameters: { scenario: assistantWhisper },
} satisfies Meta<typeof Transcript>

export default meta
type Story = StoryObj<typeof meta>

const clientOf = (loaded: unknown) => {
  const { client } = loaded as LoadedScenario
  if (!client) throw new Error('This story has no client. Set `parameters.scenario` to one scenario.')
  return client
}

const said = (transcript: string, is_final: boolean, options: { confidence?: number; track?: string } = {}) => {
  const { confidence, track = 'inbound' } = options
  const given = confidence === undefined ? {} : { confidence }
  return { payload: { transcription_data: { transcript, is_final, transcription_track: track, ...given } } }
}

const spoken = new ScenarioWriter('Spoken words')
  .answered()
  .event('call.transcription', said('Hello, how can I help?', true, { track: 'outbound', confidence: 0.97 }))
  .wait(2400)
  .event('call.transcription', said('I would like to move my a point meant.', true, { confidence: 0.41 }))
  .wait(1200)
  .event('call.transcription', said('to Thurs', false))
  .end()

const long = ((): ReturnType<ScenarioWriter['end']> => {
  const writer = new ScenarioWriter('A long call')
    .answered()
    .command('assistant', 'ai_assistant_start', { assistant: { id: 'assistant-clinic' } })
  for (let turn = 0; turn < 2500; turn++) {
    writer.wait(900).say('assistant', turn % 2 === 0 ? 'assistant' : 'user', `Turn ${turn + 1} of a long conversation.`)
  }
  return writer.end()
})()

const mixed = new ScenarioWriter('Two directions')
  .answered()
  .command('assistant', 'ai_assistant_start', { assistant: { id: 'assistant-clinic' } })
  .say('assistant', 'assistant', 'مرحبا، كيف يمكنني مساعدتك؟')
  .wait(2000)
  .say('assistant', 'user', 'Hello, do you speak English?')
  .end()

const nothing = new ScenarioWriter('Nothing yet').end()

/** The transcript of a conversation with an assistant: speech, a whisper with its receipt, and commands of agents. */
export const Conversation: Story = {
  parameters: { shows: ['I need to move my appointment, the one on Tuesday.', 'Offer Thursday first.'] },
  play: async ({ canvas }) => {
    const log = await canvas.findByRole('log', { name: 'Transcript' })
    await waitFor(() =>
      expect(within(log).getByText('I need to move my appointment, the one on Tuesday.')).toBeVisible(),
    )
    await waitFor(() => expect(within(log).getByText('Offer Thursday first.')).toBeVisible())
    await expect(await within(log).findByText('seen in the conversation')).toBeInTheDocument()
  },
}

/** The transcript of an AI gather, from the greeting to the end. */
export const AIGather: Story = {
  args: { callId: aiBooking.callId },
  parameters: { shows: 'Thursday', scenario: aiBooking },
}

/** The transcript shows keys in groups between the turns of speech. */
export const Keys: Story = {
  args: { callId: twoGathers.callId },
  parameters: { shows: 'outside any request', scenario: twoGathers },
  play: async ({ canvas }) => {
    await waitFor(() => expect(canvas.getByText('· outside any request')).toBeVisible())
  },
}

/** The row of a partial transcript grows in place. Words recognised with low confidence are underlined. */
export const PartialTranscript: Story = {
  args: { callId: spoken.callId },
  parameters: { shows: ['to Thursday, please.', 'And may I'], scenario: spoken },
  play: async ({ canvas, canvasElement, loaded }) => {
    await waitFor(() => expect(canvas.getByText('to Thurs')).toBeVisible())
    const row = canvasElement.querySelector('[data-partial]')
    const client = clientOf(loaded)
    client.emit(spoken.callId, 'call.transcription', said('to Thursday, please.', true))
    await waitFor(() => expect(canvas.getByText('to Thursday, please.')).toBeVisible())
    // The row of the partial transcript is still the same element.
    await expect(row?.isConnected).toBe(true)
    await expect(row).not.toHaveAttribute('data-partial')
    await client.player.advance(1500)
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('Caller: to Thursday, please.'))
    client.emit(spoken.callId, 'call.transcription', said('And may I', false))
    await waitFor(() => expect(canvasElement.querySelector('[data-partial]')).toHaveTextContent('And may I'))
  },
}

/** "Find" shows the number of matches in the transcript. Enter moves to the next match. */
export const Find: Story = {
  tags: ['!autodocs'],
  parameters: { shows: ['1 of 2', 'thursday'] },
  play: async ({ canvas, canvasElement }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Find' }))
    await userEvent.type(canvas.getByRole('searchbox', { name: 'Find in the transcript' }), 'thursday')
    await waitFor(() => expect(canvas.getByText('1 of 2')).toBeVisible())
    await userEvent.keyboard('{Enter}')
    await waitFor(() => expect(canvas.getByText('2 of 2')).toBeVisible())
    await waitFor(() =>
      expect(canvasElement.querySelector('[data-match="current"] mark')).toHaveTextContent('Thursday'),
    )
    await userEvent.keyboard('{Escape}')
    await expect(canvas.getByRole('button', { name: 'Find' })).toHaveFocus()
    await userEvent.click(canvas.getByRole('button', { name: 'Find' }))
    await userEvent.type(canvas.getByRole('searchbox', { name: 'Find in the transcript' }), 'thursday')
  },
}

/** "Find" does not stop a transcript from following new rows while every row is in view. */
export const FindWithoutScrolling: Story = {
  tags: ['!dev', '!autodocs'],
  args: { callId: spoken.callId },
  parameters: { scenario: spoken },
  play: async ({ canvas, loaded }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Find' }))
    await userEvent.type(canvas.getByRole('searchbox', { name: 'Find in the transcript' }), 'answered')
    await waitFor(() => expect(canvas.getByText('1 of 1')).toBeVisible())
    await userEvent.keyboard('{Escape}')
    clientOf(loaded).emit(spoken.callId, 'call.hold')
    await waitFor(() => expect(canvas.getByText('Caller on hold')).toBeVisible())
    await expect(canvas.queryByRole('button', { name: /Jump to latest/ })).toBeNull()
  },
}

/** The transcript follows new rows again when the view grows until every row fits. */
export const ViewGrows: Story = {
  tags: ['!dev', '!autodocs'],
  args: { callId: mixed.callId },
  parameters: { scenario: mixed },
  play: async ({ canvas }) => {
    const log = await canvas.findByRole('log')
    log.style.maxBlockSize = '9em'
    // The wheel has no effect until the transcript knows its new height.
    await waitFor(async () => {
      await fireEvent.wheel(log, { deltaY: -40 })
      await expect(canvas.getByRole('button', { name: 'Jump to latest' })).toBeInTheDocument()
    })
    log.style.maxBlockSize = ''
    await waitFor(() => expect(canvas.queryByRole('button', { name: 'Jump to latest' })).toBeNull())
  },
}

/** The scroll position is still there after the transcript was unmounted. */
export const Remounted: Story = {
  tags: ['!dev', '!autodocs'],
  render: function Render(args) {
    const [key, setKey] = useState(0)
    return (
      // At this height, the rows would fit if all had the height that is estimated before they are measured.
      <div style={{ '--cg-transcript-height': '400px' } as CSSProperties}>
        <Transcript key={key} {...args} />
        <button type="button" onClick={() => setKey(key + 1)}>
          Remount
        </button>
      </div>
    )
  },
  play: async ({ canvas }) => {
    const log = await canvas.findByRole('log')
    // Rows become visible after they are measured.
    await waitFor(() => expect(canvas.getByText('Offer Thursday first.')).toBeVisible())
    await fireEvent.wheel(log, { deltaY: -400 })
    await canvas.findByRole('button', { name: 'Jump to latest' })
    await userEvent.click(canvas.getByRole('button', { name: 'Remount' }))
    await expect(log).not.toBeInTheDocument()
    await waitFor(() => expect(canvas.getByText('Offer Thursday first.')).toBeVisible())
    await expect(canvas.getByRole('button', { name: 'Jump to latest' })).toBeInTheDocument()
  },
}

/** The transcript follows new rows again when a filter leaves so few rows that all of them fit. */
export const FilterLeavesFewRows: Story = {
  tags: ['!dev', '!autodocs'],
  args: { callId: long.callId },
  parameters: { scenario: long },
  play: async ({ canvas }) => {
    await waitFor(() => expect(canvas.getByText('Turn 2500 of a long conversation.')).toBeVisible())
    await fireEvent.wheel(canvas.getByRole('log'), { deltaY: -400 })
    await canvas.findByRole('button', { name: 'Jump to latest' })
    await userEvent.click(canvas.getByRole('button', { name: 'Filter' }))
    await userEvent.click(canvas.getByRole('checkbox', { name: 'Caller and people' }))
    await userEvent.click(canvas.getByRole('checkbox', { name: 'Assistant' }))
    await waitFor(() => expect(canvas.queryByRole('button', { name: 'Jump to latest' })).toBeNull())
  },
}

/** The filter of the transcript hides call events. */
export const Filter: Story = {
  tags: ['!autodocs'],
  parameters: { shows: ['Call events', 'Read out'], hides: 'Call answered' },
  play: async ({ canvas }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Filter' }))
    await userEvent.click(canvas.getByRole('checkbox', { name: 'Call events' }))
    await waitFor(() => expect(canvas.queryByText('Call answered')).toBeNull())
    await userEvent.selectOptions(canvas.getByRole('combobox', { name: 'Read out' }), 'Caller only')
  },
}

/** In a long transcript only the rows in view are in the DOM. The view follows the end until the agent scrolls up. */
export const LongCall: Story = {
  args: { callId: long.callId },
  parameters: { shows: 'Turn 2500 of a long conversation.', scenario: long },
  play: async ({ canvas, canvasElement, loaded }) => {
    const log = await canvas.findByRole('log')
    await waitFor(() => expect(canvas.getByText('Turn 2500 of a long conversation.')).toBeVisible())
    await expect(canvasElement.querySelectorAll('.cg-row').length).toBeLessThan(80)
    await fireEvent.wheel(log, { deltaY: -400 })
    log.scrollTop -= 600
    const latest = await canvas.findByRole('button', { name: 'Jump to latest' })
    clientOf(loaded).emit(long.callId, 'call.hold')
    // The "Jump to latest" button fades in.
    await waitFor(() => expect(canvas.getByRole('button', { name: 'Jump to latest · 1 new' })).toBeVisible())
    await userEvent.click(latest)
    await waitFor(() => expect(canvas.getByText('Caller on hold')).toBeVisible())
    await waitFor(() => expect(canvas.queryByRole('button', { name: /Jump to latest/ })).toBeNull())
  },
}

/** Each transcript row uses the writing direction of its text. */
export const TwoDirections: Story = {
  args: { callId: mixed.callId },
  parameters: { shows: ['مرحبا، كيف يمكنني مساعدتك؟', 'Hello, do you speak English?'], scenario: mixed },
  play: async ({ canvas }) => {
    const arabic = await canvas.findByText('مرحبا، كيف يمكنني مساعدتك؟')
    await expect(getComputedStyle(arabic.closest('p') ?? arabic).direction).toBe('rtl')
  },
}

/** The transcript of a call without events says that it is empty. */
export const Empty: Story = {
  args: { callId: nothing.callId },
  parameters: { shows: 'Nothing said yet', scenario: nothing },
  play: async ({ canvas }) => {
    await waitFor(() => expect(canvas.getByText('Nothing said yet')).toBeVisible())
  },
}

/** The connection to the server is lost, and the transcript rows stay visible. */
export const Offline: Story = {
  tags: ['!autodocs'],
  args: { callId: pinEntry.callId },
  parameters: { shows: 'Call answered', scenario: pinEntry },
  play: async ({ canvas, loaded }) => {
    const log = await canvas.findByRole('log')
    await canvas.findByText('Call answered')
    const client = clientOf(loaded)
    client.faults.setUnreachable(true)
    await client.player.advance(1000)
    await waitFor(() => expect(log).toHaveAttribute('aria-busy', 'true'))
    await waitFor(() => expect(canvas.getByText('Call answered')).toBeVisible())
  },
}

/** If the call ends while the transcript is open, screen readers announce the end at once. */
export const CallEnds: Story = {
  tags: ['!autodocs'],
  parameters: { shows: 'Call ended' },
  play: async ({ canvas, loaded }) => {
    const log = await canvas.findByRole('log')
    await waitFor(() => expect(within(log).getByText('Call answered')).toBeVisible())
    await expect(canvas.queryByRole('alert')).toBeNull()
    clientOf(loaded).emit(assistantWhisper.callId, 'call.hangup', { payload: { hangup_cause: 'normal_clearing' } })
    await expect(await canvas.findByRole('alert')).toHaveTextContent('Call ended')
  },
}

const longRun = new ScenarioWriter('Long run of keys')
  .event('call.initiated', { payload: { direction: 'incoming' } })
  .wait(2000)
  .event('call.answered', { payload: {} })
  .command('account', 'gather', {})
  .press('1234567890'.repeat(300), { gather: 'account', intervalMs: 100 })
  .end()

/** A run of 3,000 keys shows the first and the last keys, and their number. */
export const LongRunOfKeys: Story = {
  args: { callId: longRun.callId },
  parameters: { shows: '3,000 keys', scenario: longRun },
  play: async ({ canvas, canvasElement }) => {
    await waitFor(() => expect(canvas.getByText('3,000 keys')).toBeVisible())
    const keys = canvasElement.querySelector('.cg-row-keys') as HTMLElement
    await expect(keys.children).toHaveLength(33)
    const body = keys.closest('.cg-row') as HTMLElement
    await expect(body.scrollWidth).toBeLessThanOrEqual(body.clientWidth)
  },
}

const missed = new ScenarioWriter('Missed call')
  .event('call.initiated', { payload: { direction: 'incoming' } })
  .wait(8000)
  .hangup()
  .end()

/** The call ended before it was answered. */
export const Missed: Story = {
  args: { callId: missed.callId },
  parameters: { shows: 'Missed call', hides: 'Call ended', scenario: missed },
  play: async ({ canvas }) => {
    await waitFor(() => expect(canvas.getByText('Missed call')).toBeVisible())
    await expect(canvas.queryByText('Call ended')).toBeNull()
  },
}

const disguised = new ScenarioWriter('Disguised text')
  .answered()
  .command('bot', 'ai_assistant_start', {}, { subject: 'sip:\u202Emoc.live@x' })
  .say('bot', 'user', 'I paid \u202E000.1 to you')
  .end()

/** Characters that would reorder a text are shown as a sign. */
export const DisguisedText: Story = {
  args: { callId: disguised.callId },
  parameters: { shows: 'I paid �000.1 to you', scenario: disguised },
  play: async ({ canvas }) => {
    // Rows become visible after they are measured.
    await waitFor(() => expect(canvas.getByText('I paid \uFFFD000.1 to you')).toBeVisible())
    await waitFor(() => expect(canvas.getByText('sip:\uFFFDmoc.live@x started the assistant')).toBeVisible())
  },
}
