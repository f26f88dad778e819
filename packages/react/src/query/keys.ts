import type { AgentSession } from '../client/agent-session.ts'

/** Where CallGather keeps things in the host's QueryClient. Each client has keys of its own, so clients share nothing. */
export const gatherKeys = {
  /** Everything of CallGather. */
  all: ['callgather'],
  /** Everything of one client. */
  client: ({ session }: KeyOwner) => ['callgather', session.id] as const,
  /** One call. */
  call: ({ session }: KeyOwner, callId: string) => ['callgather', session.id, 'call', callId] as const,
  /** The list of calls. */
  calls: ({ session }: KeyOwner) => ['callgather', session.id, 'calls'] as const,
} as const

/** A client, as far as its keys go. */
interface KeyOwner {
  readonly session: Pick<AgentSession, 'id'>
}
