/**
 * For your own Storybook: a loader that plays a call up to the moment a story shows, and a decorator that puts the story
 * on the client that played it. Written without Storybook's types, so that nobody needs Storybook for the other tests.
 */

import type { Scenario } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import type { ComponentType, ReactElement } from 'react'
import { GatherProvider } from '../hooks/provider.tsx'
import { createScenarioClient, type ScenarioClient, type ScenarioClientOptions } from './scenario-client.ts'

/** What a story says, in its `parameters`, about the call it shows. */
export interface ScenarioParameters {
  /** The call, or several. Without one, the story is left as it is. */
  readonly scenario?: Scenario | readonly Scenario[]
  /** The moment shown, in milliseconds after the call began; `end` for after its last event. Default `end`. */
  readonly at?: number | 'end'
  /** How the scenario is played, and how commands are answered. */
  readonly client?: ScenarioClientOptions
  /** Breaks something, or goes on, before the story is shown. */
  readonly prepare?: (client: ScenarioClient) => void | Promise<void>
}

/** What `play` functions find in `loaded`. */
export interface LoadedScenario {
  /** The client on which the story is shown; `null` for a story without a scenario. */
  readonly client: ScenarioClient | null
}

/** Plays the story's scenario. Put it in `loaders`. */
export async function loadScenario({ parameters }: { parameters: ScenarioParameters }): Promise<LoadedScenario> {
  const { scenario, at = 'end', client: options, prepare } = parameters
  if (!scenario) return { client: null }
  const client = createScenarioClient(scenario, options)
  if (at === 'end') await client.player.playAll()
  else await client.player.seek(at)
  await prepare?.(client)
  return { client }
}

/** Shows the story on the client that played its scenario. Put it in `decorators`. */
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

/** One cache for each client, whatever the stories around it use: the next story must not see this one's call. */
function cacheOf(client: ScenarioClient): QueryClient {
  const cache = caches.get(client) ?? new QueryClient()
  caches.set(client, cache)
  return cache
}
