/** Checks the keys of the panel and of the call list inside a `Shortcuts`. */
import { aiBooking, ScenarioWriter } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { type ReactNode, useState } from 'react'
import { beforeEach, expect, it, vi } from 'vitest'
import { GatherProvider } from '../../hooks/provider.tsx'
import { actAndSettle } from '../../testing/render-hook.tsx'
import { createScenarioClient, type ScenarioClient } from '../../testing/scenario-client.ts'
import { CallList } from '../call-list/call-list.tsx'
import { Shortcuts } from '../shortcuts/shortcuts.tsx'
import { GatherPanel } from './gather-panel.tsx'

beforeEach(() => localStorage.clear())

const quiet = new ScenarioWriter('Quiet').answered().end()
const withAssistant = new ScenarioWriter('Assisted')
  .answered()
  .command('assistant', 'ai_assistant_start', { assistant: { id: 'clinic' } })
  .event('call.conversation.created', { command_id: 'assistant', payload: { conversation_id: 'conversation' } })
  .end()
const collected = new ScenarioWriter('Collected')
  .answered()
  .command('account', 'gather', { maximum_digits: 10 }, { label: 'Account number' })
  .event('call.gather.ended', { command_id: 'account', payload: { status: 'valid', digits: '40718832' } })
  .end()

async function show(client: ScenarioClient, content: ReactNode) {
  render(
    <GatherProvider client={client} queryClient={new QueryClient()}>
      <Shortcuts wholePage>{content}</Shortcuts>
    </GatherProvider>,
  )
  await actAndSettle(() => client.player.playAll())
}

const press = (keys: string) => actAndSettle(() => userEvent.keyboard(keys))
const sent = (client: ScenarioClient) => client.commands.map(({ name }) => name)

it('the digit keys ask the presets, Escape asks to stop, and R asks again', async () => {
  const client = createScenarioClient(quiet)
  await show(client, <GatherPanel callId={quiet.callId} />)
  const pin = screen.getByRole('button', { name: 'PIN' })
  expect(pin).toHaveAttribute('aria-keyshortcuts', '1')
  await vi.waitFor(() => expect(pin).not.toHaveAttribute('aria-disabled', 'true'))
  await press('1')
  await vi.waitFor(() =>
    expect(client.commands).toMatchObject([{ name: 'gather_using_speak', body: { maximum_digits: 4 } }]),
  )
  await press('{Escape}')
  expect(screen.getByRole('alertdialog', { name: 'Stop request' })).toContainElement(
    document.activeElement as HTMLElement,
  )
  await press('{Escape}')
  expect(screen.queryByRole('alertdialog')).toBeNull()
  expect(screen.getByRole('button', { name: 'Stop request' })).toHaveFocus()
  await press('r')
  expect(client.commands).toHaveLength(1)
  await press('{Escape}{Enter}')
  expect(sent(client)).toEqual(['gather_using_speak', 'gather_stop'])
  await actAndSettle(() => client.player.advance(5_000))
  await press('r')
  expect(sent(client)).toEqual(['gather_using_speak', 'gather_stop', 'gather_using_speak'])
})

it('a digit key during a request opens the form for a review and sends nothing', async () => {
  const client = createScenarioClient(quiet)
  await show(client, <GatherPanel callId={quiet.callId} />)
  await press('1')
  await press('2')
  expect(client.commands).toHaveLength(1)
  expect(await screen.findByRole('textbox', { name: 'What to say' })).toBeInTheDocument()
})

it('W moves to the message field, and N has the assistant answer now', async () => {
  const client = createScenarioClient(withAssistant)
  await show(client, <GatherPanel callId={withAssistant.callId} />)
  await press('w')
  const message = screen.getByRole('textbox', { name: /Tell the assistant/ })
  expect(message).toHaveFocus()
  await press('nn')
  expect(message).toHaveValue('nn')
  expect(client.commands).toEqual([])
  await press('{Tab}n')
  expect(client.commands).toMatchObject([{ body: { messages: [{ content: 'nn' }], trigger_response: true } }])
})

it('C copies the newest value, and Shift+C copies all values', async () => {
  const user = userEvent.setup()
  const client = createScenarioClient(collected)
  await show(client, <GatherPanel callId={collected.callId} />)
  await actAndSettle(() => user.keyboard('c'))
  expect(await navigator.clipboard.readText()).toBe('40718832')
  await actAndSettle(() => user.keyboard('{Shift>}C{/Shift}'))
  expect(await navigator.clipboard.readText()).toContain('Account number')
})

it('F opens the find bar of the transcript and returns to its field', async () => {
  const client = createScenarioClient(quiet)
  await show(client, <GatherPanel callId={quiet.callId} />)
  await press('f')
  const field = screen.getByRole('searchbox', { name: 'Find in the transcript' })
  expect(field).toHaveFocus()
  await press('{Tab}f')
  expect(field).toHaveFocus()
  expect(field).toHaveValue('')
})

/** A list of calls that opens a call. */
function List() {
  const [selected, setSelected] = useState<string | null>(null)
  return (
    <>
      <CallList selected={selected} onSelect={setSelected} />
      <output>{selected}</output>
    </>
  )
}

it('J and K open the next and the previous call of the list, and the slash key finds a call', async () => {
  const client = createScenarioClient([quiet, aiBooking])
  await show(client, <List />)
  const opened = () => screen.getByText(/^v3:/).textContent
  await press('j')
  const first = opened()
  await press('j')
  const second = opened()
  expect([first, second].sort()).toEqual([quiet.callId, aiBooking.callId].sort())
  await press('j')
  expect(opened()).toBe(second)
  await press('k')
  expect(opened()).toBe(first)
  await press('/')
  const search = screen.getByRole('searchbox', { name: 'Find a call' })
  expect(search).toHaveFocus()
  expect(search).toHaveValue('')
})
