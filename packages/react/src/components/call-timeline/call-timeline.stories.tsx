import { aiBooking, menuWithWrongKey, ScenarioWriter } from '@callgather/protocol/scenarios'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, fireEvent, userEvent, waitFor } from 'storybook/test'
import type { LoadedScenario } from '../../testing/storybook.tsx'
import { CallTimeline } from './call-timeline.tsx'
import * as CallTimelineParts from './parts.tsx'

const meta = {
  title: 'Call/CallTimeline',
  component: CallTimeline,
  args: { callId: aiBooking.callId, strip: false },
  parameters: { scenario: aiBooking, width: '28rem' },
} satisfies Meta<typeof CallTimeline>

export default meta
type Story = StoryObj<typeof meta>

const nothing = new ScenarioWriter('Nothing happened').end()

/** A prompt plays while the call rings for ten seconds. Then every lane gets an event within two seconds. */
const early = new ScenarioWriter('Early')
  .event('call.initiated')
  .wait(2000)
  .event('call.speak.started')
  .wait(8000)
  .event('call.answered')
  .wait(500)
  .event('call.speak.ended')
  .command('code', 'gather', {})
  .press('1', { gather: 'code' })
  .command('bot', 'ai_assistant_start', {})
  .say('bot', 'user', 'Hello')
  .wait(900)
  .say('bot', 'assistant', 'Good morning')
  .end()

/** The timeline shows a conversation in lanes. The arrow keys move between its events. */
export const Conversation: Story = {
  parameters: { shows: ['Caller', 'Timeline'] },
  play: async ({ canvas }) => {
    const chart = await canvas.findByRole('group', { name: 'Timeline' })
    chart.focus()
    await waitFor(async () => {
      await userEvent.keyboard('{End}')
      await expect(canvas.getByRole('status')).toHaveTextContent(/Caller|Request/)
    })
    await userEvent.keyboard('{Home}')
    await expect(canvas.getByRole('status')).toHaveTextContent(/00:0/)
  },
}

/** The timeline shows a gather with its prompts and keys. */
export const Keys: Story = {
  args: { callId: menuWithWrongKey.callId },
  parameters: { shows: 'Keys', scenario: menuWithWrongKey },
}

/** Early events of a call are at the start of the timeline. Events before the answer are at its very start. */
export const Early: Story = {
  tags: ['!dev', '!autodocs'],
  args: { callId: early.callId },
  parameters: { scenario: early },
  play: async ({ canvas, canvasElement }) => {
    await canvas.findByRole('group', { name: 'Timeline' })
    await waitFor(() => expect(canvasElement.querySelectorAll('.cg-span').length).toBe(6))
    for (const span of canvasElement.querySelectorAll<HTMLElement>('.cg-span')) {
      await expect(Number.parseFloat(span.style.insetInlineStart)).toBeLessThan(10)
      await expect(Number.parseFloat(span.style.inlineSize)).toBeLessThan(10)
    }
  },
}

/** The strip keeps its height when lanes appear. */
export const Strip: Story = {
  tags: ['!dev', '!autodocs'],
  args: { callId: early.callId, strip: true },
  parameters: { scenario: early, at: 2500 },
  play: async ({ canvas, canvasElement, loaded }) => {
    const strip = (await canvas.findByRole('button', { name: /Timeline/ })).parentElement
    const lanes = () => canvasElement.querySelectorAll('.cg-lane').length
    const before = strip?.clientHeight
    await (loaded as LoadedScenario).client?.player.playAll()
    await waitFor(() => expect(lanes()).toBe(6))
    await expect(strip?.clientHeight).toBe(before)
  },
}

/** A table shows the events of the timeline. */
export const Table: Story = {
  tags: ['!autodocs'],
  args: { callId: menuWithWrongKey.callId },
  parameters: { shows: ['Lane', 'Valid'], scenario: menuWithWrongKey },
  play: async ({ canvas }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Table' }))
    await expect(canvas.getByRole('columnheader', { name: 'Lane' })).toBeVisible()
    await expect(canvas.getByRole('cell', { name: 'Valid' })).toBeVisible()
  },
}

/** The timeline scrolls after the agent zooms in. */
export const Zoomed: Story = {
  tags: ['!autodocs'],
  parameters: { shows: 'Timeline' },
  play: async ({ canvas }) => {
    await userEvent.click(await canvas.findByRole('button', { name: 'Zoom in' }))
    await userEvent.click(canvas.getByRole('button', { name: 'Zoom in' }))
    const chart = canvas.getByRole('group', { name: 'Timeline' })
    await expect(chart.scrollWidth).toBeGreaterThan(chart.clientWidth * 2)
  },
}

/** Ctrl+wheel or a pinch zooms the timeline at the pointer, not the page. The arrow keys scroll an event into view. */
export const PinchZoom: Story = {
  tags: ['!dev', '!autodocs'],
  play: async ({ canvas }) => {
    const chart = await canvas.findByRole('group', { name: 'Timeline' })
    const { left, width } = chart.getBoundingClientRect()
    const pinch = { ctrlKey: true, deltaY: -60, clientX: left + width - 4, cancelable: true }
    await expect(await fireEvent.wheel(chart, pinch)).toBe(false)
    await waitFor(() => expect(chart.scrollWidth).toBeGreaterThan(chart.clientWidth * 1.5))
    await fireEvent.wheel(chart, pinch)
    await waitFor(() => expect(chart.scrollWidth).toBeGreaterThan(chart.clientWidth * 3))
    // The zoom keeps the point under the pointer in place, so the chart has scrolled towards its end.
    await waitFor(() => expect(chart.scrollLeft).toBeGreaterThan(chart.clientWidth * 2))
    chart.focus()
    await userEvent.keyboard('{Home}')
    await waitFor(() => expect(chart.scrollLeft).toBeLessThan(chart.clientWidth))
    // Without Ctrl, the timeline leaves the wheel event to the page.
    await expect(await fireEvent.wheel(chart, { deltaY: -60, cancelable: true })).toBe(true)
  },
}

/** The timeline of a call without events is empty. */
export const Empty: Story = { args: { callId: nothing.callId }, parameters: { shows: 'Nothing', scenario: nothing } }

/** A custom timeline, built from `CallTimelineParts` with stacked lanes. */
export const Composed: Story = {
  args: { callId: menuWithWrongKey.callId },
  parameters: { shows: '00:', scenario: menuWithWrongKey },
  render: ({ callId }) => (
    <CallTimelineParts.Root callId={callId} aria-label="What happened" style={{ display: 'grid', gap: 8 }}>
      <CallTimelineParts.Chart style={{ overflowX: 'auto' }}>
        <CallTimelineParts.Track style={{ display: 'grid', gap: 4 }}>
          <CallTimelineParts.Lanes>
            {(lane) => (
              <CallTimelineParts.Lane key={lane} lane={lane} style={{ position: 'relative', blockSize: 18 }}>
                {(span) => (
                  <CallTimelineParts.Span
                    key={span.id}
                    span={span}
                    style={{ position: 'absolute', insetBlock: 0, borderInlineStart: '3px solid teal' }}
                  />
                )}
              </CallTimelineParts.Lane>
            )}
          </CallTimelineParts.Lanes>
        </CallTimelineParts.Track>
      </CallTimelineParts.Chart>
      <CallTimelineParts.Said />
      <p>
        <CallTimelineParts.Zoom by={-1} /> <CallTimelineParts.Zoom by={1} />
      </p>
    </CallTimelineParts.Root>
  ),
  play: async ({ canvas }) => {
    const chart = await canvas.findByRole('group', { name: 'Timeline' })
    await expect(canvas.getByRole('button', { name: 'Zoom out' })).toHaveAttribute('aria-disabled', 'true')
    await userEvent.click(canvas.getByRole('button', { name: 'Zoom in' }))
    await expect(canvas.getByRole('button', { name: 'Zoom out' })).toBeEnabled()
    chart.focus()
    await waitFor(async () => {
      await userEvent.keyboard('{End}')
      await expect(canvas.getByRole('status')).toHaveTextContent(/00:/)
    })
    await expect(chart.querySelectorAll('[data-cursor]')).toHaveLength(1)
  },
}
