import { assistantWhisper, hangupMidGather, ScenarioWriter } from '@callgather/protocol/scenarios'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, userEvent, waitFor } from 'storybook/test'
import type { LoadedScenario } from '../../testing/storybook.tsx'
import { AssistantBar } from './assistant-bar.tsx'
import * as AssistantBarParts from './parts.tsx'

const meta = {
  title: 'Conversation/AssistantBar',
  component: AssistantBar,
  args: { callId: assistantWhisper.callId, suggestions: [] },
  parameters: { scenario: assistantWhisper, at: 7500, width: '22rem' },
} satisfies Meta<typeof AssistantBar>

export default meta
type Story = StoryObj<typeof meta>
type Client = NonNullable<LoadedScenario['client']>

const clientOf = (loaded: unknown) => {
  const { client } = loaded as LoadedScenario
  if (!client) throw new Error('This story has no client. Set `parameters.scenario` to one scenario.')
  return client
}

const callerSays = (transcript: string, is_final: boolean) => ({
  payload: { transcription_data: { transcript, is_final, transcription_track: 'inbound' } },
})

const none = new ScenarioWriter('No assistant').answered().end()
const message = 'Tell the assistant something the caller will not hear'

/** An assistant is on the call. The suggestions are those of the host. */
export const OnCall: Story = {
  args: { suggestions: ['Offer Thursday first.', 'Speak more slowly.'] },
  parameters: { shows: ['Stop assistant', 'Offer Thursday first.', 'Whisper'], hides: 'stopped' },
}

/** Enter sends a whisper, and a receipt shows the status of the whisper. */
export const EnterSendsAWhisper: Story = {
  tags: ['!dev', '!autodocs'],
  play: async ({ canvas, loaded }) => {
    await userEvent.type(await canvas.findByRole('textbox', { name: message }), 'Ask for the reason.{Enter}')
    await expect(await canvas.findByText('Ask for the reason.', { selector: 'q' })).toBeVisible()
    await waitFor(() => expect(canvas.getByRole('textbox', { name: message })).toHaveValue(''))
    await expect(clientOf(loaded).commands[0]?.body).toMatchObject({
      messages: [{ role: 'system', content: 'Ask for the reason.' }],
    })
  },
}

/** The caller speaks, so "Answer now" would interrupt them. */
export const CallerSpeaking: Story = {
  parameters: {
    shows: ['listening', 'Answer now'],
    prepare: (client: Client) => {
      client.emit(assistantWhisper.callId, 'call.transcription', callerSays('and I', false))
    },
  },
}

/** "Answer now" asks the agent for confirmation while the caller speaks. */
export const AnswersAfterThePause: Story = {
  tags: ['!dev', '!autodocs'],
  parameters: CallerSpeaking.parameters ?? {},
  play: async ({ canvas, loaded }) => {
    const client = clientOf(loaded)
    await userEvent.click(await canvas.findByRole('button', { name: 'Answer now' }))
    await expect(await canvas.findByText('Answering now may interrupt them.')).toBeVisible()
    await expect(client.commands).toHaveLength(0)
    await userEvent.click(canvas.getByRole('button', { name: 'Wait for a pause' }))
    await client.player.advance(10)
    client.emit(assistantWhisper.callId, 'call.transcription', callerSays('and I am late.', true))
    await waitFor(() => expect(client.commands[0]?.body).toMatchObject({ trigger_response: true }))
  },
}

/** The bar lists the last whispers with their delivery status. */
export const Receipts: Story = {
  parameters: { shows: 'seen in the conversation', at: 9500 },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText(/seen in the conversation/)).toBeVisible()
  },
}

/** Telnyx refused a whisper. The field keeps the text, so that the agent can send it again. */
export const RefusedWhisper: Story = {
  tags: ['!autodocs'],
  parameters: {
    shows: ['The call has already ended.', 'Hurry up.'],
    client: { respond: () => ({ refuse: 'callEnded' }) },
  },
  play: async ({ canvas }) => {
    await userEvent.type(await canvas.findByRole('textbox', { name: message }), 'Hurry up.{Enter}')
    await expect(await canvas.findByText('The call has already ended.')).toBeVisible()
    // The field keeps the text of the refused whisper.
    await expect(canvas.getByRole('textbox', { name: message })).toHaveValue('Hurry up.')
  },
}

/** Telnyx did not respond to a whisper. "Retry" sends the same command, so the assistant cannot receive it twice. */
export const UnknownWhisper: Story = {
  tags: ['!autodocs'],
  parameters: { shows: ['Hurry up.', 'Retry'], client: { respond: () => 'unknown' } },
  play: async ({ canvas, loaded }) => {
    await userEvent.type(await canvas.findByRole('textbox', { name: message }), 'Hurry up.{Enter}')
    await userEvent.click(await canvas.findByRole('button', { name: 'Retry' }))
    const { commands } = clientOf(loaded)
    await waitFor(() => expect(commands).toHaveLength(2))
    await expect(commands[1]?.requestId).toBe(commands[0]?.requestId)
  },
}

/** "Stop assistant" asks for confirmation before it stops the assistant. */
export const Stopping: Story = {
  tags: ['!autodocs'],
  parameters: { shows: 'Stop the assistant?', hides: 'stopped' },
  play: async ({ canvas, loaded }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Stop assistant' }))
    await expect(canvas.getByRole('alertdialog')).toBeVisible()
    await userEvent.keyboard('{Escape}')
    await expect(canvas.queryByRole('alertdialog')).toBeNull()
    await userEvent.click(canvas.getByRole('button', { name: 'Stop assistant' }))
    await expect(clientOf(loaded).commands).toHaveLength(0)
  },
}

/** The confirmation of "Stop assistant" closes when the conversation ends and stays closed in the next conversation. */
export const ConfirmationClosesWithTheConversation: Story = {
  tags: ['!dev', '!autodocs'],
  play: async ({ canvas, loaded }) => {
    const { callId } = assistantWhisper
    const client = clientOf(loaded)
    const stop = await canvas.findByRole('button', { name: 'Stop assistant' })
    stop.focus()
    await userEvent.keyboard('{Enter}')
    await expect(canvas.getByRole('alertdialog')).toBeVisible()
    await userEvent.keyboard('{Escape}')
    await expect(canvas.getByRole('button', { name: 'Stop assistant' })).toHaveFocus()
    await userEvent.keyboard('{Enter}')
    const [{ id } = { id: '' }] = assistantWhisper.steps.flatMap(({ event }) =>
      event.event_type === 'command.requested' && event.command_id ? [{ id: event.command_id }] : [],
    )
    client.emit(callId, 'call.conversation.ended', { command_id: id, payload: { reason: null } })
    await waitFor(() => expect(canvas.queryByRole('alertdialog')).toBeNull())
    await waitFor(() => expect(document.activeElement).toBe(canvas.getByRole('region', { name: 'Assistant' })))
    await userEvent.type(canvas.getByRole('textbox', { name: 'What it should know' }), 'Moved to Thursday.')
    await userEvent.click(canvas.getByRole('button', { name: 'Hand back to assistant' }))
    await userEvent.click(await canvas.findByRole('button', { name: 'Stop assistant' }))
    await expect(JSON.stringify(client.commands[0]?.body)).toContain('Moved to Thursday.')
    await userEvent.click(canvas.getByRole('button', { name: 'Stop' }))
    await expect(await canvas.findByText('stopped')).toBeVisible()
    await expect(client.commands.map(({ name }) => name)).toEqual(['ai_assistant_start', 'ai_assistant_stop'])
  },
}

/** The assistant is stopped. The agent can hand the call back to the assistant with a summary. */
export const HandBack: Story = {
  parameters: { shows: ['stopped', 'What it should know', 'Hand back to assistant'], at: 'end' },
}

/** No assistant has started on this call. The agent can start an assistant by its id in Telnyx. */
export const NoAssistant: Story = {
  args: { callId: none.callId },
  parameters: { shows: ['Assistant id', 'Start assistant'], hides: 'on the call', scenario: none, at: 'end' },
}

/** "Start assistant" starts the assistant with the id from the field. */
export const StartsTheAssistant: Story = {
  ...NoAssistant,
  tags: ['!dev', '!autodocs'],
  play: async ({ canvas, loaded }) => {
    await userEvent.type(await canvas.findByRole('textbox', { name: 'Assistant id' }), 'assistant-clinic')
    await userEvent.click(canvas.getByRole('button', { name: 'Start assistant' }))
    await waitFor(() =>
      expect(clientOf(loaded).commands[0]?.body).toMatchObject({ assistant: { id: 'assistant-clinic' } }),
    )
  },
}

/** The call has ended, so the assistant bar sends no commands. */
export const CallEnded: Story = {
  args: { callId: hangupMidGather.callId },
  parameters: { shows: 'The call has ended', scenario: hangupMidGather, at: 'end' },
}

/** A custom assistant bar, built from `AssistantBarParts` without styles. */
export const Composed: Story = {
  parameters: { shows: ['Whisper', 'Offer Thursday first.'] },
  render: ({ callId }) => (
    <AssistantBarParts.Root callId={callId} style={{ display: 'grid', gap: 8 }}>
      <AssistantBarParts.Message style={{ font: 'inherit' }} />
      <div style={{ display: 'flex', gap: 8 }}>
        <AssistantBarParts.Suggestion text="Offer Thursday first." />
        <AssistantBarParts.Whisper />
        <AssistantBarParts.AnswerNow className={({ command }) => `answer-${command}`} />
        <AssistantBarParts.Stop />
      </div>
      <AssistantBarParts.Guard>
        The caller is speaking. <AssistantBarParts.WaitForPause /> <AssistantBarParts.SendAnyway />
      </AssistantBarParts.Guard>
      <AssistantBarParts.Receipts />
    </AssistantBarParts.Root>
  ),
  play: async ({ canvas, loaded }) => {
    const bar = await canvas.findByRole('region', { name: 'Assistant' })
    await waitFor(() => expect(bar).toHaveAttribute('data-active'))
    await userEvent.click(canvas.getByRole('button', { name: 'Offer Thursday first.' }))
    await expect(canvas.getByRole('textbox', { name: message })).toHaveValue('Offer Thursday first.')
    await userEvent.click(canvas.getByRole('button', { name: 'Whisper' }))
    await expect(await canvas.findByText('Offer Thursday first.', { selector: 'q' })).toBeVisible()
    await expect(clientOf(loaded).commands[0]?.body).toMatchObject({
      messages: [{ role: 'system', content: 'Offer Thursday first.' }],
    })
  },
}
