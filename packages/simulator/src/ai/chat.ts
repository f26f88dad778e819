/** A conversation in the grammar of chat completions, for a real model: its messages, and Telnyx's tools as functions. */
import type { Message } from '../machine.ts'
import { record, string } from './conversation.ts'
import type { ChatMessage, ChatTool, ModelReply } from './model.ts'

type Call = Extract<ModelReply, { ok: true }>['calls'][number]

/** The history for a model; `system` first. */
export function chatOf(system: string, history: readonly Message[]): ChatMessage[] {
  const said = history.flatMap(({ role, content }): ChatMessage[] => {
    if (content === undefined) return []
    // A tool's answer without the call before it is refused by most endpoints, so it goes in as something known.
    if (role === 'tool') return [{ role: 'system', content: `A tool answered: ${content}` }]
    return [{ role: role === 'developer' ? 'system' : role, content }]
  })
  return [{ role: 'system', content: system }, ...said]
}

/** Telnyx's tools as functions a model can call; those it describes itself are passed through as they are. */
export function toolsOf(tools: unknown): ChatTool[] {
  return (Array.isArray(tools) ? tools : []).map(record).flatMap((tool): ChatTool[] => {
    const type = string(tool.type)
    if (type === undefined) return []
    const own = record(tool[type])
    const name = string(own.name) ?? type
    const description = string(own.description) ?? descriptions[type]
    const parameters =
      type === 'function'
        ? record(own.parameters)
        : type === 'webhook'
          ? webhookParameters(own)
          : (parametersOf[type] ?? { type: 'object', properties: {} })
    return [{ type: 'function', function: { name, ...(description === undefined ? {} : { description }), parameters } }]
  })
}

/** The call to a function, if the model made one. */
export function callOf(calls: readonly Call[], name: string): Call | undefined {
  return calls.find((call) => call.name === name)
}

const descriptions: Record<string, string> = {
  hangup: 'End the call.',
  transfer: 'Transfer the caller to somebody else.',
  retrieval: 'Search the documents.',
  check_availability: 'Find free times in the calendar.',
  book_appointment: 'Book an appointment.',
}

const parametersOf: Record<string, Record<string, unknown>> = {
  transfer: {
    type: 'object',
    properties: { to: { type: 'string', description: 'Name or number of the target.' } },
    required: ['to'],
  },
  retrieval: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] },
}

function webhookParameters(webhook: Record<string, unknown>): Record<string, unknown> {
  const parts = ['path_parameters', 'query_parameters', 'body_parameters'].map((name) => record(webhook[name]))
  return {
    type: 'object',
    properties: Object.assign({}, ...parts.map(({ properties }) => record(properties))),
    required: parts.flatMap(({ required }) => (Array.isArray(required) ? required : [])),
  }
}
