/**
 * Plays a story's scenario through the real client: the same socket protocol, ordering, folding and cache as in
 * production, on a clock that stands still. So a story looks the same every day, and what it shows is what an agent
 * would see at that moment of that call.
 */

import type { Decorator, Loader } from '@storybook/react-vite'
import type { ReactNode } from 'react'
import type { Scenario } from '../packages/protocol/src/scenarios/index.ts'
import { GatherProvider, StringsProvider } from '../packages/react/src/index.ts'
import {
  createScenarioClient,
  type ScenarioClient,
  type ScenarioClientOptions,
} from '../packages/react/src/testing/index.ts'
import { dictionaries, type LocaleName } from './locales.ts'
import { Player } from './player.tsx'

/** What a story says about the call it shows. */
export interface ScenarioParameters {
  /** The call, or several. */
  readonly scenario?: Scenario | readonly Scenario[]
  /** The moment shown, in milliseconds after the call began; `end` for after its last event. Default `end`. */
  readonly at?: number | 'end'
  readonly client?: ScenarioClientOptions
  /** Breaks something, or goes on, before the story is shown. */
  readonly prepare?: (client: ScenarioClient) => void | Promise<void>
  /** Shows a player above the story: play, pause, step, speed. */
  readonly player?: boolean
}

/** What `play` functions find in `loaded`. */
export interface ScenarioLoaded {
  readonly client: ScenarioClient | null
}

export const loadScenario: Loader = async ({ parameters }): Promise<ScenarioLoaded> => {
  const { scenario, at = 'end', client: options, prepare } = parameters as ScenarioParameters
  if (!scenario) return { client: null }
  const client = createScenarioClient(scenario, options)
  if (at === 'end') await client.player.playAll()
  else await client.player.seek(at)
  await prepare?.(client)
  return { client }
}

export const withScenario: Decorator = (Story, { loaded, parameters, globals, id }) => {
  const { client } = loaded as ScenarioLoaded
  return (
    <Language locale={globals.locale as LocaleName}>
      {client ? (
        <Provided key={id} client={client} player={(parameters as ScenarioParameters).player === true}>
          <Story />
        </Provided>
      ) : (
        <Story />
      )}
    </Language>
  )
}

function Provided(props: { client: ScenarioClient; player: boolean; children: ReactNode }) {
  return (
    <GatherProvider client={props.client}>
      {props.player && <Player client={props.client} />}
      {props.children}
    </GatherProvider>
  )
}

function Language({ locale, children }: { locale: LocaleName; children: ReactNode }) {
  return (
    <StringsProvider locale={locale} strings={dictionaries[locale]} timeZone="UTC">
      {children}
    </StringsProvider>
  )
}
