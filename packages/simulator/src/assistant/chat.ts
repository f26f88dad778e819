/** A conversation in the grammar of chat completions, for a real model. */
import type { Message } from '../machine/machine.ts'
import type { ChatMessage, ToolCall, ToolResult } from '../machine/model.ts'
import { record, string } from './conversation.ts'

/** The history for a model; `system` first. */
export function toChatMessages(system: string, history: readonly Message[]): ChatMessage[] {
  const open = new Set<string>()
  const said = history.flatMap((message): ChatMessage[] => {
    const { role, content } = message
    const calls = completeToolCallsOf(message)
    if (calls.length > 0) {
      for (const { id } of calls) open.add(id)
      return [{ role: 'assistant', content: content ?? '', tool_calls: calls }]
    }
    if (content === undefined) return []
    if (role !== 'tool') return [{ role: role === 'developer' ? 'system' : role, content }]
    const id = string(message.tool_call_id)
    if (id !== undefined && open.has(id)) return [{ role: 'tool', content, tool_call_id: id }]
    // A tool's answer without the call before it is refused by most endpoints, so it goes in as something known.
    return [{ role: 'system', content: `A tool answered: ${content}` }]
  })
  return [{ role: 'system', content: system }, ...said]
}

/** The calls of tools and their answers as messages, for the model alone: they are nothing that was said. */
export function toToolMessages(calls: readonly ToolCall[], answers: readonly ToolResult[]): Message[] {
  return [
    {
      role: 'assistant',
      tool_calls: calls.map(({ id, name, arguments: given }) => ({
        id,
        type: 'function',
        function: { name, arguments: JSON.stringify(given) },
      })),
    },
    ...calls.map(({ id }, index): Message => {
      const content = answers[index]?.content ?? ''
      return { role: 'tool', tool_call_id: id, content }
    }),
  ]
}

/** Calls that are whole: Telnyx's schema for `message_history` has none of their arguments, and endpoints insist on them. */
function completeToolCallsOf({ role, tool_calls }: Message): NonNullable<ChatMessage['tool_calls']> {
  if (role !== 'assistant' || !Array.isArray(tool_calls)) return []
  return tool_calls.map(record).flatMap(({ id, function: called }) => {
    const { name, arguments: given } = record(called)
    if (typeof id !== 'string' || typeof name !== 'string' || typeof given !== 'string') return []
    return [{ id, type: 'function' as const, function: { name, arguments: given } }]
  })
}
