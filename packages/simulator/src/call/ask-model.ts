/**
 * A real language model behind the simulator's AI, if one is wanted: any endpoint that speaks OpenAI's chat completions
 * (OpenAI itself, vLLM, llama.cpp, Ollama, LM Studio, …) by base URL and key.
 */
import { z } from 'zod'
import type { AiSettings } from '../assistant/settings.ts'
import type { ModelReply, ModelRequest } from '../machine/model.ts'

const DEFAULT_TIMEOUT_MS = 30_000

/** Asks the model once. Never rejects: whatever went wrong is said in words in `error`. */
export async function askModel(
  endpoint: NonNullable<AiSettings['model']>,
  request: ModelRequest,
  signal?: AbortSignal,
): Promise<ModelReply> {
  const url = `${endpoint.baseUrl.replace(/\/+$/, '')}/chat/completions`
  const timeout = AbortSignal.timeout(endpoint.timeoutMs ?? DEFAULT_TIMEOUT_MS)
  const { messages, tools } = request
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(endpoint.apiKey === undefined ? {} : { authorization: `Bearer ${endpoint.apiKey}` }),
      },
      body: JSON.stringify({
        model: endpoint.model ?? request.model,
        messages,
        ...(tools.length > 0 ? { tools } : {}),
      }),
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    })
    const text = await response.text()
    return response.ok ? readReply(url, text) : failure(url, `it answered ${response.status}: ${text.slice(0, 200)}`)
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
  // Some local servers send none, and want one back all the same.
  id: z.string().min(1).optional().catch(undefined),
  function: z.object({
    name: z.string(),
    // Models do write broken JSON now and then; it counts as having said nothing.
    arguments: json.pipe(z.record(z.string(), z.unknown())).catch({}),
  }),
})

function readReply(url: string, text: string): ModelReply {
  const body = json.safeParse(text)
  if (!body.success)
    return failure(
      url,
      'its answer is not JSON; is this an OpenAI-compatible endpoint, and does the base URL end in its version (…/v1)?',
    )
  const message = completion.safeParse(body.data).data?.choices[0]?.message
  if (message === undefined) return failure(url, 'its answer has no choices[0].message')
  const { content, tool_calls } = message
  const calls = tool_calls.flatMap((raw) => toolCall.safeParse(raw).data ?? [])
  return {
    ok: true,
    content: typeof content === 'string' ? content.trim() : '',
    calls: calls.map(({ id, function: called }, index) => ({ id: id ?? `call_${index + 1}`, ...called })),
  }
}

const failure = (url: string, why: string): ModelReply => ({
  ok: false,
  error: `The model at ${url} gave no answer: ${why}`,
})

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'it took too long'
  if (error.name === 'AbortError') return 'the call ended first'
  const { cause } = error
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return `it cannot be reached${code}; check that it is running and that the base URL is right`
}
