/**
 * @callgather/server: verified Telnyx webhooks and proxied gather commands, relayed to the agents who may see them.
 */
export type { AccessPolicy, Wish } from './access/access.ts'
export type { AuditEntry, AuditLine, AuditSink } from './access/audit.ts'
export type { CommandPolicy, CommandTemplate } from './access/command-policy.ts'
export type { Revoked } from './access/revocations.ts'
export type { Grant, TicketRequest } from './access/tickets.ts'
export type { Accepted, CallHandle, CommandRun, GatherOptions, GatherOutcome, GatherRun } from './call-handle.ts'
export {
  type Appended,
  type AppendOptions,
  type CallListing,
  type CallStore,
  type Duplicate,
  type LogSlice,
  type NewEvent,
  type Revocation,
  type SetAside,
  type StoreChange,
  StoreUnavailable,
  type Unsubscribe,
  type WrittenSlice,
} from './calls/call-store.ts'
export type { SensitiveInput } from './calls/ingest.ts'
export { type MemoryStoreOptions, memoryStore } from './calls/memory-store.ts'
export type { Reconciled, ReconcileOptions } from './calls/reconciler.ts'
export { type RedisStoreOptions, redisStore } from './calls/redis-store.ts'
export type { SetAsideBody } from './calls/set-aside.ts'
export { type SqliteStoreOptions, sqliteStore } from './calls/sqlite-store.ts'
export { createGatherServer } from './create-gather-server.ts'
export type { GatherServer, GatherServerOptions } from './gather-server.ts'
export type { Handler } from './handlers.ts'
export type { TrustProxy } from './http/client-address.ts'
export type { HttpAnswer, HttpRequest } from './http/message.ts'
export type { BackpressureLimits } from './relay/backpressure.ts'
export type { LivenessLimits } from './relay/liveness.ts'
export type { RelayLimits } from './relay/relay.ts'
export type { VerifierName } from './telnyx/ed25519.ts'
export type { DatedPublicKey, PublicKeys } from './telnyx/key-ring.ts'
export { PublicKeyError } from './telnyx/public-key.ts'
