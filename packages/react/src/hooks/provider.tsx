import { QueryClient, QueryClientContext, QueryClientProvider } from '@tanstack/react-query'
import { createContext, type ReactElement, type ReactNode, useContext, useEffect, useState } from 'react'
import type { GatherClient } from '../client/gather-client.ts'
import { ConfirmAfterContext, DEFAULT_CONFIRM_AFTER_MS } from './confirm-after.ts'

const GatherContext = createContext<GatherClient | null>(null)

/** The props of `GatherProvider`. */
export interface GatherProviderProps {
  /** The client from `createGatherClient`. Create it once, outside of components. */
  client: GatherClient
  /** The cache of calls. Default: the application's QueryClient, or a new QueryClient if there is none. */
  queryClient?: QueryClient
  /** The time within which an event must confirm an accepted command, in ms. Then it is overdue. Default 10,000. */
  confirmAfterMs?: number
  children?: ReactNode
}

/** Provides the client to CallGather's hooks and components. Of nested providers, the nearest provider applies. */
export function GatherProvider({
  client,
  queryClient,
  confirmAfterMs = DEFAULT_CONFIRM_AFTER_MS,
  children,
}: GatherProviderProps): ReactElement {
  const host = useContext(QueryClientContext)
  const [own] = useState(() => queryClient ?? host ?? new QueryClient())
  const content = (
    <GatherContext.Provider value={client}>
      <ConfirmAfterContext.Provider value={confirmAfterMs}>{children}</ConfirmAfterContext.Provider>
    </GatherContext.Provider>
  )
  // After a hot reload replaces the client, close the unused connection of the old client.
  useEffect(() => () => client.disconnect(), [client])
  return <QueryClientProvider client={queryClient ?? host ?? own}>{content}</QueryClientProvider>
}

/** Returns the client of the nearest `GatherProvider`. Throws outside of a provider. */
export function useGatherClient(): GatherClient {
  const client = useContext(GatherContext)
  if (!client) {
    throw new Error(
      'CallGather: no client here, because this component is not inside a <GatherProvider>. Put <GatherProvider client={createGatherClient({ … })}> around it.',
    )
  }
  return client
}
