import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { testSimulator } from '../testing/simulator.test-kit.ts'

const messages = [
  { role: 'system' as const, content: 'You take orders.' },
  { role: 'user' as const, content: 'A margherita, please.' },
]

interface Completion {
  object: string
  model: string
  choices: { message: { role: string; content: string }; finish_reason: string }[]
  usage: { total_tokens: number }
}

const schema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    size: { enum: ['small', 'large'] },
    count: { type: 'integer', minimum: 1 },
    toppings: { type: 'array', items: { $ref: '#/$defs/topping' }, minItems: 1 },
  },
  required: ['name', 'size', 'count', 'toppings'],
  $defs: { topping: { type: 'object', properties: { extra: { type: 'boolean' } }, required: ['extra'] } },
}

/** Starts a model endpoint that answers every request with `reply`. Returns its base URL and the received bodies. */
async function startModel(status: number, reply: string) {
  const bodies: Record<string, unknown>[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      bodies.push({ ...JSON.parse(text), authorization: request.headers.authorization })
      response.writeHead(status, { 'content-type': 'application/json' }).end(reply)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, bodies }
}

describe('chat completions', () => {
  it('replies without a model in OpenAI’s format, and says that the reply is simulated', async () => {
    await using test = await testSimulator()
    const reply = (await test.client.ai.openai.chat.createCompletion({
      messages,
      model: 'some/model',
    })) as unknown as Completion
    expect(reply).toMatchObject({
      object: 'chat.completion',
      model: 'some/model',
      choices: [{ message: { role: 'assistant' }, finish_reason: 'stop' }],
    })
    expect(reply.choices[0]?.message.content).toContain('simulated')
    expect(reply.choices[0]?.message.content).toContain('A margherita, please.')
    expect(reply.usage.total_tokens).toBeGreaterThan(0)
  })

  it('replies with JSON to response_format json_object', async () => {
    await using test = await testSimulator()
    const body = { messages, response_format: { type: 'json_object' } }
    const reply = await test.client.post<Completion>('/ai/chat/completions', { body })
    expect(JSON.parse(reply.choices[0]?.message.content ?? '')).toEqual({
      simulated: true,
      message: 'A margherita, please.',
    })
  })

  it.each([
    [
      'response_format json_schema',
      { response_format: { type: 'json_schema', json_schema: { name: 'order', schema } } },
    ],
    ['guided_json', { guided_json: schema }],
  ])('replies with a value that conforms to the schema of %s', async (_, fields) => {
    await using test = await testSimulator()
    const reply = await test.client.post<Completion>('/ai/openai/chat/completions', { body: { messages, ...fields } })
    expect(JSON.parse(reply.choices[0]?.message.content ?? '')).toEqual({
      name: 'simulated',
      size: 'small',
      count: 1,
      toppings: [{ extra: false }],
    })
  })

  it('streams the reply as server-sent events that end with [DONE]', async () => {
    await using test = await testSimulator()
    const response = await test.sim.fetch(`${test.sim.url}/ai/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer KEY' },
      body: JSON.stringify({ messages, stream: true }),
    })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const events = (await response.text()).split('\n\n').filter(Boolean)
    expect(events.at(-1)).toBe('data: [DONE]')
    const chunks = events.slice(0, -1).map((event) => JSON.parse(event.replace('data: ', '')))
    expect(chunks.map(({ choices }) => choices[0].delta.content ?? '').join('')).toContain('You said: A margherita')
    expect(chunks.at(-1).choices[0].finish_reason).toBe('stop')
  })

  it('forwards the whole request to the configured model and returns its response unchanged', async () => {
    const { baseUrl, bodies } = await startModel(200, '{"choices":[{"message":{"content":"Yes."}}],"own":1}')
    await using test = await testSimulator({
      settings: { ai: { model: { baseUrl, model: 'qwen3', apiKey: 'SECRET' } } },
    })
    const tools = [{ type: 'function', function: { name: 'order' } }]
    const body = { messages, model: 'some/model', temperature: 0.2, tools, api_key_ref: 'ref' }
    const reply = await test.client.post('/ai/chat/completions', { body })
    expect(reply).toEqual({ choices: [{ message: { content: 'Yes.' } }], own: 1 })
    expect(bodies).toEqual([{ messages, model: 'qwen3', temperature: 0.2, tools, authorization: 'Bearer SECRET' }])
  })

  it('responds with 502 and logs the address when the configured model is unreachable', async () => {
    await using test = await testSimulator({ settings: { ai: { model: { baseUrl: 'http://127.0.0.1:9/v1' } } } })
    const notices: string[] = []
    test.sim.watch((activity) => activity.type === 'notice' && notices.push(activity.text), ['notice'])
    await expect(test.client.post('/ai/chat/completions', { body: { messages } })).rejects.toMatchObject({
      status: 502,
    })
    expect(notices.join()).toContain('http://127.0.0.1:9/v1')
  })

  it('refuses a request without messages with 422', async () => {
    await using test = await testSimulator()
    await expect(test.client.post('/ai/chat/completions', { body: {} })).rejects.toMatchObject({
      status: 422,
      error: { errors: [{ code: '10004', source: { pointer: '/messages' } }] },
    })
  })

  it('lists one model', async () => {
    await using test = await testSimulator()
    expect((await test.client.ai.openai.listModels()).data.map(({ id }) => id)).toEqual(['simulated'])
  })
})
