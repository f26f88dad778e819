/**
 * Converts Telnyx's assistant tools to functions for a model, and the model's function calls to `ToolUse`s.
 *
 * The simulator executes `webhook`, `transfer`, `hangup` and `send_dtmf`. It also offers all other tools to the model, but
 * refuses their calls, because it has no calendar, documents or other assistants.
 */

import type { ChatTool, ToolCall, ToolRequest, ToolUse } from '../machine/model.ts'
import { readJson, record, string } from './conversation.ts'

/** Maximum tool rounds per turn. Then the model gets no tools, so that it replies with speech. */
export const MAX_TOOL_ROUNDS = 5

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']
/** Telnyx's documented default of `async_timeout_ms`. */
const DEFAULT_ASYNC_WAIT_MS = 300

/** Converts Telnyx's tools to functions for a model. `function` tools keep their own parameters. */
export function functionsOf(tools: unknown): ChatTool[] {
  return parseTools(tools).map(({ type, name, config }) => {
    const description = string(config.description) ?? descriptions[type]
    return {
      type: 'function',
      function: { name, ...(description === undefined ? {} : { description }), parameters: parametersOf(type, config) },
    }
  })
}

/** Converts a model's tool call to a `ToolUse`. */
export function toToolUse(tools: unknown, call: ToolCall): ToolUse {
  const tool = call.name
  const known = parseTools(tools).find(({ name }) => name === tool)
  const refused = (why: string): ToolUse => ({ tool, type: 'refused', why })
  if (!known) return refused(`There is no tool "${tool}".`)
  const { type, config, timeoutMs } = known
  switch (type) {
    case 'hangup':
      return { tool, type }
    case 'send_dtmf': {
      const digits = string(call.arguments.digits)
      if (digits === undefined || !/^[0-9A-DwW*#]{1,128}$/.test(digits))
        return refused('digits must be keys out of 0-9, A-D, * and #, or w for a pause.')
      return { tool, type, digits }
    }
    case 'transfer': {
      const to = targetOf(config.targets, string(call.arguments.to))
      if (to === undefined) return refused('The number or name is not a target of this transfer.')
      return { tool, type, to, from: string(config.from) }
    }
    case 'webhook': {
      const request = requestOf(config, call.arguments, timeoutMs)
      return typeof request === 'string' ? refused(request) : { tool, type, request }
    }
    default:
      return refused(`The simulator does not carry out tools of type "${type}".`)
  }
}

interface Tool {
  type: string
  name: string
  /** The configuration of the tool, which Telnyx nests under the name of the tool's type. */
  config: Record<string, unknown>
  timeoutMs: number | undefined
}

function parseTools(tools: unknown): Tool[] {
  return (Array.isArray(tools) ? tools : []).map(record).flatMap((tool): Tool[] => {
    const type = string(tool.type)
    if (type === undefined) return []
    const config = record(tool[type])
    const { timeout_ms } = tool
    const timeoutMs = typeof timeout_ms === 'number' && timeout_ms > 0 ? timeout_ms : undefined
    return [{ type, name: string(config.name) ?? type, config, timeoutMs }]
  })
}

const descriptions: Record<string, string> = {
  hangup: 'End the call.',
  transfer: 'Transfer the caller to somebody else.',
  send_dtmf: 'Press keys on the telephone.',
  retrieval: 'Search the documents.',
  check_availability: 'Find free times in the calendar.',
  book_appointment: 'Book an appointment.',
}

const WEBHOOK_PARTS = ['path_parameters', 'query_parameters', 'body_parameters'] as const

function parametersOf(type: string, config: Record<string, unknown>): Record<string, unknown> {
  const object = (properties: Record<string, unknown>, required: readonly unknown[] = Object.keys(properties)) => ({
    type: 'object',
    properties,
    ...(required.length === 0 ? {} : { required }),
  })
  switch (type) {
    case 'function':
      return record(config.parameters)
    case 'webhook': {
      const parts = WEBHOOK_PARTS.map((name) => record(config[name]))
      return object(
        Object.assign({}, ...parts.map(({ properties }) => record(properties))),
        parts.flatMap(({ required }) => (Array.isArray(required) ? required : [])),
      )
    }
    case 'transfer': {
      const names = targetsOf(config.targets).map(({ name, to }) => name ?? to)
      const to = { type: 'string', description: 'Name or number of the target.' }
      return object({ to: names.length === 0 ? to : { ...to, enum: names } })
    }
    case 'send_dtmf':
      return object({ digits: { type: 'string', description: 'The keys, one after the other.' } })
    case 'retrieval':
      return object({ query: { type: 'string' } })
    default:
      return object({})
  }
}

/** Parses `targets`: an array, or JSON text from a dynamic variable. */
function targetsOf(targets: unknown): { to: string; name: string | undefined }[] {
  const list = typeof targets === 'string' ? readJson(targets) : targets
  return (Array.isArray(list) ? list : []).map(record).flatMap(({ to, name }) => {
    const number = string(to)
    return number === undefined ? [] : [{ to: number, name: string(name) }]
  })
}

/** Finds a configured transfer target. A caller must not talk a model into dialling any other number. */
function targetOf(targets: unknown, wanted: string | undefined): string | undefined {
  const list = targetsOf(targets)
  const match = (text: string | undefined) => text?.toLowerCase() === wanted?.toLowerCase()
  if (wanted === undefined) return list.length === 1 ? list[0]?.to : undefined
  return list.find(({ to, name }) => match(name) || match(to))?.to
}

/** Returns the request of a webhook tool, or the reason why the tool call is refused. */
function requestOf(
  config: Record<string, unknown>,
  given: Record<string, unknown>,
  timeoutMs: number | undefined,
): ToolRequest | string {
  const argumentsIn = (part: (typeof WEBHOOK_PARTS)[number]) => {
    const names = Object.keys(record(record(config[part]).properties))
    return Object.fromEntries(Object.entries(given).filter(([name]) => names.includes(name)))
  }
  const path = argumentsIn('path_parameters')
  const template = string(config.url) ?? ''
  const missing = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name).filter((name) => !(name in path))
  if (missing.length > 0) return `The webhook URL needs ${missing.join(', ')}.`
  const address = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(toText(path[name])))
  if (!URL.canParse(address)) return 'The webhook url is not a valid URL.'
  const url = new URL(address)
  const query = { ...argumentsIn('query_parameters'), ...record(config.preset_query_parameters) }
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, toText(value))
  const method = string(config.method) ?? 'POST'
  if (!METHODS.includes(method)) return `The method of the webhook must be one of ${METHODS.join(', ')}.`
  const headers = new Headers()
  for (const { name, value } of (Array.isArray(config.headers) ? config.headers : []).map(record)) {
    try {
      headers.set(toText(name), toText(value))
    } catch {
      return 'A header of the webhook has a name or value that HTTP does not allow.'
    }
  }
  const isAsync = config.async === true
  const asyncWait = typeof config.async_timeout_ms === 'number' ? config.async_timeout_ms : DEFAULT_ASYNC_WAIT_MS
  return {
    method,
    url: url.href,
    headers: Object.fromEntries(headers),
    body: method === 'GET' ? null : { ...argumentsIn('body_parameters'), ...record(config.preset_body_fields) },
    timeoutMs: isAsync ? asyncWait : timeoutMs,
    async: isAsync,
  }
}

const toText = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)
