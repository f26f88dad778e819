import type { AgentSession } from '../client/agent-session.ts'

/** CallGather's query keys in the host's QueryClient. They include the client's session id, so clients share no query. */
export const gatherKeys = {
  /** All queries of CallGather. */
  all: ['callgather'],
  /** All queries of one client. */
  client: ({ session }: KeyOwner) => ['callgather', session.id] as const,
  /** One call. */
  call: ({ session }: KeyOwner, callId: string) => ['callgather', session.id, 'call', callId] as const,
  /** The list of calls. */
  calls: ({ session }: KeyOwner) => ['callgather', session.id, 'calls'] as const,
} as const

/** The part of a client that its keys depend on. */
export interface KeyOwner {
  readonly session: Pick<AgentSession, 'id'>
}
