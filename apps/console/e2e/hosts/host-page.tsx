/** A page of a host that shows one scene at a time where the test asks for it. */
import {
  CommandPalette,
  GatherPanel,
  GatherProvider,
  ShortcutHelp,
  Shortcuts,
  StringsProvider,
} from '@callgather/react'
import { ar } from '@callgather/react/strings/ar'
import { createScenarioClient, scenarios } from '@callgather/react/testing'
import { QueryClient } from '@tanstack/react-query'
import { Activity, type ReactNode, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { HostComponent } from './host-component.tsx'
import { scenes } from './scenes.tsx'
import { show } from './show.tsx'

const { pinEntry } = scenarios

/** Content of the host that it styles with the classes of its framework. */
const callActions = (
  <button type="button" className="btn btn-primary" data-host="">
    Hang up
  </button>
)

/** A tab of the host, which hides its content with `Activity`. */
function Tab({ children }: { readonly children: ReactNode }) {
  const [isHidden, setHidden] = useState(false)
  return (
    <>
      <button type="button" onClick={() => setHidden(!isHidden)}>
        Other tab
      </button>
      <Activity mode={isHidden ? 'hidden' : 'visible'}>{children}</Activity>
    </>
  )
}

const panel = <GatherPanel callId={pinEntry.callId} callActions={callActions} />

/** The pages of the host. Each shows one call, whose position the test chooses. */
const pages = {
  panel,
  console: (
    <Shortcuts>
      {panel}
      <ShortcutHelp />
      <CommandPalette />
    </Shortcuts>
  ),
  tabs: (
    <>
      <div id="always">{panel}</div>
      <div id="tab">
        <Tab>{panel}</Tab>
      </div>
    </>
  ),
  hooks: <HostComponent callId={pinEntry.callId} />,
} satisfies Record<string, ReactNode>

/** Renders a page, and returns a function that moves its call to a position in milliseconds. */
async function open(name: keyof typeof pages, at: number, into: Element | ShadowRoot = document.body) {
  const client = createScenarioClient(pinEntry)
  await client.player.seek(at)
  const box = document.createElement('div')
  into.append(box)
  createRoot(box).render(
    <GatherProvider client={client} queryClient={new QueryClient()}>
      <StringsProvider timeZone="UTC">{pages[name]}</StringsProvider>
    </GatherProvider>,
  )
  return (position: number) => client.player.seek(position)
}

Object.assign(window, {
  open: async (name: keyof typeof pages, at: number) => {
    const seek = await open(name, at)
    Object.assign(window, { seek })
  },
  openInShadow: async (host: Element, name: keyof typeof pages, at: number) => {
    const root = host.attachShadow({ mode: 'open' })
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(await (await fetch('/styles.css')).text())
    root.adoptedStyleSheets = [sheet]
    const seek = await open(name, at, root)
    Object.assign(window, { seek })
  },
  /** Shows every scene below one another, in a width in pixels, and in Arabic if asked for. */
  showScenes: async ({ width, arabic }: { readonly width?: number; readonly arabic?: boolean }) => {
    const language = arabic ? { locale: 'ar', strings: ar } : {}
    for (const [name, scene] of Object.entries(scenes))
      await show(name, { ...scene, ...(width === undefined ? {} : { width }) }, document.body, language)
  },
})
