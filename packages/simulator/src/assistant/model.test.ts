import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { askModel } from '../call/ask-model.ts'
import type { ModelReply, ModelRequest } from '../machine/model.ts'
import { aiGather } from './ai-gather.ts'
import { assistant } from './assistant.ts'
import { Caller } from './caller.test-kit.ts'

const parameters = {
  type: 'object',
  properties: { age: { type: 'integer', minimum: 18 }, city: { type: 'string' } },
  required: ['age', 'city'],
}
const model = { baseUrl: 'http://127.0.0.1:1/v1' }
const request: ModelRequest = { model: 'test', messages: [{ role: 'user', content: 'Hello.' }], tools: [] }

/** Starts a model endpoint. `answer` computes each response from its request body. */
async function endpoint(
  answer: (body: Record<string, unknown>, headers: Record<string, unknown>) => { status?: number; text: string },
) {
  const server = createServer((incoming, outgoing) => {
    let text = ''
    incoming.on('data', (chunk) => (text += String(chunk)))
    incoming.on('end', () => {
      const made = answer(JSON.parse(text), incoming.headers)
      outgoing.writeHead(made.status ?? 200, { 'content-type': 'application/json' }).end(made.text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

/** Returns the latest `ask-model` effect. */
function asked(caller: { effects: readonly { do: string }[] }) {
  const effect = caller.effects.findLast((one) => one.do === 'ask-model')
  return effect as { do: 'ask-model'; id: string; request: ModelRequest }
}

describe('a language model behind the AI', () => {
  it('sends a chat completion request to the model and parses the reply', async () => {
    const seen: Record<string, unknown>[] = []
    await using server = await endpoint((body, headers) => {
      seen.push({ ...body, authorization: headers.authorization })
      return {
        text: JSON.stringify({
          choices: [
            {
              message: {
                content: ' Hi. ',
                tool_calls: [{ id: '1', function: { name: 'record_answers', arguments: '{"age":29}' } }],
              },
            },
          ],
        }),
      }
    })
    expect(await askModel({ baseUrl: `${server.baseUrl}/`, apiKey: 'k', model: 'mine' }, request)).toEqual({
      ok: true,
      content: 'Hi.',
      calls: [{ id: '1', name: 'record_answers', arguments: { age: 29 } }],
    })
    expect(seen).toEqual([{ model: 'mine', messages: request.messages, authorization: 'Bearer k' }])
  })

  it.each([
    ['{"error":"no such model"}', 404, /responded with 404.*no such model/],
    ['<html>', 200, /not JSON/],
    ['{}', 200, /no choices/],
  ])('explains why the model endpoint’s response %j is unusable', async (text, status, expected) => {
    await using server = await endpoint(() => ({ status, text }))
    const reply = await askModel(server, request)
    expect(reply.ok ? '' : reply.error).toMatch(expected)
  })

  it('reports the error code when the model endpoint is unreachable', async () => {
    const { baseUrl } = await endpoint(() => ({ text: '' })).then(async (server) => {
      await server[Symbol.asyncDispose]()
      return server
    })
    const reply = await askModel({ baseUrl }, request)
    expect(reply.ok ? '' : reply.error).toMatch(/unreachable \(ECONNREFUSED\)\. Check that it is running/)
  })

  it('an AI gather records a model’s answer only if the answer conforms to the schema', () => {
    const caller = new Caller(
      aiGather,
      {
        parameters,
        greeting: 'Hello, how old are you?',
        send_partial_results: true,
        assistant: {
          tools: [
            {
              type: 'webhook',
              webhook: {
                name: 'look_up',
                url: 'http://x',
                description: 'Looks up.',
                body_parameters: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
              },
            },
          ],
        },
      },
      { model },
    )
    const reply = (said: string, answer: ModelReply) =>
      caller.say(said).feed({ type: 'model', id: asked(caller).id, reply: answer })
    reply('I am twelve', {
      ok: true,
      content: 'You have to be 18. How old are you?',
      calls: [{ id: '1', name: 'record_answers', arguments: { age: 12 } }],
    })
    expect(asked(caller).request.tools.map(({ function: { name, parameters: taken } }) => [name, taken])).toEqual([
      ['record_answers', { type: 'object', properties: parameters.properties }],
      ['look_up', { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] }],
    ])
    expect(caller.lastSpeech).toBe('You have to be 18. How old are you?')
    reply('29, and I live in Paris', {
      ok: true,
      content: 'Thanks.',
      calls: [{ id: '1', name: 'record_answers', arguments: { age: 29, city: 'Paris' } }],
    })
    expect(caller.payload('call.ai_gather.ended')).toMatchObject({
      status: 'valid',
      result: { age: 29, city: 'Paris' },
    })
    expect(caller.eventTypes.filter((type) => type === 'call.ai_gather.partial_results')).toHaveLength(1)
  })

  it('passes messages of ai_assistant_add_messages to the model, immediately with trigger_response', () => {
    const caller = new Caller(aiGather, { parameters, greeting: 'Hello?' }, { model }).listen()
    caller.feed({ type: 'messages', messages: [{ role: 'system', content: 'Be quick.' }], trigger_response: true })
    expect(asked(caller).request.messages[0]?.content).toMatch(/Be quick\.$/)
  })

  it('drops a model reply that arrives after the caller’s next turn started', () => {
    const caller = new Caller(aiGather, { parameters, greeting: 'Hello?' }, { model }).say('first')
    const { id } = asked(caller)
    caller.say('second').feed({ type: 'model', id, reply: { ok: true, content: 'Late.', calls: [] } })
    expect(caller.heard).toEqual(['Hello?'])
  })

  it('ends an AI gather with client_error and speaks the reason when the model fails', () => {
    const caller = new Caller(aiGather, { parameters, greeting: 'Hello?' }, { model }).say('hi')
    caller.feed({ type: 'model', id: asked(caller).id, reply: { ok: false, error: 'The model cannot be reached.' } })
    expect(caller.listen().lastSpeech).toBe('The model cannot be reached.')
    expect(caller.payload('call.ai_gather.ended')).toMatchObject({ status: 'client_error', result: null })
  })

  it('hangs up the call when the model calls the hangup tool', () => {
    const caller = new Caller(
      assistant,
      {
        greeting: 'Hello?',
        assistant: { id: 'assistant-1', instructions: 'Be kind.', tools: [{ type: 'hangup', hangup: {} }] },
      },
      { model },
    ).say('bye')
    expect(asked(caller).request.messages[0]?.content).toMatch(/^Be kind\./)
    caller
      .feed({
        type: 'model',
        id: asked(caller).id,
        reply: { ok: true, content: 'Bye!', calls: [{ id: '1', name: 'hangup', arguments: {} }] },
      })
      .listen()
    expect(caller.heard.at(-1)).toBe('Bye!')
    expect(caller.effects.at(-1)).toEqual({ do: 'hangup' })
  })
})
