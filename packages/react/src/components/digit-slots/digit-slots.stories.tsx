import { hiddenPin, menuWithWrongKey, pinEntry, ScenarioWriter, silence } from '@callgather/protocol/scenarios'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, waitFor, within } from 'storybook/test'
import type { LoadedScenario } from '../../testing/storybook.tsx'
import { DigitSlots } from './digit-slots.tsx'
import * as DigitSlotsParts from './parts.tsx'

const meta = {
  title: 'Digits/DigitSlots',
  component: DigitSlots,
  parameters: { width: '30rem' },
  args: { callId: pinEntry.callId },
} satisfies Meta<typeof DigitSlots>

export default meta
type Story = StoryObj<typeof meta>

const asked = new ScenarioWriter('Account number')
  .answered()
  .command('account', 'gather', { minimum_digits: 8, maximum_digits: 64, terminating_digit: '*' })
  .press('40718823', { gather: 'account' })
  .end()

const upToTwelve = new ScenarioWriter('Up to twelve')
  .answered()
  .command('account', 'gather', { maximum_digits: 12 })
  .end()

const exactly = new ScenarioWriter('Exactly four')
  .answered()
  .command('code', 'gather', { minimum_digits: 4, maximum_digits: 4, terminating_digit: '' })
  .press('12', { gather: 'code' })
  .end()

const tooShort = new ScenarioWriter('Too short')
  .answered()
  .command('account', 'gather_using_speak', { minimum_digits: 6, maximum_digits: 12, payload: 'Your account number?' })
  .press('12*#', { gather: 'account' })
  .wait(9000)
  .event('call.gather.ended', { command_id: 'account', payload: { status: 'timeout', digits: '' } })
  .end()

const elsewhere = new ScenarioWriter('Asked elsewhere')
  .answered()
  .press('1234')
  .event('call.gather.ended', { payload: { status: 'invalid', digits: '1234' } })
  .end()

/** The prompt has ended, and the gather waits for the first digit. */
export const Waiting: Story = {
  parameters: { shows: ['0 of 6', 'first digit within about'], scenario: pinEntry, at: 6200 },
  play: async ({ canvas }) => {
    await expect(await canvas.findByRole('img', { name: '0 of 6' })).toBeVisible()
    await expect(canvas.getByRole('group', { name: 'Digits entered' })).toHaveAttribute('data-status', 'collecting')
    await expect(canvas.getByText(/first digit within about/)).toBeVisible()
  },
}

/** Each digit fills a slot. Screen readers announce the number of digits. */
export const Filling: Story = {
  parameters: { shows: '3 of 6: 5 5 0', scenario: pinEntry, at: 7900 },
  play: async ({ canvas, loaded }) => {
    await expect(await canvas.findByRole('img', { name: '2 of 6: 5 5' })).toBeVisible()
    const { client } = loaded as LoadedScenario
    client?.press(pinEntry.callId, '0')
    await expect(await canvas.findByRole('img', { name: '3 of 6: 5 5 0' })).toBeVisible()
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('Digit entered, 3 of 6'))
  },
}

/** The slots of a masked gather show only the number of digits. The server never sends masked digits. */
export const Hidden: Story = {
  args: { callId: hiddenPin.callId },
  parameters: { shows: '4 of 6: digits hidden', scenario: hiddenPin, at: 7200 },
  play: async ({ canvas, canvasElement, loaded }) => {
    await expect(await canvas.findByRole('img', { name: '3 of 6: digits hidden' })).toBeVisible()
    const { client } = loaded as LoadedScenario
    client?.press(hiddenPin.callId, '7')
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('Digit entered, 4 of 6'))
    await expect(canvasElement.querySelector('.cg-slots-row')).not.toHaveTextContent('7')
  },
}

/** A key that the gather does not accept is crossed out and stays visible. */
export const Invalid: Story = {
  args: { callId: menuWithWrongKey.callId },
  parameters: { shows: '9', scenario: menuWithWrongKey, at: 4500 },
  play: async ({ canvasElement }) => {
    await waitFor(() => expect(canvasElement.querySelector('[data-state="invalid"]')).toHaveTextContent('9'))
  },
}

/** The caller pressed the terminating key, and Telnyx reported valid input. */
export const Ended: Story = {
  parameters: { shows: '4 of 6: 5 5 0 3', scenario: pinEntry },
  play: async ({ canvas }) => {
    await expect(await canvas.findByRole('img', { name: '4 of 6: 5 5 0 3' })).toBeVisible()
    await expect(canvas.getByRole('group', { name: 'Digits entered' })).toHaveAttribute('data-outcome', 'valid')
  },
}

/** The caller pressed no key, and the gather timed out. */
export const TimedOut: Story = {
  args: { callId: silence.callId },
  parameters: { shows: '0 of 4', scenario: silence },
  play: async ({ canvas }) => {
    await expect(await canvas.findByRole('img', { name: '0 of 4' })).toBeVisible()
    await expect(canvas.getByRole('group', { name: 'Digits entered' })).toHaveAttribute('data-outcome', 'timeout')
  },
}

/** The caller ended an entry that is too short. Its keys stay visible until the next key. */
export const TooShort: Story = {
  args: { callId: tooShort.callId },
  parameters: { shows: ['Too short', '3 of 12: 1 2 *'], scenario: tooShort, at: 6000 },
  play: async ({ canvas, canvasElement }) => {
    await expect(await canvas.findByText('Too short')).toBeVisible()
    await expect(canvas.getByRole('img', { name: '3 of 12: 1 2 *. Too short' })).toBeVisible()
    await expect(canvasElement.querySelector('.cg-slot-terminator')).toHaveAttribute('data-rejected')
  },
}

/** The gather timed out without digits, so the slots keep the caller's last entry. */
export const LastEntry: Story = {
  args: { callId: tooShort.callId },
  parameters: { shows: ['Too short', '3 of 12: 1 2 *'], scenario: tooShort },
  play: async ({ canvas }) => {
    await expect(await canvas.findByRole('img', { name: '3 of 12: 1 2 *. Too short' })).toBeVisible()
    await expect(canvas.getByText('Too short')).toBeVisible()
  },
}

/** After a stop, screen readers no longer hear a number of digits. */
export const Stopped: Story = {
  tags: ['!dev', '!autodocs'],
  args: { callId: upToTwelve.callId },
  parameters: { scenario: upToTwelve },
  play: async ({ canvas, loaded }) => {
    await expect(await canvas.findByRole('img', { name: '0 of 12' })).toBeVisible()
    const { client } = loaded as LoadedScenario
    client?.press(upToTwelve.callId, '12')
    await waitFor(() => expect(canvas.getByRole('status')).toHaveTextContent('Digit entered, 2 of 12'))
    const payload = { status: 'cancelled', digits: '' }
    client?.emit(upToTwelve.callId, 'call.gather.ended', { command_id: 'account', payload })
    await expect(await canvas.findByText('Last entry')).toBeVisible()
    await expect(canvas.getByRole('status')).toBeEmptyDOMElement()
  },
}

/** Another client started the gather, so its rules are unknown and none are shown. */
export const Elsewhere: Story = {
  args: { callId: elsewhere.callId },
  parameters: { shows: '4 digits: 1 2 3 4', hides: 'needs', scenario: elsewhere },
  play: async ({ canvas }) => {
    await expect(await canvas.findByRole('img', { name: '4 digits: 1 2 3 4' })).toBeVisible()
    await expect(canvas.queryByText(/needs|ends with|attempt/)).toBeNull()
  },
}

/** The maximum number of digits is too large for empty slots, so the row of slots grows with the input. */
export const OpenEnded: Story = { args: { callId: asked.callId }, parameters: { shows: '8 digits', scenario: asked } }

/** The minimum and maximum number of digits are equal, and no terminating key ends the input. */
export const ExactCount: Story = {
  args: { callId: exactly.callId },
  parameters: { shows: 'needs 4 digits', scenario: exactly },
  play: async ({ canvas }) => {
    await expect(await canvas.findByText('needs 4 digits')).toBeVisible()
    await expect(canvas.queryByText(/ends with/)).toBeNull()
  },
}

/** In a right-to-left language, every row of slots still reads from left to right. */
export const RightToLeft: Story = {
  tags: ['!dev', '!autodocs'],
  globals: { dir: 'rtl', locale: 'ar' },
  args: { callId: upToTwelve.callId },
  parameters: { scenario: upToTwelve, width: '18rem' },
  play: async ({ canvas }) => {
    const { children } = await canvas.findByRole('img')
    const slots = [...children].map((slot) => slot.getBoundingClientRect())
    const [first] = slots
    const second = slots.find(({ top }) => top !== first?.top)
    await expect(second?.left).toBe(first?.left)
  },
}

/** Custom digit slots, built from `DigitSlotsParts` without styles. */
export const Unstyled: Story = {
  parameters: { shows: '2 of 6: 5 5', scenario: pinEntry, at: 7900 },
  render: ({ callId }) => (
    <DigitSlotsParts.Root callId={callId}>
      <DigitSlotsParts.Row after={<DigitSlotsParts.Terminator />}>
        {(slot) => (
          <DigitSlotsParts.Slot key={slot.index} slot={slot} style={{ padding: 4 }}>
            {slot.digit ?? '_'}
          </DigitSlotsParts.Slot>
        )}
      </DigitSlotsParts.Row>
      <DigitSlotsParts.Needs />
    </DigitSlotsParts.Root>
  ),
  play: async ({ canvasElement }) => {
    await within(canvasElement).findByRole('group', { name: 'Digits entered' })
    await waitFor(() => expect(canvasElement.querySelectorAll('[data-state="filled"]')).toHaveLength(2))
    await expect(canvasElement.querySelector('[class*="cg-slot"]')).toBeNull()
  },
}
