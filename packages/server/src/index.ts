/**
 * @callgather/server: verified Telnyx webhooks and proxied gather commands, relayed to the agents who may see them.
 */
// A host can name every type that an export mentions without a further package.
export type * from '@callgather/protocol'
export { GatherError } from '@callgather/protocol'
export type { AccessPolicy, AccessRequest } from './access/access.ts'
export type { AuditEntry, AuditLine, AuditSink } from './access/audit.ts'
export type { CommandPolicy, CommandTemplate } from './access/command-policy.ts'
export type { RevocationTarget } from './access/revocations.ts'
export type { Grant, TicketRequest } from './access/tickets.ts'
export type {
  AcceptedCommand,
  CallHandle,
  CommandRun,
  GatherOptions,
  GatherOutcome,
  GatherRun,
} from './commands/call-handle.ts'
export type { TrustProxy } from './edge/client-address.ts'
export type { HttpResponse, IncomingRequest } from './edge/message.ts'
export type { SensitiveInput } from './ingest/ingest.ts'
export type { BackpressureLimits } from './relay/backpressure.ts'
export type { LivenessLimits } from './relay/liveness.ts'
export type { RelayLimits } from './relay/relay.ts'
export { createGatherServer } from './server/create-gather-server.ts'
export type { GatherServer, GatherServerOptions } from './server/gather-server.ts'
export type { Handler } from './server/handlers.ts'
export * from './store/store-api.ts'
export type { DatedPublicKey, PublicKeys } from './telnyx/key-ring.ts'
export { PublicKeyError } from './telnyx/public-key.ts'
export type { ReconcileOptions, ReconcileReport } from './upkeep/reconciler.ts'
