/** Shows a scene on the page of a host. */
import { GatherProvider, StringsProvider, type StringsProviderProps } from '@callgather/react'
import { createScenarioClient } from '@callgather/react/testing'
import { QueryClient } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { type Scene, scenes } from './scenes.tsx'

const GAP_PX = 1000

/** Renders one scene in a box whose styles no host changes. */
export async function show(
  name: string,
  { element, scenario, at, prepare, width = 420, height }: Scene,
  into: Node,
  language: StringsProviderProps = {},
) {
  const client = createScenarioClient(scenario)
  await (at === undefined ? client.player.playAll() : client.player.seek(at))
  await prepare?.(client)
  const box = document.createElement('div')
  box.dataset.scene = name
  box.dataset.cgTheme = 'light'
  Object.assign(box.style, {
    position: 'absolute',
    left: '0',
    margin: '0',
    padding: '0',
    border: '0',
    maxWidth: 'none',
  })
  Object.assign(box.style, { width: `${width}px`, height: height === undefined ? 'auto' : `${height}px` })
  Object.assign(box.style, { display: 'flex', flexDirection: 'column' })
  box.style.top = `${Object.keys(scenes).indexOf(name) * GAP_PX}px`
  into.appendChild(box)
  createRoot(box).render(
    <StrictMode>
      <GatherProvider client={client} queryClient={new QueryClient()}>
        <StringsProvider timeZone="UTC" {...language}>
          {element}
        </StringsProvider>
      </GatherProvider>
    </StrictMode>,
  )
  return { client, box }
}
