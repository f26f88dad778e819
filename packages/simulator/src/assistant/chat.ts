/** Converts a message history to chat completion messages for a real model. */
import type { Message } from '../machine/machine.ts'
import type { ChatMessage, ToolCall, ToolResult } from '../machine/model.ts'
import { record, string } from './conversation.ts'

/** Converts the history to chat messages, with `system` as the first message. */
export function toChatMessages(system: string, history: readonly Message[]): ChatMessage[] {
  const callIds = new Set<string>()
  const messages = history.flatMap((message): ChatMessage[] => {
    const { role, content } = message
    const calls = completeToolCallsOf(message)
    if (calls.length > 0) {
      for (const { id } of calls) callIds.add(id)
      return [{ role: 'assistant', content: content ?? '', tool_calls: calls }]
    }
    if (content === undefined) return []
    if (role !== 'tool') return [{ role: role === 'developer' ? 'system' : role, content }]
    const id = string(message.tool_call_id)
    if (id !== undefined && callIds.has(id)) return [{ role: 'tool', content, tool_call_id: id }]
    // Most model endpoints reject a tool result without its tool call, so send it as a system message.
    return [{ role: 'system', content: `A tool answered: ${content}` }]
  })
  return [{ role: 'system', content: system }, ...messages]
}

/** Converts tool calls and their results to messages for the model. The AI does not speak these messages. */
export function toToolMessages(calls: readonly ToolCall[], results: readonly ToolResult[]): Message[] {
  return [
    {
      role: 'assistant',
      tool_calls: calls.map(({ id, name, arguments: args }) => ({
        id,
        type: 'function',
        function: { name, arguments: JSON.stringify(args) },
      })),
    },
    ...calls.map(({ id }, index): Message => {
      const content = results[index]?.content ?? ''
      return { role: 'tool', tool_call_id: id, content }
    }),
  ]
}

/** Returns the tool calls with arguments. Telnyx's `message_history` schema omits arguments, but model endpoints need them. */
function completeToolCallsOf({ role, tool_calls }: Message): NonNullable<ChatMessage['tool_calls']> {
  if (role !== 'assistant' || !Array.isArray(tool_calls)) return []
  return tool_calls.map(record).flatMap(({ id, function: called }) => {
    const { name, arguments: args } = record(called)
    if (typeof id !== 'string' || typeof name !== 'string' || typeof args !== 'string') return []
    return [{ id, type: 'function' as const, function: { name, arguments: args } }]
  })
}
