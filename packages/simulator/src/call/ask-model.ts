/**
 * A real language model behind the simulator's AI, if one is wanted: any endpoint that speaks OpenAI's chat completions
 * (OpenAI itself, vLLM, llama.cpp, Ollama, LM Studio, …) by base URL and key.
 *
 * The machines stay pure: they put an `ask-model` effect out and take a `model` input in. This file is what the driver
 * calls in between.
 */
import type { ModelEndpoint, ModelReply, ModelRequest, ToolCall } from '../machine/model.ts'

const defaultTimeoutMs = 30_000

/** Asks the model once. Never rejects: whatever went wrong is said in words in `error`. */
export async function askModel(
  endpoint: ModelEndpoint,
  request: ModelRequest,
  signal?: AbortSignal,
): Promise<ModelReply> {
  const url = `${endpoint.baseUrl.replace(/\/+$/, '')}/chat/completions`
  const timeout = AbortSignal.timeout(endpoint.timeoutMs ?? defaultTimeoutMs)
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(endpoint.apiKey === undefined ? {} : { authorization: `Bearer ${endpoint.apiKey}` }),
      },
      body: JSON.stringify({
        model: endpoint.model ?? request.model,
        messages: request.messages,
        ...(request.tools.length > 0 ? { tools: request.tools } : {}),
      }),
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    })
    const text = await response.text()
    if (!response.ok) return failure(url, `it answered ${response.status}: ${text.slice(0, 200)}`)
    return readReply(url, text)
  } catch (error) {
    return failure(url, reasonOf(error))
  }
}

function readReply(url: string, text: string): ModelReply {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return failure(
      url,
      'its answer is not JSON; is this an OpenAI-compatible endpoint, and does the base URL end in its version (…/v1)?',
    )
  }
  const message = at(at(at(body, 'choices'), 0), 'message')
  if (message === undefined) return failure(url, 'its answer has no choices[0].message')
  const content = at(message, 'content')
  const raw = at(message, 'tool_calls')
  const calls: ToolCall[] = []
  for (const call of Array.isArray(raw) ? raw : []) {
    const name = at(at(call, 'function'), 'name')
    if (typeof name !== 'string') continue
    const id = at(call, 'id')
    calls.push({
      // Some local servers send none, and want one back all the same.
      id: typeof id === 'string' && id !== '' ? id : `call_${calls.length + 1}`,
      name,
      arguments: readArguments(at(at(call, 'function'), 'arguments')),
    })
  }
  return { ok: true, content: typeof content === 'string' ? content.trim() : '', calls }
}

function readArguments(raw: unknown): Record<string, unknown> {
  if (typeof raw !== 'string') return {}
  try {
    const value: unknown = JSON.parse(raw)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
  } catch {
    // Models do write broken JSON now and then; it counts as having said nothing.
    return {}
  }
}

function at(value: unknown, key: string | number): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

function failure(url: string, why: string): ModelReply {
  return { ok: false, error: `The model at ${url} gave no answer: ${why}` }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'it took too long'
  if (error.name === 'AbortError') return 'the call ended first'
  const cause = error.cause
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return `it cannot be reached${code}; check that it is running and that the base URL is right`
}
