/** What the setup makes possible in each DOM without layout. */
import { act, render, screen, within } from '@testing-library/react'
import { GatherPanel } from '../components/gather-panel/gather-panel.tsx'
import { GatherProvider } from '../hooks/provider.tsx'
import { createScenarioClient, pinEntry } from './index.ts'

/** Shows the keys and the transcript of a call in the panel. */
export async function showsPanel(): Promise<void> {
  const client = createScenarioClient(pinEntry)
  render(
    <GatherProvider client={client}>
      <GatherPanel callId={pinEntry.callId} />
    </GatherProvider>,
  )
  await act(() => client.player.seek(7900))
  await screen.findByRole('img', { name: '2 of 6: 5 5' })
  await act(async () => client.press(pinEntry.callId, '0'))
  await screen.findByRole('img', { name: '3 of 6: 5 5 0' })
  const transcript = await screen.findByRole('log', { name: 'Transcript' })
  await within(transcript).findByText(/enter your four digit PIN/)
}
