/** Chat completions without a language model: the reply says that it is simulated, in OpenAI's format. */
import { isSchema, type JsonSchema } from '../assistant/json-schema.ts'
import { sampleOf } from '../assistant/sample.ts'
import { type ApiResponse, json } from './http.ts'

const MAX_ECHO_LENGTH = 200
const DEFAULT_MODEL = 'simulated'

interface CompletionOptions {
  id: string
  /** Seconds since the Unix epoch. */
  created: number
}

/** Replies to a chat completion request. */
export function simulatedCompletion(body: Record<string, unknown>, options: CompletionOptions): ApiResponse {
  const content = contentFor(body)
  const model = typeof body.model === 'string' ? body.model : DEFAULT_MODEL
  const head = { ...options, model }
  if (body.stream === true) return stream(head, content)
  const [prompt_tokens, completion_tokens] = [countTokens(JSON.stringify(body.messages)), countTokens(content)]
  return json(200, {
    ...head,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content }, logprobs: null, finish_reason: 'stop' }],
    usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
  })
}

/** Server-sent events: the role, each word, the end. */
function stream(head: CompletionOptions & { model: string }, content: string): ApiResponse {
  const deltas = [
    { role: 'assistant', content: '' },
    ...(content.match(/\s*\S+/g) ?? []).map((word) => ({ content: word })),
  ]
  const chunk = (delta: object, finish_reason: string | null) =>
    `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`
  const body = [...deltas.map((delta) => chunk(delta, null)), chunk({}, 'stop'), 'data: [DONE]\n\n'].join('')
  return { status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8' }, body }
}

function contentFor(body: Record<string, unknown>): string {
  const [choice] = Array.isArray(body.guided_choice) ? body.guided_choice : []
  if (typeof choice === 'string') return choice
  const schema = schemaOf(body)
  if (schema) return JSON.stringify(sampleOf(schema))
  if (isSchema(body.response_format) && body.response_format.type === 'json_object')
    return JSON.stringify({ simulated: true, message: lastUserText(body.messages).slice(0, MAX_ECHO_LENGTH) })
  return simulatedReply(body.messages)
}

/** Returns a reply to a chat, which repeats the last message of the user and says that it is simulated. */
export const simulatedReply = (messages: unknown): string =>
  `This is a simulated reply, because no language model is configured. You said: ${lastUserText(messages).slice(0, MAX_ECHO_LENGTH)}`

/** The schema of `response_format: json_schema`, or of Telnyx's `guided_json`. */
function schemaOf({ response_format: format, guided_json: guided }: Record<string, unknown>): JsonSchema | undefined {
  if (isSchema(guided)) return guided
  if (!isSchema(format) || format.type !== 'json_schema' || !isSchema(format.json_schema)) return undefined
  return isSchema(format.json_schema.schema) ? format.json_schema.schema : undefined
}

function lastUserText(messages: unknown): string {
  const last: unknown = Array.isArray(messages)
    ? messages.filter(isSchema).findLast(({ role }) => role === 'user')
    : null
  const content: unknown = isSchema(last) ? last.content : ''
  if (!Array.isArray(content)) return typeof content === 'string' ? content : ''
  return content.flatMap((part) => (isSchema(part) && typeof part.text === 'string' ? [part.text] : [])).join(' ')
}

/** A rough count: English text has about four characters per token. */
const countTokens = (text: string) => Math.ceil(text.length / 4)
