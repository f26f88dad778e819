/** Which agent is signed in, for data that the browser stores for one agent. */
import type { AgentSession, FeedCache } from './agent-session.ts'
import { deleteAgent, deleteOthers } from './agent-storage.ts'
import { type Store, WritableStore } from './store.ts'

export class AgentIdentity implements FeedCache {
  readonly #subject = new WritableStore<string | null>(null)
  /** The last confirmed subject, also while the session is paused or access has ended. */
  #last: string | null = null

  /** The subject of the confirmed agent; `null` while it is unknown, and if the ticket names none. */
  get subject(): Store<string | null> {
    return this.#subject
  }

  isShown(): boolean {
    return false
  }

  clear(): void {
    this.#subject.set(null)
  }

  setPaused(isPaused: boolean): void {
    this.#subject.set(isPaused ? null : this.#last)
  }

  /** Records the agent that the server or the ticket names. The previous agent counts as signed out. */
  confirm(subject: string | null): void {
    if (subject !== this.#last) {
      if (this.#last !== null) ignore(deleteAgent(this.#last))
      if (subject !== null) ignore(deleteOthers(subject))
    }
    this.#last = subject
    this.#subject.set(subject)
  }

  /** Deletes the agent's stored data. After a reload the agent may be unknown; then all agents' data is deleted. */
  signOut(): void {
    ignore(deleteAgent(this.#last))
  }
}

// Failures are ignored, because records also expire.
const ignore = (deleting: Promise<void>) => void deleting.catch(() => {})

/** The identity of each client's agent by its session, because the session stays the same when a client is wrapped. */
export const agentIdentities: WeakMap<AgentSession, AgentIdentity> = new WeakMap()
