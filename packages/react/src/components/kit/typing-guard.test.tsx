/** Checks where an agent's keys and focus go when the text field in use is removed. */
import { assistantWhisper, ScenarioWriter } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import { fireEvent, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import type { ReactNode } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { GatherProvider } from '../../hooks/provider.tsx'
import { actAndSettle, playTo } from '../../testing/render-hook.tsx'
import { createScenarioClient, type ScenarioClient } from '../../testing/scenario-client.ts'
import { AssistantBar } from '../assistant-bar/assistant-bar.tsx'
import { GatherControls } from '../gather-controls/gather-controls.tsx'
import { useTypingGuard } from './typing-guard.ts'

/** A shortcut of the host application: called with any plain letter that reaches the document. */
const shortcut = vi.fn()
/** A shortcut of the host application that runs in the capture phase and ignores text fields. */
const earlyShortcut = vi.fn()
const onKey = (event: KeyboardEvent) => {
  if (event.key.length === 1) shortcut(event.key)
}
const onEarlyKey = (event: KeyboardEvent) => {
  const inField = event.target instanceof Element && event.target.closest('input, textarea, select')
  if (event.key.length === 1 && !inField) earlyShortcut(event.key)
}

beforeEach(() => {
  shortcut.mockClear()
  earlyShortcut.mockClear()
  document.addEventListener('keydown', onKey)
  window.addEventListener('keydown', onEarlyKey, true)
})
afterEach(() => {
  document.removeEventListener('keydown', onKey)
  window.removeEventListener('keydown', onEarlyKey, true)
})

const quiet = new ScenarioWriter('Quiet').answered().end()
const other = new ScenarioWriter('Other').answered().end()

const onClient = (client: ScenarioClient, content: ReactNode) => (
  <GatherProvider client={client} queryClient={new QueryClient()}>
    {content}
  </GatherProvider>
)

/** Starts a gather of digits, as if another agent had sent the command. */
const startGather = (client: ScenarioClient, callId: string) =>
  actAndSettle(() => {
    const id = { command_id: 'of-another-agent' }
    client.emit(callId, 'command.requested', {
      ...id,
      payload: { command: 'gather', body: { maximum_digits: 4 }, subject: 'another agent' },
    })
    client.emit(callId, 'command.accepted', { ...id, payload: {} })
  })

const openForm = async () => {
  await userEvent.click(screen.getByRole('button', { name: 'Write your own' }))
  await screen.findByRole('form', { name: 'Ask the caller' })
}
const prompt = () => screen.getByRole('textbox', { name: 'What to say' })
const sink = () => document.querySelector<HTMLTextAreaElement>('.cg-key-sink')
const expectNoShortcut = () => {
  expect(shortcut).not.toHaveBeenCalled()
  expect(earlyShortcut).not.toHaveBeenCalled()
}

describe('a field that is removed while the agent types in it', () => {
  it('the gather form keeps its field, focus and text when another agent starts a gather', async () => {
    const client = createScenarioClient(quiet)
    render(onClient(client, <GatherControls callId={quiet.callId} />))
    await playTo(client, 5_000)
    await openForm()
    await userEvent.type(prompt(), 'Hello')
    shortcut.mockClear()
    await startGather(client, quiet.callId)
    await userEvent.keyboard(' mate')
    expect(sink()).toBeNull()
    expect(prompt()).toHaveFocus()
    expect(prompt()).toHaveValue('Hello mate')
  })

  it('the typing guard blocks shortcuts when the host hides the focused field, as Suspense and tabs do', async () => {
    const client = createScenarioClient(quiet)
    const { container } = render(onClient(client, <GatherControls callId={quiet.callId} />))
    await playTo(client, 5_000)
    await openForm()
    await userEvent.type(prompt(), 'Hello')
    shortcut.mockClear()
    // A browser blurs a field that becomes inert. The test DOM does not, so the test blurs the field.
    await actAndSettle(() => {
      container.firstElementChild?.setAttribute('inert', '')
      prompt().blur()
    })
    await userEvent.keyboard(' mate{Backspace}{Enter}')
    expectNoShortcut()
    expect(container.firstElementChild?.contains(sink())).toBe(false)
  })

  it('the assistant bar keeps the draft of a whisper while the assistant is stopped', async () => {
    const client = createScenarioClient(assistantWhisper)
    const { callId } = assistantWhisper
    render(onClient(client, <AssistantBar callId={callId} />))
    await playTo(client, 8_000)
    const message = () => screen.getByRole('textbox', { name: /Tell the assistant/ })
    await userEvent.type(message(), 'Offer Friday')
    shortcut.mockClear()
    await actAndSettle(() => client.command(callId, 'ai_assistant_stop', {}))
    expect(screen.queryByRole('textbox', { name: /Tell the assistant/ })).toBeNull()
    await userEvent.keyboard(' two j')
    expectNoShortcut()
    await userEvent.click(screen.getByRole('button', { name: 'Hand back to assistant' }))
    await actAndSettle(() => undefined)
    expect(message()).toHaveValue('Offer Friday')
  })

  it('the gather form keeps the draft of each call when the host switches between calls', async () => {
    const client = createScenarioClient([quiet, other])
    const cache = new QueryClient()
    const panel = (callId: string) => (
      <GatherProvider client={client} queryClient={cache}>
        <GatherControls callId={callId} />
      </GatherProvider>
    )
    const { rerender } = render(panel(quiet.callId))
    await playTo(client, 5_000)
    await openForm()
    await userEvent.type(prompt(), 'Hello')
    shortcut.mockClear()
    await actAndSettle(() => rerender(panel(other.callId)))
    await userEvent.keyboard(' mate')
    expectNoShortcut()
    await openForm()
    expect(prompt()).toHaveValue('')
    await actAndSettle(() => rerender(panel(quiet.callId)))
    expect(prompt()).toHaveValue('Hello')
  })

  it('the typing guard blocks shortcuts when the host removes the component with the focused field', async () => {
    const client = createScenarioClient(quiet)
    const { rerender } = render(onClient(client, <GatherControls callId={quiet.callId} />))
    await playTo(client, 5_000)
    await openForm()
    await userEvent.type(prompt(), 'Hello')
    shortcut.mockClear()
    rerender(onClient(client, <p>No call</p>))
    await actAndSettle(() => undefined)
    await userEvent.keyboard('aj')
    expectNoShortcut()
  })
})

/** A guarded region with a removable text field. */
function Region({ shown }: { readonly shown: boolean }) {
  return (
    <section aria-label="Card" tabIndex={-1} {...useTypingGuard()}>
      {shown && <input aria-label="Digits" />}
      <button type="button">Next</button>
    </section>
  )
}

describe('the focus after a field is removed', () => {
  const removed = async (keys: string) => {
    const { rerender } = render(<Region shown />)
    await userEvent.type(screen.getByRole('textbox', { name: 'Digits' }), keys)
    shortcut.mockClear()
    rerender(<Region shown={false} />)
    await actAndSettle(() => undefined)
    return { rerender }
  }

  it('the typing guard moves the focus from a removed field to a named hidden field that discards keys', async () => {
    await removed('4')
    expect(sink()).toHaveFocus()
    expect(sink()).toHaveAccessibleName('Your text is kept. Press Tab to go on.')
    await userEvent.keyboard('abc')
    expect(sink()).toHaveValue('')
    expectNoShortcut()
  })

  it('Tab leaves the hidden field of the typing guard and enables shortcuts again', async () => {
    await removed('4')
    await userEvent.tab({ shift: true })
    await actAndSettle(() => undefined)
    expect(screen.getByRole('button', { name: 'Next' })).toHaveFocus()
    expect(sink()).toBeNull()
    await userEvent.keyboard('j')
    expect(shortcut).toHaveBeenCalledWith('j')
  })

  it('Escape moves the focus from the hidden field of the typing guard to the region', async () => {
    await removed('4')
    await userEvent.keyboard('{Escape}')
    await actAndSettle(() => undefined)
    expect(screen.getByRole('region', { name: 'Card' })).toHaveFocus()
    expect(sink()).toBeNull()
  })

  it('the typing guard moves the focus to the region when a field is removed after Enter', async () => {
    await removed('4{Enter}')
    expect(screen.getByRole('region', { name: 'Card' })).toHaveFocus()
    expect(sink()).toBeNull()
  })

  it('the typing guard does not move the focus when the agent left the field before its removal', async () => {
    const { rerender } = render(<Region shown />)
    await userEvent.type(screen.getByRole('textbox', { name: 'Digits' }), '4')
    screen.getByRole('button', { name: 'Next' }).focus()
    rerender(<Region shown={false} />)
    await actAndSettle(() => undefined)
    expect(screen.getByRole('button', { name: 'Next' })).toHaveFocus()
  })

  it('the hidden field of the typing guard lets shortcuts with Ctrl through', async () => {
    await removed('4')
    const seen = vi.fn()
    document.addEventListener('keydown', seen, { once: true })
    fireEvent.keyDown(document.activeElement ?? document.body, { key: 'k', ctrlKey: true })
    expect(seen).toHaveBeenCalledOnce()
  })

  it('the typing guard blocks shortcuts when a region is removed after its field', async () => {
    const { rerender } = render(
      <main>
        <Region shown />
      </main>,
    )
    await userEvent.type(screen.getByRole('textbox', { name: 'Digits' }), '4')
    shortcut.mockClear()
    rerender(
      <main>
        <Region shown={false} />
      </main>,
    )
    await actAndSettle(() => undefined)
    rerender(<main />)
    await actAndSettle(() => undefined)
    await userEvent.keyboard('j')
    expectNoShortcut()
  })
})
