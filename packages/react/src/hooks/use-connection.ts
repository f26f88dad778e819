import { useMemo, useSyncExternalStore } from 'react'
import { type ConnectionState, initialConnectionState } from '../client/connection.ts'
import { useGatherClient } from './provider.tsx'

/** The connection, and the means to try it again at once. */
export type UseConnectionResult = ConnectionState & { readonly retryNow: () => void }

/** How the connection to the server is. Renders again when that changes. */
export function useConnection(): UseConnectionResult {
  const { connection } = useGatherClient()
  const state = useSyncExternalStore(connection.subscribe, connection.getSnapshot, () => initialConnectionState)
  return useMemo(() => ({ ...state, retryNow: connection.retryNow }), [state, connection])
}
