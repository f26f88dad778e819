/**
 * The transport as a dependency. A `Link` is one connection and is never reopened, so late events of an old link can't
 * be mistaken for those of a new one. `Connection` does the reconnecting.
 */
import type {
  CallEventFrame,
  CallHeadFrame,
  CallsEventFrame,
  CallsReply,
  Cursor,
  SocketAuth,
  SocketError,
  TicketReply,
  WatchReply,
} from '@callgather/protocol'

/** Callbacks of a link. None is called after `close`. */
export interface LinkEvents {
  open(): void
  /** The link was refused or lost. `error` is the server's reason, if it sent one. */
  close(error: SocketError | null): void
  callEvent(frame: CallEventFrame): void
  callHead(frame: CallHeadFrame): void
  callsEvent(frame: CallsEventFrame): void
}

/** One connection. Requests reject when the link is lost; they have no timeout, which is up to `Connection`. */
export interface Link {
  watchCall(callId: string, cursor: Cursor | null): Promise<WatchReply>
  unwatchCall(callId: string): void
  watchCalls(): Promise<CallsReply>
  unwatchCalls(): void
  refreshTicket(ticket: string): Promise<TicketReply>
  /** Closes the link without calling `close` of its `LinkEvents`. */
  close(): void
}

/** Opens links to one server. */
export interface Transport {
  open(auth: SocketAuth, events: LinkEvents): Link
}
