import { QueryClient, QueryClientContext, QueryClientProvider } from '@tanstack/react-query'
import { createContext, type ReactElement, type ReactNode, useContext, useEffect, useState } from 'react'
import type { GatherClient } from '../client/gather-client.ts'
import { ConfirmAfterContext, DEFAULT_CONFIRM_AFTER_MS } from './confirm-after.ts'

const GatherContext = createContext<GatherClient | null>(null)

/** The props of `GatherProvider`. */
export interface GatherProviderProps {
  /** The client, from `createGatherClient`. Make it once, outside of any component. */
  client: GatherClient
  /** Where calls are cached. By default the application's own QueryClient; a new one if it has none. */
  queryClient?: QueryClient
  /** How long Telnyx may take to confirm an accepted command before it counts as overdue. Default 10,000. */
  confirmAfterMs?: number
  children?: ReactNode
}

/** Gives CallGather's hooks and components their client. Several may be nested; the nearest one counts. */
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
  // After a hot reload replaces the client, close the unused connection of the old one.
  useEffect(() => () => client.disconnect(), [client])
  return <QueryClientProvider client={queryClient ?? host ?? own}>{content}</QueryClientProvider>
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
