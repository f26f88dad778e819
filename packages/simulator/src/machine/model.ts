/** What a machine and a real language model say to each other, and what the model may call. */

/** One message in the chat-completions grammar. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant' | 'tool'
  content: string
  tool_call_id?: string
  tool_calls?: { id: string; type: 'function'; function: { name: string; arguments: string } }[]
}

/** A function the model may call, in the chat-completions grammar. */
export interface ChatTool {
  type: 'function'
  function: { name: string; description?: string; parameters?: Record<string, unknown> }
}

/** What a machine asks a model. */
export interface ModelRequest {
  model: string
  messages: ChatMessage[]
  tools: ChatTool[]
}

/** A function the model calls. */
export interface ToolCall {
  id: string
  name: string
  arguments: Record<string, unknown>
}

/** What came of it: words and function calls, or why there are none. */
export type ModelReply = { ok: true; content: string; calls: ToolCall[] } | { ok: false; error: string }

/** What a call of a tool asks for. */
export type ToolUse = { tool: string } & (
  | { type: 'webhook'; request: ToolRequest }
  | { type: 'transfer'; to: string; from: string | undefined }
  | { type: 'send_dtmf'; digits: string }
  | { type: 'hangup' }
  /** Nothing is done; the model is told why. */
  | { type: 'refused'; why: string }
)

/** The request of a `webhook` tool. */
export interface ToolRequest {
  method: string
  url: string
  headers: Record<string, string>
  /** `null` with GET. */
  body: Record<string, unknown> | null
  /** How long the model waits for the answer; `undefined` for the usual time. */
  timeoutMs: number | undefined
  /** Does not wait for the answer: when it takes longer, the model is told that it was submitted. */
  async: boolean
}

/** What came of it. */
export interface ToolResult {
  /** What the model is told. */
  content: string
  ok: boolean
  /** In a few words, without what was sent or received: for the log. */
  summary: string
}
