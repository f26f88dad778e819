export { type AssistantParams, type AssistantState, assistant } from './assistant.ts'
export { aiGather } from './gather/machine.ts'
export type { AiGatherParams, AiGatherState } from './gather/progress.ts'
export {
  askModel,
  type ChatMessage,
  type ChatTool,
  type ModelEndpoint,
  type ModelReply,
  type ModelRequest,
} from './model.ts'
export { parametersProblem } from './schema/conform.ts'
export { type AiSettings, defaultAiSettings } from './settings.ts'
