/** The page of `agent-switch.test.ts`: two agents sign in, one after the other, on one cache with a persister. */
import { createSyncStoragePersister } from '@tanstack/query-sync-storage-persister'
import { QueryClient } from '@tanstack/react-query'
import { PersistQueryClientProvider } from '@tanstack/react-query-persist-client'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createGatherClient } from '../client/gather-client.ts'
import { CallList } from '../components/call-list/call-list.tsx'
import { GatherPanel } from '../components/gather-panel/gather-panel.tsx'
import { WrapUp } from '../components/wrap-up/wrap-up.tsx'
import { GatherProvider } from '../hooks/provider.tsx'

declare global {
  interface Window {
    signIn(agent: string, keepClient?: boolean): void
    signOut(close?: boolean): void
    /** All texts that the document has shown since the agent signed in. */
    painted: Set<string>
  }
}

const settings = new URLSearchParams(location.search)
const url = settings.get('server') ?? ''
const callId = settings.get('call') ?? ''
const queryClient = new QueryClient()
const persister = createSyncStoragePersister({ storage: localStorage, throttleTime: 50 })

let agent = ''
const makeClient = () => createGatherClient({ url, getTicket: async () => (await fetch(`/ticket/${agent}`)).text() })
let client = makeClient()
const root = createRoot(document.body.appendChild(document.createElement('main')))

window.painted = new Set()
new MutationObserver(() => window.painted.add(document.body.innerHTML)).observe(document.body, {
  subtree: true,
  childList: true,
  characterData: true,
  attributes: true,
})

const render = (isSignedIn: boolean) =>
  root.render(
    <StrictMode>
      <PersistQueryClientProvider client={queryClient} persistOptions={{ persister }}>
        {isSignedIn ? (
          <GatherProvider client={client}>
            <CallList selected={callId} />
            <GatherPanel callId={callId} />
            <WrapUp callId={callId} />
          </GatherProvider>
        ) : (
          <h1>Signed out</h1>
        )}
      </PersistQueryClientProvider>
    </StrictMode>,
  )

window.signIn = (nextAgent, keepClient = false) => {
  agent = nextAgent
  if (!keepClient) client = makeClient()
  window.painted.clear()
  render(true)
}
window.signOut = (close = false) => {
  if (close) client.close()
  render(false)
}
render(false)
