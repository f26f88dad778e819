import type { HostEvent } from '@callgather/protocol'
import { QueryClient, QueryClientContext, QueryClientProvider } from '@tanstack/react-query'
import { createContext, type ReactElement, type ReactNode, useContext, useEffect, useRef, useState } from 'react'
import type { GatherClient } from '../client/gather-client.ts'
import { ConfirmAfterContext, DEFAULT_CONFIRM_AFTER_MS } from './confirm-after.ts'
import { HostEvents, readyEvent } from './host-events.ts'
import { useEarlyEffect } from './use-early-effect.ts'

const GatherContext = createContext<GatherClient | null>(null)

/** The props of `GatherProvider`. */
export interface GatherProviderProps {
  /** The client, from `createGatherClient`. Make it once, outside of any component. */
  client: GatherClient
  /** Where calls are cached. By default the application's own QueryClient; a new one if it has none. */
  queryClient?: QueryClient
  /** How long Telnyx may take to confirm an accepted command before it counts as overdue. Default 10,000. */
  confirmAfterMs?: number
  /**
   * Receives host events: `ready`, `connection`, `ticket-needed`, `error`, and the events of every call that is watched.
   * Each fact is published once. What the first snapshot of a call contains is not an event.
   */
  onEvent?: (event: HostEvent) => void
  children?: ReactNode
}

/** Gives CallGather's hooks and components their client. Several may be nested; the nearest one counts. */
export function GatherProvider({
  client,
  queryClient,
  confirmAfterMs = DEFAULT_CONFIRM_AFTER_MS,
  onEvent,
  children,
}: GatherProviderProps): ReactElement {
  const host = useContext(QueryClientContext)
  const [own] = useState(() => queryClient ?? host ?? new QueryClient())
  const content = (
    <GatherContext.Provider value={client}>
      <ConfirmAfterContext.Provider value={confirmAfterMs}>{children}</ConfirmAfterContext.Provider>
    </GatherContext.Provider>
  )
  // After a hot reload replaces the client, close the unused connection of the old one.
  useEffect(() => () => client.disconnect(), [client])
  const cache = queryClient ?? host ?? own
  useHostEvents(client, cache, onEvent)
  return <QueryClientProvider client={cache}>{content}</QueryClientProvider>
}

function useHostEvents(client: GatherClient, cache: QueryClient, onEvent: GatherProviderProps['onEvent']): void {
  const latest = useRef(onEvent)
  const isReady = useRef(false)
  const source = useRef<HostEvents | null>(null)
  useEarlyEffect(() => {
    latest.current = onEvent
  })
  const isListening = onEvent !== undefined
  useEarlyEffect(() => {
    if (!isListening) return
    const { current } = source
    const events = current?.client === client && current.cache === cache ? current : new HostEvents(client, cache)
    source.current = events
    const stop = events.start((event) => latest.current?.(event), isReady.current ? null : readyEvent)
    isReady.current = true
    return stop
  }, [client, cache, isListening])
}

/** The client of the nearest `GatherProvider`. */
export function useGatherClient(): GatherClient {
  const client = useContext(GatherContext)
  if (!client) {
    throw new Error(
      'CallGather: no client here, because this component is not inside a <GatherProvider>. Put <GatherProvider client={createGatherClient({ … })}> around it.',
    )
  }
  return client
}
