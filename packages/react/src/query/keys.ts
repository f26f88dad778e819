import type { AgentSession } from '../client/agent-session.ts'

/** CallGather's query keys in the host's QueryClient. They contain the client's session id: clients share no query. */
export const gatherKeys = {
  /** The key prefix of all queries of CallGather. */
  all: ['callgather'],
  /** The key prefix of all queries of a client. */
  client: ({ session }: KeyOwner) => ['callgather', session.id] as const,
  /** The key of a call's query. */
  call: ({ session }: KeyOwner, callId: string) => ['callgather', session.id, 'call', callId] as const,
  /** The key of the query of the list of calls. */
  calls: ({ session }: KeyOwner) => ['callgather', session.id, 'calls'] as const,
} as const

/** The property of a client that its query keys depend on. */
export interface KeyOwner {
  readonly session: Pick<AgentSession, 'id'>
}
