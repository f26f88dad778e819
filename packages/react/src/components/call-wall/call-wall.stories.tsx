import '../../styles/call-wall.css'
import { bookingParameters, type Scenario, ScenarioWriter } from '@callgather/protocol/scenarios'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, fn, userEvent, waitFor } from 'storybook/test'
import { CallWall } from './call-wall.tsx'

const fromOf = (index: number) => `+1555000${String(1011 + index * 27).slice(-4)}`
const callOf = (index: number, callerName?: string) =>
  new ScenarioWriter(`Call ${index}`, { from: fromOf(index) })
    .wait(index * 700)
    .answered(callerName ? { callerName } : {})

const birthDate = { payload: 'Please enter your date of birth.', voice: 'female', minimum_digits: 8, maximum_digits: 8 }
const pin = {
  payload: 'Please enter your PIN.',
  voice: 'female',
  minimum_digits: 4,
  maximum_digits: 6,
  maximum_tries: 3,
}
const hiddenPin = { mask: 'digits', label: 'PIN' } as const
const prompt = { command_id: 'ask', payload: {} }

const ringing = new ScenarioWriter('Ringing', { from: '+15550009900' })
  .wait(38_000)
  .event('call.initiated', { payload: { from: '+15550009900', to: '+15550002222', direction: 'incoming' } })
  .end()
const stuck = callOf(1)
  .command('ask', 'gather_using_speak', { ...pin, inter_digit_timeout_millis: 60_000 }, hiddenPin)
  .event('call.speak.started', prompt)
  .wait(1000)
  .event('call.speak.ended', prompt)
  .press('••', { gather: 'ask' })
  .end()
const lastAttempt = callOf(2)
  .wait(16_000)
  .command('ask', 'gather_using_speak', { ...pin, maximum_tries: 2 }, hiddenPin)
  .event('call.speak.started', prompt)
  .wait(6000)
  .event('call.speak.started', prompt)
  .wait(9000)
  .event('call.speak.ended', prompt)
  .press('•', { gather: 'ask' })
  .end()
const rejected = callOf(3)
  .event('command.requested', { command_id: 'ask', payload: { command: 'gather_using_speak', body: pin } })
  .event('command.refused', {
    command_id: 'ask',
    payload: { status: 422, code: '90034', title: 'Call has not been answered yet' },
  })
  .end()
const booking = callOf(4, 'Ada Lovelace')
  .wait(20_000)
  .command('ask', 'gather_using_ai', { parameters: bookingParameters }, { label: 'Booking' })
  .event('call.ai_gather.partial_results', {
    command_id: 'ask',
    payload: { partial_results: { patient_name: 'Ada Lovelace', preferred_day: 'Thursday' } },
  })
  .say('ask', 'assistant', 'And your date of birth?')
  .end()
const assistant = callOf(5)
  .command('ask', 'ai_assistant_start', { assistant: { id: 'clinic' } })
  .event('call.conversation.created', { command_id: 'ask', payload: { conversation_id: 'one' } })
  .say('ask', 'assistant', 'Hello, how can I help?')
  .end()
const talking = callOf(6, 'Maria Alvarez').end()
const collecting = (index: number) =>
  callOf(index)
    .wait(Math.max(0, 36_000 - index * 700))
    .command('ask', 'gather_using_speak', birthDate, { label: 'Date of birth' })
    .press('19570312'.slice(0, 2 + (index % 5)), { gather: 'ask' })
    .end()

const few: Scenario[] = [ringing, stuck, lastAttempt, rejected, booking, assistant, talking, collecting(7)]
const forty: Scenario[] = [...few, ...Array.from({ length: 32 }, (_, index) => collecting(8 + index))]

const meta = {
  title: 'Call/CallWall',
  component: CallWall,
  parameters: { scenario: forty, at: 40_000, width: '80rem', wide: true },
  args: {
    onOpen: fn(),
    describeCall: ({ callId }) => ({
      agent: `agent-${1 + (callId.charCodeAt(callId.length - 1) % 18)}`,
      team: 'Billing',
    }),
  },
  decorators: [
    (Story) => (
      <div style={{ blockSize: 760, display: 'grid' }}>
        <Story />
      </div>
    ),
  ],
} satisfies Meta<typeof CallWall>

export default meta
type Story = StoryObj<typeof meta>

/** Forty live calls: those that need attention first, then the ringing call, then the longest calls. */
export const Forty: Story = {
  parameters: { shows: ['Telnyx rejected the request', 'No key for'] },
  play: async ({ canvas, args }) => {
    const [first, second] = await canvas.findAllByRole('button', { name: /Billing/ })
    await expect(first).toHaveTextContent('Telnyx rejected the request')
    await expect(second).toHaveTextContent(/No key for \d+ s/)
    first?.focus()
    await userEvent.keyboard('{ArrowRight}{Enter}')
    await expect(args.onOpen).toHaveBeenCalledWith(stuck.callId)
  },
}

/** A supervisor whose ticket grants only `view` reads "View only" once. */
export const ViewOnly: Story = {
  parameters: { shows: 'View only', scenario: few, client: { scopes: ['view'] } },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('View only')).toBeVisible()
  },
}

/** The wall filters by state and by the host's own words. */
export const Filtered: Story = {
  tags: ['!autodocs'],
  parameters: { shows: 'Ada Lovelace', hides: 'Maria Alvarez', scenario: few },
  play: async ({ canvas }) => {
    await userEvent.click(await canvas.findByRole('button', { name: /With AI/ }))
    await waitFor(() => expect(canvas.getAllByRole('button', { name: /Billing/ })).toHaveLength(2))
    await userEvent.type(canvas.getByRole('searchbox'), 'zzz')
    await userEvent.click(
      await canvas.findByText('No call matches').then(() => canvas.getByRole('button', { name: 'All' })),
    )
    await waitFor(() => expect(canvas.getAllByRole('button', { name: /Billing/ })).toHaveLength(8))
    await userEvent.click(canvas.getByRole('button', { name: /With AI/ }))
    await waitFor(() => expect(canvas.getAllByRole('button', { name: /Billing/ })).toHaveLength(2))
  },
}

/** A right-to-left language. */
export const RightToLeft: Story = {
  globals: { dir: 'rtl', locale: 'ar' },
  parameters: { shows: 'Ada Lovelace', scenario: few },
}

/** Dark colours. */
export const Dark: Story = { globals: { mode: 'dark' }, parameters: { shows: 'Ada Lovelace', scenario: few } }

/** A narrow page, without agents and without a page of the call. */
export const Narrow: Story = {
  parameters: { shows: 'Ada Lovelace', scenario: few, width: '20rem' },
  args: { onOpen: undefined as never, describeCall: undefined as never },
}

/** No call is live. */
export const Empty: Story = {
  parameters: { shows: 'No live calls', scenario: [], at: 'end' },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('No live calls')).toBeVisible()
  },
}
