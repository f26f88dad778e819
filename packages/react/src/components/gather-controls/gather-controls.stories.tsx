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
import { expect, userEvent, waitFor, within } from 'storybook/test'
import type { LoadedScenario } from '../../testing/storybook.tsx'
import { GatherControls } from './gather-controls.tsx'

const idle = new ScenarioWriter('Nothing is being asked').answered().end()
const endless = new ScenarioWriter('A gather that does not end by itself')
  .answered()
  .command('pin', 'gather_using_speak', { payload: 'Your PIN, please.', voice: 'female', maximum_digits: 4 })
  .end()
const soonAfterPin = new ScenarioWriter('An account number soon after a hidden PIN')
  .answered()
  .command('pin', 'gather_using_speak', { payload: 'Your PIN, please.', voice: 'female' }, { mask: 'digits' })
  .press('••••', { gather: 'pin' })
  .event('call.gather.ended', { command_id: 'pin', payload: { status: 'valid', digits: null, digit_count: 4 } })
  // The server logs a request soon after a hidden one without its words and its voice.
  .command('account', 'gather_using_speak', { payload: '•••', minimum_digits: 6 }, { label: 'Account number' })
  .press('••••••', { gather: 'account' })
  .event('call.gather.ended', { command_id: 'account', payload: { status: 'valid', digits: null, digit_count: 6 } })
  .end()
const ringing = new ScenarioWriter('Still ringing')
  .event('call.initiated', { payload: { direction: 'incoming' } })
  .end()

const meta = {
  title: 'Gathers/GatherControls',
  component: GatherControls,
  args: { callId: idle.callId, developer: false },
  parameters: { scenario: idle },
} satisfies Meta<typeof GatherControls>

export default meta
type Story = StoryObj<typeof meta>

const commandsOf = (loaded: unknown) => (loaded as LoadedScenario).client?.commands ?? []

/** Nothing is asked. One press of a preset asks the caller. */
export const Presets: Story = {
  parameters: { shows: ['Nothing is being asked', 'PIN', 'Account number', 'Yes or no', 'Write your own'] },
}

/** One press of a preset asks the caller, with the mask and the label of the preset. */
export const PresetAsks: Story = {
  tags: ['!dev', '!autodocs'],
  play: async ({ canvas, loaded }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'PIN' }))
    await expect(await canvas.findByRole('heading', { name: 'PIN' })).toBeVisible()
    await expect(await canvas.findByText('Collecting')).toBeVisible()
    await expect(commandsOf(loaded)).toMatchObject([
      {
        name: 'gather_using_speak',
        body: { payload: 'Please enter your four digit PIN.', voice: 'female', minimum_digits: 4, maximum_digits: 4 },
        mask: 'digits',
        label: 'PIN',
      },
    ])
    await expect(await canvas.findByText('digits hidden')).toBeVisible()
  },
}

/** The server also hides what comes soon after a hidden request. The card says why, and cannot ask the same again. */
export const HiddenSoonAfterHidden: Story = {
  args: { callId: soonAfterPin.callId },
  parameters: { shows: ['Account number', 'Also hidden'], hides: ['•••', 'Ask again'], scenario: soonAfterPin },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText(/^Also hidden: it came soon/)).toBeVisible()
    await expect(canvas.getByRole('heading', { name: 'Account number' })).toBeVisible()
    await expect(canvas.queryByText(/•••/)).toBeNull()
    await expect(canvas.queryByRole('button', { name: 'Ask again' })).toBeNull()
  },
}

/** With Shift, a preset opens the form filled in, so that the agent can review the request. */
export const ReviewPreset: Story = {
  tags: ['!autodocs'],
  parameters: { shows: ['What to say', 'Ask the caller', '6'] },
  play: async ({ canvas, loaded }) => {
    const user = userEvent.setup()
    const preset = await canvas.findByRole('button', { name: 'Account number' })
    await user.keyboard('{Shift>}')
    await user.click(preset)
    await user.keyboard('{/Shift}')
    await expect(await canvas.findByRole('textbox', { name: 'Minimum digits' })).toHaveValue('6')
    await expect(commandsOf(loaded)).toHaveLength(0)
  },
}

/** A preset that was reviewed in the form keeps its label. */
export const ReviewedPresetAsks: Story = {
  tags: ['!dev', '!autodocs'],
  play: async (context) => {
    await ReviewPreset.play?.(context)
    const { canvas, loaded } = context
    await userEvent.click(canvas.getByRole('button', { name: 'Ask the caller' }))
    await expect(await canvas.findByRole('heading', { name: 'Account number' })).toBeVisible()
    await expect(commandsOf(loaded)).toMatchObject([{ label: 'Account number' }])
  },
}

/** The templates of the server replace the default presets. The server supplies the body of the command. */
export const ServerTemplates: Story = {
  parameters: {
    shows: ['Member number', 'Card number'],
    hides: 'PIN',
    client: {
      templates: [
        { name: 'member', command: 'gather_using_speak', label: 'Member number', icon: 'keypad' },
        { name: 'card', command: 'gather_using_speak', label: 'Card number', mask: 'allButLast4' },
      ],
      respond: () => 'pending',
    },
  },
  play: async ({ canvas }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Member number' }))
    await expect(canvas.queryByRole('button', { name: 'PIN' })).toBeNull()
  },
}

/** An invalid gather form is not sent. The form shows each problem and focuses the first invalid field. */
export const ValidationErrors: Story = {
  tags: ['!autodocs'],
  parameters: { shows: 'Minimum digits can’t exceed maximum digits.' },
  play: async ({ canvas, loaded }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Write your own' }))
    await userEvent.type(await canvas.findByRole('textbox', { name: 'Minimum digits' }), '9')
    await userEvent.type(canvas.getByRole('textbox', { name: 'Maximum digits' }), '4')
    await userEvent.click(canvas.getByRole('button', { name: 'Ask the caller' }))
    const prompt = await canvas.findByRole('textbox', { name: 'What to say', description: 'This is needed.' })
    await waitFor(() => expect(prompt).toHaveFocus())
    await expect(commandsOf(loaded)).toHaveLength(0)
    await userEvent.type(prompt, 'Your number, please.')
    await expect(
      canvas.getByRole('textbox', {
        name: 'Minimum digits',
        description: 'Minimum digits can’t exceed maximum digits.',
      }),
    ).toBeInvalid()
  },
}

/** "More options" shows every Telnyx parameter of the gather. The JSON view shows the request to the server. */
export const MoreOptionsAndJson: Story = {
  tags: ['!autodocs'],
  parameters: { shows: 'maximum_tries' },
  args: { developer: true },
  play: async ({ canvas }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Write your own' }))
    await userEvent.click(await canvas.findByRole('button', { name: 'Account number' }))
    await userEvent.click(canvas.getByRole('button', { name: 'More options' }))
    await userEvent.click(canvas.getByRole('button', { name: 'Show JSON' }))
    await userEvent.type(canvas.getByRole('textbox', { name: 'Attempts' }), '2')
    await expect(canvas.getByLabelText('The request as it is sent')).toHaveTextContent('"maximum_tries": 2')
  },
}

/** The gather form builds a JSON Schema from the fields of an AI gather. */
export const FieldBuilder: Story = {
  tags: ['!autodocs'],
  parameters: { shows: ['Date of birth', 'Field name', 'Add field'] },
  play: async ({ canvas }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Write your own' }))
    await userEvent.click(await canvas.findByRole('radio', { name: /Fields, by conversation/ }))
    await userEvent.type(canvas.getByRole('textbox', { name: 'Field name' }), 'Date of birth')
    await userEvent.selectOptions(canvas.getByRole('combobox', { name: 'Type' }), 'Date')
  },
}

/** A field needs a name. The fields are sent as a JSON Schema. */
export const FieldsAreSentAsSchema: Story = {
  tags: ['!dev', '!autodocs'],
  play: async (context) => {
    await FieldBuilder.play?.(context)
    const { canvas, loaded } = context
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

/** A running gather shows its prompt, digits, remaining time and a stop button. Escape asks to confirm the stop. */
export const Running: Story = {
  args: { callId: pinEntry.callId },
  parameters: {
    shows: ['Collecting', '2 of 6: 5 5', 'Stop request'],
    hides: 'Cancelled',
    scenario: pinEntry,
    at: 7900,
  },
  play: async ({ canvas, loaded }) => {
    const stop = await canvas.findByRole('button', { name: 'Stop request' })
    stop.focus()
    await userEvent.keyboard('{Escape}')
    await userEvent.click(canvas.getByRole('button', { name: 'Keep going' }))
    await expect(commandsOf(loaded)).toHaveLength(0)
  },
}

/** While a gather is running, a preset opens the form, and "Stop and ask this" stops that gather first. */
export const StopAndAsk: Story = {
  tags: ['!autodocs'],
  args: { callId: pinEntry.callId },
  parameters: { shows: ['Stop and ask this', 'Collecting'], scenario: pinEntry, at: 7900 },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText(/^Another request is running/)).toBeVisible()
    await userEvent.click(await canvas.findByRole('button', { name: 'Yes or no' }))
    await expect(canvas.getByRole('textbox', { name: 'What to say' })).toHaveValue('Press 1 for yes, or 2 for no.')
    await waitFor(() => expect(canvas.getByRole('button', { name: 'Stop and ask this' })).toHaveFocus())
  },
}

/** "Stop and ask this" replaces the running gather with one command. */
export const ReplacesTheRunningGather: Story = {
  ...StopAndAsk,
  tags: ['!dev', '!autodocs'],
  play: async (context) => {
    await StopAndAsk.play?.(context)
    const { canvas, loaded } = context
    await userEvent.click(canvas.getByRole('button', { name: 'Stop and ask this' }))
    await waitFor(() => expect(commandsOf(loaded)).toMatchObject([{ name: 'gather_using_speak', replace: true }]))
  },
}

/** Another agent starts a gather while this agent types. The form and its text stay. */
export const Interrupted: Story = {
  tags: ['!autodocs'],
  parameters: { shows: ['Hello there', 'Stop and ask this'] },
  play: async ({ args, canvas, loaded }) => {
    const { client } = loaded as LoadedScenario
    await userEvent.click(await canvas.findByRole('button', { name: 'Write your own' }))
    const question = await canvas.findByRole('textbox', { name: 'What to say' })
    await userEvent.type(question, 'Hello')
    const id = { command_id: 'of-another-agent' }
    const payload = { command: 'gather', body: { maximum_digits: 4 }, subject: 'another agent' }
    client?.emit(args.callId ?? '', 'command.requested', { ...id, payload })
    client?.emit(args.callId ?? '', 'command.accepted', { ...id, payload: {} })
    await canvas.findByText('Collecting')
    await userEvent.keyboard(' there')
    await expect(question).toHaveFocus()
    await expect(question).toHaveValue('Hello there')
    await expect(canvas.getByRole('button', { name: 'Stop and ask this' })).toBeVisible()
  },
}

/** The audio prompt of the gather is playing. */
export const Prompting: Story = {
  args: { callId: menuWithWrongKey.callId },
  parameters: { shows: 'Prompt playing', hides: 'Collecting', scenario: menuWithWrongKey, at: 3500 },
}

/** The gather ended with valid input. The agent can ask again. */
export const Valid: Story = {
  args: { callId: pinEntry.callId },
  parameters: { shows: ['Valid', 'Ask again'], hides: 'Collecting', scenario: pinEntry },
}

/** The caller pressed no key, and the gather timed out. */
export const TimedOut: Story = {
  args: { callId: silence.callId },
  parameters: { shows: 'Timed out', scenario: silence },
}

/** The caller hung up during a gather. Nothing can be asked any more, so there are no buttons. */
export const HungUp: Story = {
  args: { callId: hangupMidGather.callId },
  parameters: { shows: 'Caller hung up', hides: 'Presets', scenario: hangupMidGather },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('Caller hung up')).toBeVisible()
    await expect(canvas.queryByRole('button', { name: /Ask/ })).toBeNull()
    await expect(canvas.queryByRole('group', { name: 'Presets' })).toBeNull()
  },
}

/** The fields of an AI gather fill in as the caller answers. */
export const Fields: Story = {
  args: { callId: aiBooking.callId },
  parameters: { shows: ['Fields by AI', 'heard'], scenario: aiBooking, at: 12_000 },
}

/** Telnyx refused a gather. A notice explains the refusal and shows the detail from Telnyx. */
export const Refused: Story = {
  args: { callId: refusedCommand.callId },
  parameters: { shows: 'The call has already ended.', scenario: refusedCommand },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('The call has already ended.')).toBeVisible()
  },
}

/** Telnyx did not respond, so the outcome of the gather command is unknown. */
export const UnknownOutcome: Story = {
  args: { callId: unknownOutcome.callId },
  parameters: { shows: 'Outcome unknown', scenario: unknownOutcome },
}

/** Telnyx refuses the gather command that the agent has just sent, and a notice says why. */
export const RefusedOnSend: Story = {
  tags: ['!autodocs'],
  parameters: { shows: 'The call hasn’t been answered yet.', client: { respond: () => ({ refuse: 'notAnswered' }) } },
  play: async ({ canvas }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Yes or no' }))
    // The server's reply shows the notice first. Then the refusal event of the call replaces it.
    await waitFor(() => expect(canvas.getByText('The call hasn’t been answered yet.')).toBeVisible())
  },
}

/** The policy of the server refuses a value of the request. A notice says so, and the form marks the field. */
export const RefusedByPolicy: Story = {
  tags: ['!autodocs'],
  parameters: {
    shows: 'The server’s rules don’t allow this.',
    client: {
      respond: () => ({
        by: 'server',
        refuse: {
          status: 400,
          code: '10015',
          title: 'Bad Request',
          detail: '`payload` must come from a template.',
          source: { pointer: '/payload' },
        },
      }),
    },
  },
  play: async ({ canvas }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Write your own' }))
    await userEvent.click(await canvas.findByRole('button', { name: 'Yes or no' }))
    await userEvent.click(canvas.getByRole('button', { name: 'Ask the caller' }))
    await expect(await canvas.findByRole('alert')).toHaveTextContent('The server’s rules don’t allow this.')
    await expect(canvas.getByRole('textbox', { name: 'What to say' })).toBeInvalid()
  },
}

/** Another agent's gather is running. A notice names the agent and the gather, and offers to replace that gather. */
export const AlreadyRunning: Story = {
  tags: ['!autodocs'],
  args: { callId: pinEntry.callId },
  parameters: {
    shows: 'Replace',
    scenario: pinEntry,
    at: 2400,
    client: {
      respond: () => ({ by: 'server', refuse: { status: 422, code: '990001', title: 'Gather already in progress' } }),
    },
  },
  play: async ({ canvas, loaded }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Yes or no' }))
    await (loaded as LoadedScenario).client?.player.seek(5000)
    await expect(await canvas.findByRole('button', { name: 'Replace' })).toBeVisible()
  },
}

/** Telnyx accepted the stop of a gather, but no end event arrived. The agent can stop again. */
export const StopNotConfirmed: Story = {
  args: { callId: endless.callId },
  parameters: {
    shows: ['Telnyx hasn’t confirmed the stop.', 'Stop again'],
    scenario: endless,
    prepare: async (client: NonNullable<LoadedScenario['client']>) => {
      const payload = { command: 'gather_stop', body: {}, subject: 'agent-7' }
      client.emit(endless.callId, 'command.requested', { command_id: 'lost-stop', payload })
      client.emit(endless.callId, 'command.accepted', { command_id: 'lost-stop', payload: {} })
      await client.player.advance(12_000)
    },
  },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('Telnyx hasn’t confirmed the stop.')).toBeVisible()
    await expect(canvas.getByRole('button', { name: 'Stop again' })).toBeVisible()
  },
}

/** While a command is pending, the agent cannot press its button again. */
export const Sending: Story = {
  tags: ['!autodocs'],
  parameters: { shows: 'Sending', client: { respond: () => 'pending' } },
  play: async ({ canvas, loaded }) => {
    const ask = await canvas.findByRole('button', { name: 'Yes or no' })
    await userEvent.click(ask)
    await userEvent.click(ask)
    await waitFor(() => expect(commandsOf(loaded)).toHaveLength(1))
  },
}

/** The call is ringing. The buttons are disabled, and their description says why. */
export const Ringing: Story = {
  args: { callId: ringing.callId },
  parameters: { shows: 'The call has not been answered yet.', scenario: ringing },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('The call has not been answered yet.', { selector: 'p' })).toBeVisible()
  },
}

/** The ticket allows reading the call but no commands. */
export const Forbidden: Story = {
  parameters: { shows: 'You don’t have permission to do this on this call.', client: { scopes: ['view'] } },
  play: async ({ canvas }) => {
    await expect(
      await canvas.findByText('You don’t have permission to do this on this call.', { selector: 'p' }),
    ).toBeVisible()
  },
}

/** Escape opens the confirmation to stop a gather. A second Escape closes it. The focus stays in the gather card. */
export const EscapeTogglesConfirmation: Story = {
  tags: ['!dev', '!autodocs'],
  args: { callId: pinEntry.callId },
  parameters: { scenario: pinEntry, at: 7000 },
  play: async ({ canvas, loaded }) => {
    const stop = await canvas.findByRole('button', { name: 'Stop request' })
    stop.closest('section')?.focus()
    for (let round = 0; round < 2; round++) {
      await userEvent.keyboard('{Escape}')
      await expect(canvas.getByRole('alertdialog')).toBeVisible()
      await expect(within(canvas.getByRole('alertdialog')).getByRole('button', { name: 'Stop' })).toHaveFocus()
      await userEvent.keyboard('{Escape}')
      await expect(canvas.queryByRole('alertdialog')).toBeNull()
      await expect(canvas.getByRole('button', { name: 'Stop request' })).toHaveFocus()
    }
    await expect(commandsOf(loaded)).toHaveLength(0)
  },
}

/** The confirmation to stop a gather closes when the call ends, and the focus moves to the gather card. */
export const ConfirmationClosesWithTheCall: Story = {
  tags: ['!dev', '!autodocs'],
  args: { callId: pinEntry.callId },
  parameters: { scenario: pinEntry, at: 7000 },
  play: async ({ canvas, loaded }) => {
    await canvas.findByRole('button', { name: 'Stop request' })
    const card = canvas.getByRole('region', { name: 'Digits by speech' })
    card.focus()
    await userEvent.keyboard('{Escape}')
    await expect(canvas.getByRole('alertdialog')).toBeVisible()
    ;(loaded as LoadedScenario).client?.emit(pinEntry.callId, 'call.hangup', { payload: { hangup_source: 'caller' } })
    await waitFor(() => expect(canvas.queryByRole('alertdialog')).toBeNull())
    await waitFor(() => expect(document.activeElement).toBe(card))
  },
}

/** After the stop of a gather, the focus moves to the gather card, so a second Enter does not repeat the request. */
export const StopMovesFocusToTheCard: Story = {
  tags: ['!dev', '!autodocs'],
  args: { callId: pinEntry.callId },
  parameters: { scenario: pinEntry, at: 7000 },
  play: async ({ canvas, loaded }) => {
    const stop = await canvas.findByRole('button', { name: 'Stop request' })
    stop.focus()
    await userEvent.keyboard('{Enter}')
    await canvas.findByRole('button', { name: 'Ask again' })
    await waitFor(() => expect(document.activeElement).toBe(canvas.getByRole('region', { name: 'Digits by speech' })))
    await userEvent.keyboard('{Enter}')
    await expect(await canvas.findByText('Cancelled')).toBeVisible()
    await expect(commandsOf(loaded).map(({ name }) => name)).toEqual(['gather_stop'])
    await userEvent.click(canvas.getByRole('button', { name: 'Ask again' }))
    await waitFor(() => expect(commandsOf(loaded)[1]?.name).toBe('gather_using_speak'))
  },
}
