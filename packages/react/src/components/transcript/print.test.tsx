import { assistantWhisper } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import { act, render, screen } from '@testing-library/react'
import { expect, test } from 'vitest'
import { GatherProvider } from '../../hooks/provider.tsx'
import { playAll } from '../../testing/render-hook.tsx'
import { createScenarioClient } from '../../testing/scenario-client.ts'
import { Transcript } from './transcript.tsx'

test('the transcript has every row in the page when the browser prints it, and only the rows in view afterwards', async () => {
  const client = createScenarioClient(assistantWhisper)
  render(
    <GatherProvider client={client} queryClient={new QueryClient()}>
      <Transcript callId={assistantWhisper.callId} />
    </GatherProvider>,
  )
  await playAll(client)
  const first = () => screen.queryByText(/^Thanks for calling Northside Clinic/, { selector: '.cg-row *' })
  const last = () => screen.queryByText(/Can I talk to a person/, { selector: '.cg-row *' })
  expect([first(), last()]).toEqual([null, null])
  act(() => void window.dispatchEvent(new Event('beforeprint')))
  expect(first()).not.toBeNull()
  expect(last()).not.toBeNull()
  act(() => void window.dispatchEvent(new Event('afterprint')))
  expect([first(), last()]).toEqual([null, null])
})
