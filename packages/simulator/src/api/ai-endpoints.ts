/** `POST /v2/ai/chat/completions` and `GET /v2/ai/models`, in OpenAI's format, which has no `data` envelope. */
import { forwardToModel } from '../call/ask-model.ts'
import type { Exchange } from '../call/exchange.ts'
import { simulatedCompletion } from './completion.ts'
import type { Endpoint, Endpoints } from './endpoint.ts'
import { refuse } from './errors.ts'
import { json } from './http.ts'
import { createValidator } from './validate.ts'

const validateCompletion = createValidator({
  type: 'object',
  required: ['messages'],
  properties: {
    messages: { type: 'array', items: { type: 'object', required: ['role'] } },
    model: { type: 'string' },
    stream: { type: 'boolean' },
  },
})

export function aiEndpoints(exchange: Exchange): Endpoints {
  const { settings, clock, chance } = exchange
  let count = 0
  const complete: Endpoint = async ({ body: input }) => {
    const body = validateCompletion(input, settings.api.undocumentedValues)
    count += 1
    const { model } = settings.ai
    if (!model) {
      const id = `chatcmpl-${chance.uuid('completion', count)}`
      return { response: simulatedCompletion(body, { id, created: Math.floor(clock.now() / 1000) }) }
    }
    const { api_key_ref: _, ...forwarded } = body
    const reply = await forwardToModel(model, forwarded)
    if (reply.ok) {
      const { status, contentType, text } = reply
      return { response: { status, headers: { 'content-type': contentType }, body: text } }
    }
    exchange.publish({ type: 'notice', call_id: null, text: reply.error })
    throw refuse(502, '10007', reply.error)
  }
  const models: Endpoint = () => {
    const id = settings.ai.model?.model ?? 'simulated'
    const model = {
      id,
      object: 'model',
      created: '2026-01-01T00:00:00Z',
      owned_by: 'CallGather',
      organization: 'CallGather',
      context_length: 131_072,
      languages: ['en'],
      license: 'MIT',
      parameters: 0,
      tier: 'unlisted',
    }
    return { response: json(200, { object: 'list', data: [model] }) }
  }
  return {
    'POST /v2/ai/chat/completions': complete,
    'POST /v2/ai/openai/chat/completions': complete,
    'GET /v2/ai/models': models,
    'GET /v2/ai/openai/models': models,
  }
}
