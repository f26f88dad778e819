/** The messages between a machine and a language model, and the tools the model may call. */

/** One message, in the chat-completions format. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant' | 'tool'
  content: string
  tool_call_id?: string
  tool_calls?: { id: string; type: 'function'; function: { name: string; arguments: string } }[]
}

/** A function the model may call, in the chat-completions format. */
export interface ChatTool {
  type: 'function'
  function: { name: string; description?: string; parameters?: Record<string, unknown> }
}

/** One request to a model. */
export interface ModelRequest {
  model: string
  messages: ChatMessage[]
  tools: ChatTool[]
}

/** One function call of a model. */
export interface ToolCall {
  id: string
  name: string
  arguments: Record<string, unknown>
}

/** A model's response: text and function calls, or why the request failed. */
export type ModelReply = { ok: true; content: string; calls: ToolCall[] } | { ok: false; error: string }

/** A parsed tool call, ready to execute. */
export type ToolUse = { tool: string } & (
  | { type: 'webhook'; request: ToolRequest }
  | { type: 'transfer'; to: string; from: string | undefined }
  | { type: 'send_dtmf'; digits: string }
  | { type: 'hangup' }
  /** Not executed. The model receives the reason. */
  | { type: 'refused'; why: string }
)

/** The request of a `webhook` tool. */
export interface ToolRequest {
  method: string
  url: string
  headers: Record<string, string>
  /** `null` with GET. */
  body: Record<string, unknown> | null
  /** Response timeout. Default: `settings.ai.toolTimeoutMs`. */
  timeoutMs: number | undefined
  /** After the timeout the model receives "Submitted" instead of an error. */
  async: boolean
}

/** The outcome of a tool call. */
export interface ToolResult {
  /** The text that the model receives. */
  content: string
  ok: boolean
  /** For the log: a few words, without request or response data. */
  summary: string
}
