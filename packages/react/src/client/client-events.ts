/**
 * What a client reports to `useHostEvents` and `traceKeyPresses`: errors, that it needs a ticket, events that its hooks
 * publish, and traced frames.
 */
import type { CallEventFrame, HostEvent } from '@callgather/protocol'
import type { AgentSession } from './agent-session.ts'
import { GatherClientError } from './client-error.ts'

export interface ClientListener {
  readonly ticketNeeded: () => void
  readonly failed: (error: GatherClientError) => void
  readonly published: (event: HostEvent) => void
}

/** Receives each traced frame before the client applies it. */
export type TracedFrameListener = (frame: CallEventFrame) => void

export interface ClientEvents {
  readonly listeners: Set<ClientListener>
  readonly tracedFrames: Set<TracedFrameListener>
  /** Returns the server's clock minus the client's clock, in milliseconds. */
  readonly clockOffsetMs: () => number
  /** Reports an error like the client's errors: to the host's `onError`, and to the console in development. */
  readonly report: (error: GatherClientError) => void
  /** Identifies the session of the signed-in agent: another object after a change of agent, or after access ended. */
  readonly agent: () => object
}

/** The events of each client by its session, because the session stays the same object when a client is wrapped. */
export const clientEvents: WeakMap<AgentSession, ClientEvents> = new WeakMap()

/** Publishes an event of the host contract to all listeners of the client. */
export function publishHostEvent(session: AgentSession, event: HostEvent): void {
  for (const listener of [...(clientEvents.get(session)?.listeners ?? [])]) listener.published(event)
}

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
