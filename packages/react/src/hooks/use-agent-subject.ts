import { useSyncExternalStore } from 'react'
import { agentIdentities } from '../client/agent-identity.ts'
import type { GatherClient } from '../client/gather-client.ts'
import type { Store } from '../client/store.ts'

const unknown: Store<string | null> = { getSnapshot: () => null, subscribe: () => () => {} }

/** Returns the store of the signed-in agent's subject. Its value is `null` while the agent is unknown. */
export const agentSubject = ({ session }: GatherClient): Store<string | null> =>
  agentIdentities.get(session)?.subject ?? unknown

/** Returns the subject of the signed-in agent; `null` while it is unknown. */
export function useAgentSubject(client: GatherClient): string | null {
  const { subscribe, getSnapshot } = agentSubject(client)
  return useSyncExternalStore(subscribe, getSnapshot, () => null)
}
