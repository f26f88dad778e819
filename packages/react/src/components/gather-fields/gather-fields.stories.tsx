import { aiBooking, pinEntry, ScenarioWriter } from '@callgather/protocol/scenarios'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, userEvent, waitFor } from 'storybook/test'
import type { StandardSchemaV1 } from '../../hooks/standard-schema.ts'
import type { LoadedScenario } from '../../testing/storybook.tsx'
import { GatherFields } from './gather-fields.tsx'

const meta = {
  title: 'Gathers/GatherFields',
  component: GatherFields,
  args: { callId: aiBooking.callId },
  parameters: { width: '24rem' },
} satisfies Meta<typeof GatherFields>

export default meta
type Story = StoryObj<typeof meta>

const manyTypes = new ScenarioWriter('Fields of every type')
  .answered()
  .command('survey', 'gather_using_ai', {
    parameters: {
      type: 'object',
      properties: {
        party: { type: 'integer', title: 'How many people' },
        terrace: { type: 'boolean', title: 'On the terrace' },
        allergies: { type: 'array', items: { type: 'string' }, title: 'Allergies' },
        address: { type: 'object', properties: { city: { type: 'string' }, zip: { type: 'string', title: 'ZIP' } } },
      },
      required: ['party'],
    },
  })
  .event('call.ai_gather.partial_results', {
    command_id: 'survey',
    payload: {
      partial_results: { party: 1200, terrace: false, allergies: ['nuts', 'milk'], address: { city: 'Zürich' } },
    },
  })
  .end()

/** No field of the AI gather has a value yet. */
export const Missing: Story = {
  parameters: { shows: 'missing', hides: ['heard', 'confirmed'], scenario: aiBooking, at: 4000 },
  play: async ({ canvas }) => {
    await expect(await canvas.findAllByText('missing')).toHaveLength(3)
  },
}

/** The assistant heard a value but has not confirmed it. The agent can send the assistant a corrected value. */
export const Heard: Story = {
  parameters: { shows: 'heard', hides: ['missing', 'confirmed'], scenario: aiBooking, at: 12_000 },
}

/** A correction that the agent sent stays visible until the field has its value. */
export const CorrectionStaysUntilConfirmed: Story = {
  tags: ['!dev', '!autodocs'],
  parameters: Heard.parameters ?? {},
  play: async ({ canvas, loaded }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Correct Preferred day' }))
    await userEvent.selectOptions(canvas.getByRole('combobox', { name: 'Right value for Preferred day' }), 'Thursday')
    await userEvent.click(canvas.getByRole('button', { name: 'Tell the assistant' }))
    const { client } = loaded as LoadedScenario
    await waitFor(() => expect(client?.commands[0]?.name).toBe('ai_assistant_add_messages'))
    await expect(JSON.stringify(client?.commands[0]?.body)).toContain('Thursday')
    // The assistant may ignore the correction, so it stays visible until the field has its value.
    await expect(await canvas.findByText('You sent the correction “Thursday”.')).toBeVisible()
    await client?.player.seek(60_000)
    await waitFor(() => expect(canvas.queryByText('You sent the correction “Thursday”.')).toBeNull())
  },
}

/** Screen readers announce a field of the AI gather when it gets a value. */
export const Filling: Story = {
  parameters: { shows: ['heard', 'missing'], scenario: aiBooking, at: 4000 },
  play: async ({ canvas, loaded }) => {
    await expect(await canvas.findAllByText('missing')).toHaveLength(3)
    await (loaded as LoadedScenario).client?.player.seek(7200)
    await expect(await canvas.findByText('heard')).toBeVisible()
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('Patient name heard: Sample Caller'))
  },
}

/** The AI gather ended with a valid result. All fields are confirmed, with the value that the caller corrected. */
export const Confirmed: Story = {
  parameters: { shows: ['confirmed', 'Thursday'], hides: 'missing', scenario: aiBooking },
  play: async ({ canvas }) => {
    await expect(await canvas.findAllByText('confirmed')).toHaveLength(3)
    await expect(canvas.getByText('Thursday')).toBeVisible()
    await expect(canvas.getByRole('img', { name: '3 of 3 fields collected' })).toBeVisible()
  },
}

const refusing: StandardSchemaV1 = {
  '~standard': {
    version: 1,
    vendor: 'example',
    validate: () => ({ issues: [{ message: 'preferred_day: the clinic is closed on Thursdays.' }] }),
  },
}

/** The result of the AI gather does not match the host's schema. */
export const SchemaMismatch: Story = {
  args: { schema: refusing },
  parameters: { shows: 'The result doesn’t have the expected form', scenario: aiBooking },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('The result doesn’t have the expected form')).toBeVisible()
  },
}

/** The card formats numbers, booleans, lists and nested objects. */
export const EveryType: Story = {
  args: { callId: manyTypes.callId },
  parameters: { shows: ['nuts and milk', 'Zürich'], scenario: manyTypes },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('nuts and milk')).toBeVisible()
    await expect(canvas.getByText('Zürich')).toBeVisible()
  },
}

/** The call has no AI gather, so the card has no fields. */
export const Empty: Story = {
  args: { callId: pinEntry.callId },
  parameters: { shows: 'No fields', scenario: pinEntry },
}
