/** Requests and replies between an AI machine and a language model, and the tools that the model may call. */

/** One message to or from a model, in the chat-completions format. */
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

/** A model's response: text and function calls, or the reason why the request failed. */
export type ModelReply = { ok: true; content: string; calls: ToolCall[] } | { ok: false; error: string }

/** A parsed tool call, ready to execute. */
export type ToolUse = { tool: string } & (
  | { type: 'webhook'; request: ToolRequest }
  | { type: 'transfer'; to: string; from: string | undefined }
  | { type: 'send_dtmf'; digits: string }
  | { type: 'hangup' }
  /** The tool call is not executed, and the model receives the reason. */
  | { type: 'refused'; why: string }
)

/** The request of a `webhook` tool. */
export interface ToolRequest {
  method: string
  url: string
  headers: Record<string, string>
  /** JSON body of the request; `null` with GET. */
  body: Record<string, unknown> | null
  /** Timeout of the webhook's response. Default: `settings.ai.toolTimeoutMs`. */
  timeoutMs: number | undefined
  /** If true, the model receives "Submitted" after the timeout instead of an error. */
  async: boolean
}

/** The outcome of a tool call. */
export interface ToolResult {
  /** Result of the tool, as text for the model. */
  content: string
  ok: boolean
  /** A few words for the activity log, without request or response data. */
  summary: string
}
