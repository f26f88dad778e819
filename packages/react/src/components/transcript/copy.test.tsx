import { assistantWhisper } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import { act, cleanup, render, screen } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import { GatherProvider } from '../../hooks/provider.tsx'
import { actAndSettle, playAll } from '../../testing/render-hook.tsx'
import { createScenarioClient } from '../../testing/scenario-client.ts'
import { Transcript } from './transcript.tsx'

const copyRow = () => actAndSettle(() => screen.getAllByLabelText('Copy row')[0]?.click())
const copyAll = async () => {
  await actAndSettle(() => screen.getByRole('button', { name: 'Export' }).click())
  await actAndSettle(() => screen.getByRole('menuitem', { name: 'Copy transcript' }).click())
}
const denied = { writeText: () => Promise.reject(new DOMException('denied', 'NotAllowedError')) }

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

test.each([
  ['a row', 'denies the clipboard', copyRow, denied],
  ['a row', 'has no clipboard without TLS', copyRow, undefined],
  ['all rows', 'denies the clipboard', copyAll, denied],
  ['all rows', 'has no clipboard without TLS', copyAll, undefined],
])('copying %s shows a notice until the next copy when the browser %s', async (_, __, copy, clipboard) => {
  const client = createScenarioClient(assistantWhisper)
  render(
    <GatherProvider client={client} queryClient={new QueryClient()}>
      <Transcript callId={assistantWhisper.callId} />
    </GatherProvider>,
  )
  await playAll(client)
  // The printed page has every row, so that the test does not depend on the rows in view.
  act(() => void window.dispatchEvent(new Event('beforeprint')))
  vi.stubGlobal('navigator', { ...navigator, clipboard })
  await copy()
  expect(screen.getByRole('alert').textContent).toContain('Couldn’t copy')
  vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText: async () => {} } })
  await copy()
  expect(screen.queryByRole('alert')).toBeNull()
})
