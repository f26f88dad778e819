/**
 * Optional: sends the simulator's AI conversations to a real language model. Any endpoint with OpenAI's chat completions
 * API works: OpenAI, vLLM, llama.cpp, Ollama, LM Studio.
 */
import { z } from 'zod'
import type { AiSettings } from '../assistant/settings.ts'
import type { ModelReply, ModelRequest } from '../machine/model.ts'

const DEFAULT_TIMEOUT_MS = 30_000

/** Sends one request to the model, without retries. Never rejects: a failure resolves with `ok: false` and `error`. */
export async function askModel(
  endpoint: NonNullable<AiSettings['model']>,
  request: ModelRequest,
  signal?: AbortSignal,
): Promise<ModelReply> {
  const { model, messages, tools } = request
  const body = { model, messages, ...(tools.length > 0 ? { tools } : {}) }
  const response = await forwardToModel(endpoint, body, signal)
  if (!response.ok) return response
  const { url, status, text } = response
  return status >= 200 && status < 300
    ? readReply(url, text)
    : failure(url, `it responded with ${status}: ${text.slice(0, 200)}`)
}

type ForwardedResponse =
  | { ok: true; url: string; status: number; contentType: string; text: string }
  | { ok: false; error: string }

/** Posts a chat completion request to the model and returns its response unchanged. Never rejects. */
export async function forwardToModel(
  endpoint: NonNullable<AiSettings['model']>,
  body: Record<string, unknown>,
  signal?: AbortSignal,
): Promise<ForwardedResponse> {
  const url = `${endpoint.baseUrl.replace(/\/+$/, '')}/chat/completions`
  const timeout = AbortSignal.timeout(endpoint.timeoutMs ?? DEFAULT_TIMEOUT_MS)
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(endpoint.apiKey === undefined ? {} : { authorization: `Bearer ${endpoint.apiKey}` }),
      },
      body: JSON.stringify({ ...body, model: endpoint.model ?? body.model }),
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    })
    const contentType = response.headers.get('content-type') ?? 'application/json'
    return { ok: true, url, status: response.status, contentType, text: await response.text() }
  } catch (error) {
    return failure(url, reasonOf(error))
  }
}

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    context.addIssue('not JSON')
    return z.NEVER
  }
})

const completion = z.object({
  choices: z.array(
    z.object({ message: z.object({ content: z.unknown().optional(), tool_calls: z.array(z.unknown()).catch([]) }) }),
  ),
})

const toolCall = z.object({
  // Some local model servers omit the tool call id, but require an id in the next request.
  id: z.string().min(1).optional().catch(undefined),
  function: z.object({
    name: z.string(),
    // Models sometimes write invalid JSON arguments. These count as no arguments.
    arguments: json.pipe(z.record(z.string(), z.unknown())).catch({}),
  }),
})

function readReply(url: string, text: string): ModelReply {
  const body = json.safeParse(text)
  if (!body.success)
    return failure(
      url,
      'its response is not JSON. Check that the endpoint is OpenAI-compatible and that the base URL ends with its version (…/v1).',
    )
  const message = completion.safeParse(body.data).data?.choices[0]?.message
  if (message === undefined)
    return failure(url, 'its response has no choices[0].message. Check that the endpoint is OpenAI-compatible')
  const { content, tool_calls } = message
  const calls = tool_calls.flatMap((raw) => toolCall.safeParse(raw).data ?? [])
  return {
    ok: true,
    content: typeof content === 'string' ? content.trim() : '',
    calls: calls.map(({ id, function: called }, index) => ({ id: id ?? `call_${index + 1}`, ...called })),
  }
}

const failure = (url: string, why: string): { ok: false; error: string } => ({
  ok: false,
  error: `The model request to ${url} failed: ${why}`,
})

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'it timed out. Raise settings.ai.model.timeoutMs or use a faster model.'
  if (error.name === 'AbortError') return 'the call ended before the model responded.'
  const { cause } = error
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return `the endpoint is unreachable${code}. Check that it is running and that the base URL is correct.`
}
