/** For the tests of hooks: what a hook needs around it. */
import { QueryClient } from '@tanstack/react-query'
import { act, type RenderHookResult, renderHook } from '@testing-library/react'
import { type ReactNode, StrictMode } from 'react'
import { GatherProvider } from '../hooks/provider.tsx'
import type { ScenarioClient } from './scenario-client.ts'

/** Renders a hook in strict mode, under a provider of its own. */
export function renderHookWithClient<T>(client: ScenarioClient, hook: () => T): RenderHookResult<T, unknown> {
  const queryClient = new QueryClient()
  const wrapper = ({ children }: { children: ReactNode }) => (
    <StrictMode>
      <GatherProvider client={client} queryClient={queryClient}>
        {children}
      </GatherProvider>
    </StrictMode>
  )
  return renderHook(hook, { wrapper })
}

/** Plays on to a moment, and lets the screen follow. */
export const playTo = (client: ScenarioClient, position: number) => actAndSettle(() => client.player.seek(position))

/** Plays to the end, and lets the screen follow. */
export const playAll = (client: ScenarioClient) => actAndSettle(() => client.player.playAll())

/** Does something, and lets whatever it leads to reach the screen: promises, frames, TanStack's batches. */
export async function actAndSettle(run: () => unknown): Promise<void> {
  await act(async () => {
    await run()
  })
  await act(async () => {
    // Longer than a frame; then turns for whatever a busy machine has put off until after it.
    for (const millis of [40, 0, 0, 0]) await new Promise((resolve) => setTimeout(resolve, millis))
  })
}
