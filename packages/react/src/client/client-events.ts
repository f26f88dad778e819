/** What a client reports to `useHostEvents`: errors, and that it needs a ticket. */

import type { AgentSession } from './agent-session.ts'
import { GatherClientError } from './client-error.ts'

export interface ClientListener {
  readonly ticketNeeded: () => void
  readonly failed: (error: GatherClientError) => void
}

export interface ClientEvents {
  readonly listeners: Set<ClientListener>
  /** Reports an error like the client's errors: to the host's `onError`, and to the console in development. */
  readonly report: (error: GatherClientError) => void
}

/** The events of each client by its session, because the session stays the same object when a client is wrapped. */
export const clientEvents: WeakMap<AgentSession, ClientEvents> = new WeakMap()

/** Runs a callback of the host, which may be async. The client's `onError` receives its error. */
export function runHostCallback(session: AgentSession, name: string, run: () => unknown): void {
  const failed = (cause: unknown) =>
    clientEvents
      .get(session)
      ?.report(new GatherClientError('callbackFailed', `\`${name}\` threw. Catch errors inside it.`, { cause }))
  try {
    Promise.resolve(run()).catch(failed)
  } catch (cause) {
    failed(cause)
  }
}
