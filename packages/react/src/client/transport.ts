/**
 * The interface of a transport. A `Link` is one connection and is never reopened, so that late events of an old link
 * can't be mistaken for events of a new link. `Connection` reconnects with a new link.
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

/** The callbacks of a link. A link calls none of them after `close`. */
export interface LinkEvents {
  open(): void
  /** The link was refused or lost. `error` is the server's error, or `null` if the server sent none. */
  close(error: SocketError | null): void
  callEvent(frame: CallEventFrame): void
  callHead(frame: CallHeadFrame): void
  callsEvent(frame: CallsEventFrame): void
}

/** A connection to the server. Requests reject when the link is lost. `Connection` limits how long a reply may take. */
export interface Link {
  watchCall(callId: string, cursor: Cursor | null): Promise<WatchReply>
  unwatchCall(callId: string): void
  watchCalls(): Promise<CallsReply>
  unwatchCalls(): void
  refreshTicket(ticket: string): Promise<TicketReply>
  /** Closes the link without calling `close` of its `LinkEvents`. */
  close(): void
}

/** Opens links to a CallGather server. */
export interface Transport {
  open(auth: SocketAuth, events: LinkEvents): Link
}
