/**
 * The schemas themselves, for whoever validates at an edge: the server, tests, generated documents. The main entry
 * carries only their types, so that a browser pays for none of them.
 */

export { type CommandCheck, checkCommand } from './commands/check-command.ts'
export { commandSchemas } from './commands/command.ts'
export { telnyxEventSchemas } from './events/event-schemas.ts'
export { callsEventFrameSchema, clientMessageSchemas, cursorSchema, recordSchema } from './socket/frame.ts'
