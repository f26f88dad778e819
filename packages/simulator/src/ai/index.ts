export { type AssistantState, assistant } from './assistant.ts'
export { type AiGatherState, aiGather } from './gather.ts'
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
