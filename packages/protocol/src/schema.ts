/**
 * The zod schemas of events, commands and socket messages, for servers, tests and generated documents. The main entry
 * exports only their types, so that a browser does not download the schemas.
 */

export type { TelnyxError } from './base/errors.ts'
export type { Mask } from './base/mask.ts'
export { type CommandCheck, checkCommand } from './commands/check-command.ts'
export { type CommandBodies, commandSchemas } from './commands/command.ts'
export type { CommandName } from './commands/command-name.ts'
export { telnyxEventSchemas } from './events/event-schemas.ts'
export { callsEventFrameSchema, clientMessageSchemas, cursorSchema, recordSchema } from './socket/frame.ts'
export type { CallDetailRecord, RecordedGather } from './views/call-detail-record.ts'
export { callDetailRecordSchema, recordEventSchema } from './views/call-detail-record-schema.ts'
export type { CollectedItem } from './views/collected.ts'
export type { HungUpBy } from './views/status.ts'
export type { Whisper } from './views/wrap-up.ts'
