/**
 * Helpers for your Storybook: a loader plays a call to a story's position, and a decorator provides the client. They
 * avoid Storybook's types, so that tests without stories don't need Storybook.
 */

import type { Scenario } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import type { ComponentType, ReactElement } from 'react'
import { GatherProvider } from '../hooks/provider.tsx'
import { createScenarioClient, type ScenarioClient, type ScenarioClientOptions } from './scenario-client.ts'

/** The `parameters` of a story that shows a call. */
export interface ScenarioParameters {
  /** The scenario or scenarios of the story. A story without a scenario is rendered unchanged. */
  readonly scenario?: Scenario | readonly Scenario[]
  /** The position to show, in milliseconds since the scenario's start; `end` for the last event. Default `end`. */
  readonly at?: number | 'end'
  /** The options of the story's scenario client. */
  readonly client?: ScenarioClientOptions
  /** A function that runs before the story is shown, for example to inject a fault. */
  readonly prepare?: (client: ScenarioClient) => void | Promise<void>
}

/** The `loaded` context of `play` functions. */
export interface LoadedScenario {
  /** The story's client; `null` for a story without a scenario. */
  readonly client: ScenarioClient | null
}

/** Plays the story's scenario to its position. Add this function to Storybook's `loaders`. */
export async function loadScenario({ parameters }: { parameters: ScenarioParameters }): Promise<LoadedScenario> {
  const { scenario, at = 'end', client: options, prepare } = parameters
  if (!scenario) return { client: null }
  const client = createScenarioClient(scenario, options)
  if (at === 'end') await client.player.playAll()
  else await client.player.seek(at)
  await prepare?.(client)
  return { client }
}

/** Provides the client that played the story's scenario. Add this function to Storybook's `decorators`. */
export function withScenario(
  Story: ComponentType,
  { loaded, id }: { loaded: Partial<LoadedScenario>; id: string },
): ReactElement {
  const { client } = loaded
  if (!client) return <Story />
  return (
    <GatherProvider key={id} client={client} queryClient={cacheOf(client)}>
      <Story />
    </GatherProvider>
  )
}

const caches = new WeakMap<ScenarioClient, QueryClient>()

/** Returns the client's own cache, so that the next story doesn't show this story's call. */
function cacheOf(client: ScenarioClient): QueryClient {
  const cache = caches.get(client) ?? new QueryClient()
  caches.set(client, cache)
  return cache
}
