/**
 * The line to the server, as a port. A `Link` is one connection, from its opening to its end, and is never reopened:
 * whatever an old link still says can be told from the new one's words. Reconnecting is not the transport's business.
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

/** What a link tells. After `close`, nothing more. */
export interface LinkEvents {
  open(): void
  /** The link was refused or lost. `error` is the server's word on it, where it gave one. */
  close(error: SocketError | null): void
  callEvent(frame: CallEventFrame): void
  callHead(frame: CallHeadFrame): void
  callsEvent(frame: CallsEventFrame): void
}

/** One connection. A request rejects when the link is gone; how long an answer may take is not its business. */
export interface Link {
  watchCall(callId: string, cursor: Cursor | null): Promise<WatchReply>
  unwatchCall(callId: string): void
  watchCalls(): Promise<CallsReply>
  unwatchCalls(): void
  refreshTicket(ticket: string): Promise<TicketReply>
  /** Closes the link; its `close` event does not come. */
  close(): void
}

/** Opens links to one server. */
export interface Transport {
  open(auth: SocketAuth, events: LinkEvents): Link
}
