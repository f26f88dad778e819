/**
 * The schemas themselves, for whoever validates at an edge: the server, tests, generated documents. The main entry
 * carries only their types, so that a browser pays for none of them.
 */

export { type CommandCheck, checkCommand } from './check-command.ts'
export {
  aiAssistantAddMessagesSchema,
  aiAssistantStartSchema,
  aiAssistantStopSchema,
  aiParametersSchema,
  assistantMessageSchema,
  commandSchemas,
  gatherSchema,
  gatherStopSchema,
  gatherUsingAISchema,
  gatherUsingAudioSchema,
  gatherUsingSpeakSchema,
} from './command.ts'
export {
  commandEventSchemas,
  eventSchemas,
  historyMessageSchema,
  historySpliceSchema,
  maskSchema,
  opaqueEventSchema,
  telnyxEventSchemas,
} from './event.ts'
export {
  callEventFrameSchema,
  callHeadFrameSchema,
  callsEventFrameSchema,
  callsReplySchema,
  cursorSchema,
  downSchemas,
  recordSchema,
  socketErrorSchema,
  ticketReplySchema,
  ticketRequestSchema,
  unwatchRequestSchema,
  upSchemas,
  watchReplySchema,
  watchRequestSchema,
  wireEventSchema,
} from './frame.ts'
