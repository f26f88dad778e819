import {
  aiBooking,
  hangupMidGather,
  menuWithWrongKey,
  pinEntry,
  refusedCommand,
  ScenarioWriter,
  silence,
  unknownOutcome,
} from '@callgather/protocol/scenarios'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, userEvent, waitFor } from 'storybook/test'
import type { ScenarioLoaded } from '../../../../../.storybook/scenario.tsx'
import { GatherControls } from './gather-controls.tsx'

const idle = new ScenarioWriter('Nothing asked yet').answered().end()
const ringing = new ScenarioWriter('Still ringing')
  .event('call.initiated', { payload: { direction: 'incoming' } })
  .end()

const meta = {
  title: 'Gathers/GatherControls',
  component: GatherControls,
  args: { callId: idle.callId },
  parameters: { scenario: idle },
} satisfies Meta<typeof GatherControls>

export default meta
type Story = StoryObj<typeof meta>

const commandsOf = (loaded: unknown) => (loaded as ScenarioLoaded).client?.commands ?? []

/** A question that is asked often, at a press; then it runs. */
export const Preset: Story = {
  play: async ({ canvas, loaded }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'PIN' }))
    await expect(canvas.getByRole('textbox', { name: 'What to say' })).toHaveValue('Please enter your four digit PIN.')
    await userEvent.click(canvas.getByRole('button', { name: 'Ask the caller' }))
    await expect(await canvas.findByRole('heading', { name: 'Digits by speech' })).toBeVisible()
    await expect(await canvas.findByText('Collecting')).toBeVisible()
    await expect(commandsOf(loaded)[0]).toMatchObject({
      name: 'gather_using_speak',
      body: { payload: 'Please enter your four digit PIN.', voice: 'female', minimum_digits: 4, maximum_digits: 4 },
      mask: 'digits',
    })
    await expect(await canvas.findByText('digits hidden')).toBeVisible()
  },
}

/** Sending what Telnyx would refuse says what and why, and puts the focus there. Nothing is sent. */
export const Problems: Story = {
  play: async ({ canvas, loaded }) => {
    await userEvent.type(await canvas.findByRole('textbox', { name: 'Fewest digits' }), '9')
    await userEvent.type(canvas.getByRole('textbox', { name: 'Most digits' }), '4')
    await userEvent.click(canvas.getByRole('button', { name: 'Ask the caller' }))
    const prompt = await canvas.findByRole('textbox', { name: 'What to say', description: 'This is needed.' })
    await waitFor(() => expect(prompt).toHaveFocus())
    await expect(commandsOf(loaded)).toHaveLength(0)
    await userEvent.type(prompt, 'Your number, please.')
    await expect(
      canvas.getByRole('textbox', {
        name: 'Fewest digits',
        description: 'This must not be more than the most digits.',
      }),
    ).toBeInvalid()
  },
}

/** Everything Telnyx takes, and the request as it is sent. */
export const MoreAndJson: Story = {
  play: async ({ canvas }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Account number' }))
    await userEvent.click(canvas.getByRole('button', { name: 'More options' }))
    await userEvent.click(canvas.getByRole('button', { name: 'Show JSON' }))
    await userEvent.type(canvas.getByRole('textbox', { name: 'Attempts' }), '2')
    await expect(canvas.getByLabelText('The request as it is sent')).toHaveTextContent('"maximum_tries": 2')
  },
}

/** The fields of an AI gather, as a JSON Schema that nobody has to write. */
export const FieldBuilder: Story = {
  play: async ({ canvas, loaded }) => {
    await userEvent.click(await canvas.findByRole('radio', { name: /Fields, by conversation/ }))
    await userEvent.type(canvas.getByRole('textbox', { name: 'Field name' }), 'Date of birth')
    await userEvent.selectOptions(canvas.getByRole('combobox', { name: 'Type' }), 'Date')
    await userEvent.click(canvas.getByRole('button', { name: 'Add field' }))
    await userEvent.click(canvas.getByRole('button', { name: 'Ask the caller' }))
    await expect(await canvas.findByText('Give the field a name.')).toBeVisible()
    await userEvent.click(canvas.getByRole('button', { name: 'Remove field Field 2' }))
    await userEvent.click(canvas.getByRole('button', { name: 'Ask the caller' }))
    await waitFor(() =>
      expect(commandsOf(loaded)[0]?.body).toMatchObject({
        parameters: {
          type: 'object',
          properties: { date_of_birth: { type: 'string', format: 'date', title: 'Date of birth' } },
          required: ['date_of_birth'],
        },
      }),
    )
  },
}

/** It runs: the prompt, the digits, the time, and Stop. Escape asks first. */
export const Running: Story = {
  args: { callId: pinEntry.callId },
  parameters: { scenario: pinEntry, at: 7900 },
  play: async ({ canvas, loaded }) => {
    const stop = await canvas.findByRole('button', { name: 'Stop gather' })
    stop.focus()
    await userEvent.keyboard('{Escape}')
    await userEvent.click(canvas.getByRole('button', { name: 'Keep going' }))
    await expect(commandsOf(loaded)).toHaveLength(0)
    await userEvent.click(canvas.getByRole('button', { name: 'Stop gather' }))
    await expect(await canvas.findByText('Cancelled')).toBeVisible()
    await expect(commandsOf(loaded)[0]?.name).toBe('gather_stop')
  },
}

/** Another question while one runs: it is stopped first, and the button says so. */
export const StopAndAsk: Story = {
  args: { callId: pinEntry.callId },
  parameters: { scenario: pinEntry, at: 7900 },
  play: async ({ canvas, loaded }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Ask something else' }))
    await userEvent.click(canvas.getByRole('button', { name: 'Yes or no' }))
    await userEvent.click(canvas.getByRole('button', { name: 'Stop and ask this' }))
    await waitFor(() => expect(commandsOf(loaded)).toMatchObject([{ name: 'gather_using_speak', replace: true }]))
  },
}

/** Another agent asks while this one types: the keys go nowhere, and the draft is kept. */
export const Interrupted: Story = {
  play: async ({ args, canvas, canvasElement, loaded }) => {
    const { client } = loaded as ScenarioLoaded
    await userEvent.type(await canvas.findByRole('textbox', { name: 'What to say' }), 'Hello')
    const id = { command_id: 'of-another-agent' }
    const payload = { command: 'gather', body: { maximum_digits: 4 }, subject: 'another agent' }
    client?.emit(args.callId ?? '', 'command.requested', { ...id, payload })
    client?.emit(args.callId ?? '', 'command.accepted', { ...id, payload: {} })
    await canvas.findByText('Collecting')
    await expect(canvasElement.ownerDocument.activeElement).toHaveAccessibleName(/Your text is kept/)
    await userEvent.click(canvas.getByRole('button', { name: 'Ask something else' }))
    await expect(await canvas.findByRole('textbox', { name: 'What to say' })).toHaveValue('Hello')
  },
}

/** The audio prompt is playing. */
export const Prompting: Story = {
  args: { callId: menuWithWrongKey.callId },
  parameters: { scenario: menuWithWrongKey, at: 3500 },
}

/** It ended well; it can be asked again. */
export const Valid: Story = {
  args: { callId: pinEntry.callId },
  parameters: { scenario: pinEntry },
  play: async ({ canvas, loaded }) => {
    await expect(await canvas.findByText('Valid')).toBeVisible()
    await userEvent.click(canvas.getByRole('button', { name: 'Ask again' }))
    await waitFor(() => expect(commandsOf(loaded)[0]?.name).toBe('gather_using_speak'))
  },
}

/** Nobody pressed anything. */
export const TimedOut: Story = { args: { callId: silence.callId }, parameters: { scenario: silence } }

/** The caller hung up: nothing can be asked any more, and the buttons say why. */
export const HungUp: Story = {
  args: { callId: hangupMidGather.callId },
  parameters: { scenario: hangupMidGather },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('Caller hung up')).toBeVisible()
    await expect(canvas.getByRole('button', { name: /Ask again \(The call has ended/ })).toHaveAttribute(
      'aria-disabled',
      'true',
    )
  },
}

/** An AI gather: its fields fill in. */
export const Fields: Story = {
  args: { callId: aiBooking.callId },
  parameters: { scenario: aiBooking, at: 12_000 },
}

/** Telnyx refused it: its words, and ours. */
export const Refused: Story = {
  args: { callId: refusedCommand.callId },
  parameters: { scenario: refusedCommand },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText(/Call has already ended \(90018\)/)).toBeVisible()
  },
}

/** Nobody can say whether it ran. */
export const Unknown: Story = { args: { callId: unknownOutcome.callId }, parameters: { scenario: unknownOutcome } }

/** Refused at the button. */
export const RefusedAtOnce: Story = {
  parameters: { client: { respond: () => ({ refuse: 'notAnswered' }) } },
  play: async ({ canvas }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Yes or no' }))
    await userEvent.click(canvas.getByRole('button', { name: 'Ask the caller' }))
    await expect(await canvas.findByText(/Call not answered yet \(90034\)/)).toBeVisible()
  },
}

/** On its way: the button waits, and cannot be pressed twice. */
export const Sending: Story = {
  parameters: { client: { respond: () => 'pending' } },
  play: async ({ canvas, loaded }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Yes or no' }))
    const ask = canvas.getByRole('button', { name: 'Ask the caller' })
    await userEvent.click(ask)
    await waitFor(() => expect(commandsOf(loaded)).toHaveLength(1))
  },
}

/** The call rings: asking must wait, and says why. */
export const Ringing: Story = {
  args: { callId: ringing.callId },
  parameters: { scenario: ringing },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('The call has not been answered yet.', { selector: 'p' })).toBeVisible()
  },
}

/** The ticket only allows to look. */
export const Forbidden: Story = {
  parameters: { client: { scopes: ['view'] } },
  play: async ({ canvas }) => {
    await expect(
      await canvas.findByText('Your ticket does not allow this on this call.', { selector: 'p' }),
    ).toBeVisible()
  },
}
