export type { Mask } from '../base/mask.ts'
export type { SortedMap } from '../base/sorted-map.ts'
export type * from '../call-state/call-state.ts'
export type { CallEvent, EventEnvelope, EventOf, KnownEvent, KnownEventType, OpaqueEvent } from '../events/event.ts'
export type { eventTable } from '../events/event-table.ts'
export type { PayloadTypes, payloadTypes } from '../events/payload-types.ts'
export {
  type ExportedCall,
  ExportedCallError,
  type ExportedCallProblem,
  readExportedCall,
  readExportedFile,
} from './exported-call.ts'
export * from './library.ts'
export { createReplay, type Replay } from './replay.ts'
export * from './scenario.ts'
export { scenarioOf } from './scenario-of.ts'
