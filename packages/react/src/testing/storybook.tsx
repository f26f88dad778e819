/**
 * For your Storybook: a loader that plays a call to a story's position, and a decorator that provides its client. It
 * avoids Storybook's types, so that other tests don't need Storybook.
 */

import type { Scenario } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import type { ComponentType, ReactElement } from 'react'
import { GatherProvider } from '../hooks/provider.tsx'
import { createScenarioClient, type ScenarioClient, type ScenarioClientOptions } from './scenario-client.ts'

/** The `parameters` of a story that shows a call. */
export interface ScenarioParameters {
  /** One or several scenarios. Without one, the story is rendered unchanged. */
  readonly scenario?: Scenario | readonly Scenario[]
  /** The position shown, in milliseconds since the scenario's start; `end` for the last event. Default `end`. */
  readonly at?: number | 'end'
  /** Options of the scenario client. */
  readonly client?: ScenarioClientOptions
  /** Runs before the story is shown, for example to inject a fault. */
  readonly prepare?: (client: ScenarioClient) => void | Promise<void>
}

/** The `loaded` context of `play` functions. */
export interface LoadedScenario {
  /** The story's client; `null` for a story without a scenario. */
  readonly client: ScenarioClient | null
}

/** Plays the story's scenario. Add it to `loaders`. */
export async function loadScenario({ parameters }: { parameters: ScenarioParameters }): Promise<LoadedScenario> {
  const { scenario, at = 'end', client: options, prepare } = parameters
  if (!scenario) return { client: null }
  const client = createScenarioClient(scenario, options)
  if (at === 'end') await client.player.playAll()
  else await client.player.seek(at)
  await prepare?.(client)
  return { client }
}

/** Provides the client that played the scenario. Add it to `decorators`. */
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

/** Each client has its own cache, so that the next story doesn't see this story's call. */
function cacheOf(client: ScenarioClient): QueryClient {
  const cache = caches.get(client) ?? new QueryClient()
  caches.set(client, cache)
  return cache
}
