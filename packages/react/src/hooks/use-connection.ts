import { useMemo, useSyncExternalStore } from 'react'
import { type ConnectionState, initialConnectionState } from '../client/connection.ts'
import { useGatherClient } from './provider.tsx'

/** The state of the connection, and a function that reconnects at once. */
export type UseConnectionResult = ConnectionState & {
  /** Reconnects at once. Does nothing while the connection is live. */
  readonly retryNow: () => void
}

/** Returns the state of the connection to the server. */
export function useConnection(): UseConnectionResult {
  const { connection } = useGatherClient()
  const state = useSyncExternalStore(connection.subscribe, connection.getSnapshot, () => initialConnectionState)
  return useMemo(() => ({ ...state, retryNow: connection.retryNow }), [state, connection])
}
