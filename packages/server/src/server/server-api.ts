/** Exports `GatherServer` and every type that its members use, for the main entry and the entry of each adapter. */
export type { RevocationTarget } from '../access/revocations.ts'
export type { TicketRequest } from '../access/tickets.ts'
export type {
  AcceptedCommand,
  AssistantOptions,
  CallHandle,
  CommandRun,
  GatherOptions,
  GatherOutcome,
  GatherRun,
} from '../commands/call-handle.ts'
export type { UnreadBody } from '../edge/body.ts'
export type { HttpResponse, IncomingRequest } from '../edge/message.ts'
export type { DatedPublicKey, PublicKeys } from '../telnyx/key-ring.ts'
export type { ReconcileReport } from '../upkeep/reconciler.ts'
export type { GatherServer } from './gather-server.ts'
export type { Delivery, Handler, HandlerOptions } from './handlers.ts'
