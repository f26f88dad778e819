/** Helpers for tests of hooks. */
import { QueryClient } from '@tanstack/react-query'
import { act, type RenderHookResult, renderHook } from '@testing-library/react'
import { type ReactNode, StrictMode } from 'react'
import { GatherProvider } from '../hooks/provider.tsx'
import type { ScenarioClient } from './scenario-client.ts'

/** Renders a hook in strict mode, inside a provider with a new QueryClient. */
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

/** Plays to a position in milliseconds and waits for the screen to update. */
export const playTo = (client: ScenarioClient, positionMs: number) => actAndSettle(() => client.player.seek(positionMs))

/** Plays to the last event and waits for the screen to update. */
export const playAll = (client: ScenarioClient) => actAndSettle(() => client.player.playAll())

/** Runs a function and waits until its effects reach the screen through promises, frames and TanStack's batches. */
export async function actAndSettle(run: () => unknown): Promise<void> {
  await act(async () => {
    await run()
  })
  await act(async () => {
    // Wait longer than a frame, then several macrotasks for work that a slow machine has deferred: each step from the
    // client to the screen may take one.
    for (const delayMs of [40, ...new Array(12).fill(0)]) await new Promise((resolve) => setTimeout(resolve, delayMs))
  })
}
