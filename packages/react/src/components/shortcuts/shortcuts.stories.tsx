import { pinEntry } from '@callgather/protocol/scenarios'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { useState } from 'react'
import { expect, fn, userEvent, waitFor, within } from 'storybook/test'
import { useShortcut, useShortcuts } from '../../hooks/use-shortcut.ts'
import { GatherPanel } from '../gather-panel/gather-panel.tsx'
import { Button } from '../kit/button.tsx'
import { ShortcutHint } from '../kit/shortcut-hint.tsx'
import { CommandPalette } from './command-palette.tsx'
import { ShortcutHelp } from './shortcut-help.tsx'
import { Shortcuts } from './shortcuts.tsx'

const onAnswer = fn()

/** Actions of a host application. */
function HostActions() {
  const { run } = useShortcuts()
  const [isDark, setDark] = useState(false)
  const answer = useShortcut({ id: 'answer', key: 'a', label: 'Answer the ringing call', run: onAnswer })
  const theme = useShortcut({ id: 'theme', key: 't', label: 'Light or dark', run: () => setDark(!isDark) })
  useShortcut({ id: 'hangUp', key: 'H', label: 'Hang up', run: () => {}, enabled: false })
  return (
    <div className="cg" style={{ display: 'flex', flexWrap: 'wrap', gap: 8 }}>
      <Button variant="primary" aria-keyshortcuts={answer?.aria} onClick={onAnswer}>
        Answer <ShortcutHint shortcut={answer} />
      </Button>
      <Button aria-pressed={isDark} aria-keyshortcuts={theme?.aria} onClick={() => setDark(!isDark)}>
        Dark <ShortcutHint shortcut={theme} />
      </Button>
      <Button onClick={() => run('help')}>Keyboard shortcuts</Button>
      <Button onClick={() => run('palette')}>Actions</Button>
    </div>
  )
}

const meta = {
  title: 'Panel/Shortcuts',
  component: Shortcuts,
  args: {
    children: (
      <>
        <HostActions />
        <ShortcutHelp />
        <CommandPalette />
      </>
    ),
  },
  beforeEach: () => {
    localStorage.removeItem('callgather.shortcuts')
    onAnswer.mockClear()
  },
} satisfies Meta<typeof Shortcuts>

export default meta
type Story = StoryObj<typeof meta>

/** The keys are shown beside the actions. */
export const Keys: Story = {
  parameters: { shows: ['Answer', 'Dark'] },
  play: async ({ canvas }) => {
    await userEvent.keyboard('a')
    await expect(onAnswer).not.toHaveBeenCalled()
    canvas.getByRole('button', { name: 'Answer' }).focus()
    await userEvent.keyboard('a')
    await expect(onAnswer).toHaveBeenCalledTimes(1)
    await userEvent.keyboard('t')
    await expect(canvas.getByRole('button', { name: 'Dark' })).toHaveAttribute('aria-pressed', 'true')
  },
}

/** An agent changes a key. The shortcut that had the new key gets the old one. */
export const Help: Story = {
  tags: ['!autodocs'],
  parameters: { shows: ['Use these shortcuts', 'Light or dark', 'Close'] },
  play: async ({ canvas }) => {
    const opener = canvas.getByRole('button', { name: 'Keyboard shortcuts' })
    opener.focus()
    await userEvent.keyboard('?')
    const dialog = within(await canvas.findByRole('dialog', { name: 'Keyboard shortcuts' }))
    await userEvent.click(dialog.getByRole('button', { name: 'Light or dark: T. Change this key' }))
    await expect(dialog.getByRole('button', { name: 'Light or dark: Press a key' })).toHaveFocus()
    await userEvent.keyboard('a')
    await expect(dialog.getByRole('button', { name: 'Light or dark: A. Change this key' })).toBeVisible()
    await expect(dialog.getByRole('button', { name: 'Answer the ringing call: T. Change this key' })).toBeVisible()
    await userEvent.click(dialog.getByRole('button', { name: 'Restore all' }))
    await expect(dialog.getByRole('button', { name: 'Light or dark: T. Change this key' })).toBeVisible()
    await userEvent.click(dialog.getByRole('checkbox', { name: 'Use these shortcuts' }))
    await expect(dialog.getByRole('button', { name: 'Light or dark: T. Change this key' })).toBeDisabled()
    await userEvent.click(dialog.getByRole('button', { name: 'Close' }))
    await waitFor(() => expect(canvas.queryByRole('dialog')).toBeNull())
    await expect(opener).toHaveFocus()
    await expect(canvas.getByRole('button', { name: 'Answer' })).not.toHaveAttribute('aria-keyshortcuts')
    await userEvent.click(opener)
    await userEvent.click(await canvas.findByRole('checkbox', { name: 'Use these shortcuts' }))
  },
}

/** The help in dark colours. */
export const HelpDark: Story = {
  tags: ['!autodocs'],
  parameters: { shows: 'Use these shortcuts' },
  globals: { mode: 'dark' },
  play: async ({ canvas }) => {
    await userEvent.click(canvas.getByRole('button', { name: 'Keyboard shortcuts' }))
    await expect(await canvas.findByRole('dialog')).toBeVisible()
  },
}

/** The palette finds an action by its words and runs it. An impossible action is not listed. */
export const Palette: Story = {
  tags: ['!autodocs'],
  parameters: { shows: ['Answer the ringing call', 'Light or dark'] },
  play: async ({ canvas }) => {
    const opener = canvas.getByRole('button', { name: 'Actions' })
    await userEvent.click(opener)
    const dialog = within(await canvas.findByRole('dialog', { name: 'Find an action' }))
    const field = dialog.getByRole('combobox', { name: 'Find an action' })
    await expect(field).toHaveFocus()
    const names = () => dialog.getAllByRole('option').map((option) => option.firstChild?.textContent)
    await expect(names()).toEqual(['Answer the ringing call', 'Light or dark', 'Show and change the shortcuts'])
    await userEvent.keyboard('{ArrowUp}')
    const last = dialog.getByRole('option', { name: 'Show and change the shortcuts' })
    await expect(field).toHaveAttribute('aria-activedescendant', last.id)
    await userEvent.keyboard('call ans')
    await expect(names()).toEqual(['Answer the ringing call'])
    await userEvent.keyboard('{Enter}')
    await waitFor(() => expect(canvas.queryByRole('dialog')).toBeNull())
    await expect(onAnswer).toHaveBeenCalledTimes(1)
    await expect(opener).toHaveFocus()
    // The next key is deliberate.
    await userEvent.keyboard('a')
    await expect(onAnswer).toHaveBeenCalledTimes(2)
    await userEvent.click(opener)
  },
}

/** No action has these words. */
export const PaletteWithoutMatch: Story = {
  tags: ['!autodocs'],
  parameters: { shows: ['No action matches', 'zebra'] },
  play: async ({ canvas }) => {
    await userEvent.click(canvas.getByRole('button', { name: 'Actions' }))
    await userEvent.type(await canvas.findByRole('combobox'), 'zebra')
    await expect(canvas.getByText('No action matches')).toBeVisible()
    await userEvent.keyboard('{Enter}')
    await expect(canvas.getByRole('dialog')).toBeVisible()
  },
}

/** The palette in dark colours. */
export const PaletteDark: Story = {
  tags: ['!autodocs'],
  parameters: { shows: 'Answer the ringing call' },
  globals: { mode: 'dark' },
  play: async ({ canvas }) => {
    await userEvent.click(canvas.getByRole('button', { name: 'Actions' }))
    await expect(await canvas.findByRole('listbox')).toBeVisible()
  },
}

/** The panel with its keys. */
export const PanelWithKeys: Story = {
  args: {
    children: (
      <>
        <GatherPanel callId={pinEntry.callId} />
        <ShortcutHelp />
        <CommandPalette />
      </>
    ),
  },
  parameters: { shows: 'Presets', scenario: pinEntry, at: 2200, wide: true },
}
