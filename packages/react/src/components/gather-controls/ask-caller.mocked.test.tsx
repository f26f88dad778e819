/** The form of `AskCaller` is loaded on demand. These tests use one page, on which the first download fails. */
import { ScenarioWriter } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it, vi } from 'vitest'
import { GatherProvider } from '../../hooks/provider.tsx'
import { playTo } from '../../testing/render-hook.tsx'
import { createScenarioClient } from '../../testing/scenario-client.ts'
import { AskCaller } from './ask-caller.tsx'

const network = vi.hoisted(() => ({ isUp: false, downloads: 0 }))

vi.mock('./gather-form.tsx', async (importOriginal) => {
  network.downloads++
  if (!network.isUp) throw new TypeError('Failed to fetch dynamically imported module')
  return importOriginal()
})

const quiet = new ScenarioWriter('Quiet').answered().end()

async function renderCard() {
  const client = createScenarioClient(quiet)
  render(
    <GatherProvider client={client} queryClient={new QueryClient()}>
      <AskCaller callId={quiet.callId} />
    </GatherProvider>,
  )
  await playTo(client, 5_000)
}

const button = (name: string) => screen.getByRole('button', { name })
const card = () => screen.getByRole('region', { name: 'Ask the caller' })

it('reports a form that cannot be loaded, keeps the focus in the card, and opens the form on Retry', async () => {
  await renderCard()
  expect(network.downloads).toBe(0)

  await userEvent.click(button('Write your own'))
  expect(await screen.findByRole('alert')).toHaveTextContent('This part couldn’t be loaded')
  expect(card()).toHaveFocus()

  await userEvent.click(button('Cancel'))
  expect(button('PIN')).toBeEnabled()
  expect(screen.queryByRole('alert')).toBeNull()
  await userEvent.click(button('Write your own'))
  await screen.findByRole('alert')

  network.isUp = true
  await userEvent.click(button('Retry'))
  expect(await screen.findByRole('textbox', { name: 'What to say' })).toBeVisible()
  expect(screen.queryByRole('alert')).toBeNull()
  expect(card()).toHaveFocus()
})

it('opens the form at once after it was loaded, without a loading message', async () => {
  await renderCard()
  const { downloads } = network
  await userEvent.click(button('Write your own'))
  expect(screen.getByRole('textbox', { name: 'What to say' })).toBeVisible()
  expect(network.downloads).toBe(downloads)
})
