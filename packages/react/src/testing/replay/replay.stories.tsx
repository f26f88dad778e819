import { type ExportedCall, readExportedCall } from '@callgather/protocol/scenarios'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { useState } from 'react'
import { expect, fn, userEvent, waitFor, within } from 'storybook/test'
import { GatherPanel } from '../../components/gather-panel/gather-panel.tsx'
import { CallReplay } from './call-replay.tsx'
import { OpenExport } from './open-export.tsx'
import sample from './sample-export.json'
import './replay.css'

function Replay() {
  const [call, setCall] = useState<ExportedCall>(() => readExportedCall(JSON.stringify(sample)))
  return (
    <div style={{ display: 'grid', gap: 12 }}>
      <OpenExport onOpen={setCall} />
      <CallReplay call={call}>{(callId) => <GatherPanel callId={callId} />}</CallReplay>
    </div>
  )
}

const meta = {
  title: 'Guides/Replay',
  component: Replay,
  parameters: { wide: true },
} satisfies Meta<typeof Replay>

export default meta
type Story = StoryObj<typeof meta>

/**
 * A call that was exported from the demo. Open the export of any other call: drop the file, choose it or paste its text.
 * Nothing leaves this page.
 */
export const Sample: Story = {
  parameters: { shows: ['event 34 of 34', '40718832'] },
  play: async ({ canvas }) => {
    const slider = await canvas.findByRole('slider', { name: 'Position' })
    slider.focus()
    await userEvent.keyboard('{End}')
    await expect(slider).toHaveAttribute('aria-valuetext', expect.stringContaining('event 34 of 34: call.hangup'))
    const collected = within(await canvas.findByRole('region', { name: 'Collected' }))
    await expect(await collected.findByText('40718832')).toBeVisible()
    await expect(collected.getByText('Hidden, 4 digits')).toBeInTheDocument()
    // A replay has no connection, so it must not look live.
    await expect(canvas.queryByText('Live')?.checkVisibility() ?? false).toBe(false)
  },
}

/** Stepping back shows the call as it was: the value is not collected yet, and the last key is missing. */
export const Backwards: Story = {
  tags: ['!autodocs'],
  parameters: { shows: ['6 of 12: 4 0 7 1 8 8', 'Nothing collected yet'] },
  play: async (context) => {
    await Sample.play?.(context)
    const { canvas } = context
    await userEvent.keyboard('{Home}')
    for (let step = 0; step < 13; step++) await userEvent.keyboard('{ArrowRight}')
    await expect(await canvas.findByRole('img', { name: /^8 of 12: 4 0 7 1 8 8 3 2/ })).toBeVisible()
    for (let step = 0; step < 3; step++) await userEvent.click(canvas.getByRole('button', { name: 'Step back' }))
    await expect(await canvas.findByRole('img', { name: /^6 of 12: 4 0 7 1 8 8/ })).toBeVisible()
    await expect(canvas.queryByText('40718832')).toBeNull()
    await expect(canvas.getByText('Nothing collected yet')).toBeVisible()
  },
}

/** Another export is pasted, and a file that is not an export is refused with the reason. */
export const Opened: Story = {
  tags: ['!dev', '!autodocs'],
  play: async ({ canvas }) => {
    const paste = await canvas.findByRole('textbox', { name: 'Paste an export' })
    await userEvent.click(paste)
    await userEvent.paste('{"log":{}}')
    await expect(await canvas.findByText(/JSON, but not an exported call/)).toBeVisible()
    const other = JSON.stringify({ ...sample, records: sample.records.slice(0, 2) })
    await userEvent.click(paste)
    await userEvent.paste(other.replaceAll('+15550001111', '+442079460018'))
    await expect(await canvas.findByText(/before the first of 2 events/)).toBeVisible()
    await expect(canvas.queryByText(/not an exported call/)).toBeNull()
    const file = new File([JSON.stringify(sample)], 'call.json', { type: 'application/json' })
    await userEvent.upload(canvas.getByLabelText('Open an export'), file)
    await expect(await canvas.findByText(/before the first of 34 events/)).toBeVisible()
    const dataTransfer = new DataTransfer()
    dataTransfer.items.add(new File(['at,who,what'], 'call.csv'))
    paste.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }))
    await expect(await canvas.findByText(/The file is not JSON/)).toBeVisible()
  },
}

/** The copied test holds the events of the call, and no masked key. */
export const CopyAsScenario: Story = {
  tags: ['!dev', '!autodocs'],
  play: async ({ canvas }) => {
    const written = fn(async (_: string) => {})
    Object.defineProperty(navigator, 'clipboard', { configurable: true, value: { writeText: written } })
    await userEvent.click(await canvas.findByRole('button', { name: 'Test' }))
    await waitFor(() => expect(canvas.getByText('Copied. Paste it into incident.test.tsx.')).toBeVisible())
    await userEvent.click(canvas.getByRole('button', { name: 'Simulator script' }))
    await waitFor(() => expect(canvas.getByText('Copied. Paste it into incident.mjs.')).toBeVisible())
    const [test = '', script = ''] = written.mock.calls.flat()
    await expect(test).toContain('createScenarioClient')
    await expect(script).toContain('Left out 4 times: a masked key.')
  },
}

/** Dark colours. */
export const Dark: Story = { parameters: { shows: 'before the first of 34 events' }, globals: { mode: 'dark' } }
