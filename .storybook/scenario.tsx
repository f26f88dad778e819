/**
 * Plays a story's scenario through the real client with the loader and decorator of `@callgather/react/testing`. Adds the
 * selected language and an optional player.
 */

import { StringsProvider } from '@callgather/react'
import {
  type LoadedScenario,
  loadScenario as load,
  type ScenarioParameters,
  withScenario as withClient,
} from '@callgather/react/testing'
import type { Decorator, Loader } from '@storybook/react-vite'
import type { ReactNode } from 'react'
import { dictionaries, type LocaleName } from './locales.ts'
import { Player } from './player.tsx'

/** Parameters of a story. */
export interface StoryParameters extends ScenarioParameters {
  /** Shows a player above the story. */
  readonly player?: boolean
}

export const loadScenario: Loader = ({ parameters }) => load({ parameters: parameters as StoryParameters })

export const withScenario: Decorator = (Story, { loaded, parameters, globals, id }) => {
  const { client } = loaded as LoadedScenario
  const { player } = parameters as StoryParameters
  return (
    <Language locale={globals.locale as LocaleName}>
      {client && player && <Player client={client} />}
      {withClient(Story, { loaded: { client }, id })}
    </Language>
  )
}

function Language({ locale, children }: { locale: LocaleName; children: ReactNode }) {
  return (
    <StringsProvider locale={locale} strings={dictionaries[locale]} timeZone="UTC">
      {children}
    </StringsProvider>
  )
}
