/** Tests AI tools end to end: a model server calls tools, and another server receives the webhooks of these tools. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Activity, SimulatorOptions } from '../index.ts'
import { testSimulator } from '../testing/simulator.test-kit.ts'

interface ModelRequestBody {
  messages: { role: string; content: string; tool_call_id?: string; tool_calls?: unknown[] }[]
  tools?: { function: { name: string; parameters: Record<string, unknown> } }[]
}
interface Reply {
  content?: string
  calls?: [name: string, given: Record<string, unknown>][]
}

/** Starts an HTTP server that responds to JSON requests. */
async function server(
  answer: (body: unknown, request: IncomingMessage) => { status?: number; text: string } | 'never',
) {
  const http = createServer((incoming, outgoing) => {
    let text = ''
    incoming.on('data', (chunk) => (text += String(chunk)))
    incoming.on('end', () => {
      const response = answer(text === '' ? null : JSON.parse(text), incoming)
      if (response !== 'never') outgoing.writeHead(response.status ?? 200).end(response.text)
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => {
      http.closeAllConnections()
      return new Promise<void>((resolve) => http.close(() => resolve()))
    },
  }
}

/** Starts an OpenAI-compatible endpoint that sends `replies` in order. */
async function model(replies: Reply[]) {
  const requests: ModelRequestBody[] = []
  const http = await server((body) => {
    requests.push(body as ModelRequestBody)
    const { content = '', calls = [] } = replies[Math.min(requests.length, replies.length) - 1] ?? {}
    const tool_calls = calls.map(([name, given], index) => ({
      id: `call_${requests.length}_${index}`,
      type: 'function',
      function: { name, arguments: JSON.stringify(given) },
    }))
    return { text: JSON.stringify({ choices: [{ message: { role: 'assistant', content, tool_calls } }] }) }
  })
  return { requests, baseUrl: `${http.origin}/v1`, [Symbol.asyncDispose]: () => http[Symbol.asyncDispose]() }
}

/** Returns an answered call with an assistant that has `tools`. */
async function assistantWith(tools: object[], baseUrl: string, settings: SimulatorOptions['settings'] = {}) {
  const kit = await testSimulator({
    settings: { ...settings, ai: { model: { baseUrl }, toolTimeoutMs: 60_000, ...settings.ai } },
  })
  const trace: Activity[] = []
  kit.sim.watch((activity) => trace.push(activity), ['tool', 'dtmf.sent', 'prompt.started'])
  const caller = await kit.answeredCall()
  await kit.client.calls.actions.startAIAssistant(caller.id, {
    assistant: { id: 'assistant-1', dynamic_variables: { shop: 'north' }, tools } as never,
  })
  const heard = () => trace.flatMap((activity) => (activity.type === 'prompt.started' ? [activity.text] : []))
  const used = () =>
    trace.flatMap((activity) => (activity.type === 'tool' ? [`${activity.tool}: ${activity.summary}`] : []))
  return { ...kit, caller, trace, heard, used }
}

/** Returns the tool results in a request to the model. */
const toolResults = ({ messages }: ModelRequestBody) =>
  messages.filter(({ role }) => role === 'tool').map(({ content }) => content)

const stock = (url: string, more: object = {}, around: object = {}) => ({
  type: 'webhook',
  ...around,
  webhook: {
    name: 'stock',
    description: 'How many there are.',
    url,
    headers: [{ name: 'x-shop', value: '{{shop}}' }],
    path_parameters: { type: 'object', properties: { item: { type: 'string' } }, required: ['item'] },
    query_parameters: { type: 'object', properties: { size: { type: 'integer' } } },
    body_parameters: { type: 'object', properties: { colour: { type: 'string' } } },
    ...more,
  },
})

describe('a tool that a model calls', () => {
  it('sends the configured request of a webhook tool and passes its response to the model', async () => {
    const seen: unknown[] = []
    await using shop = await server((body, { method, url, headers }) => {
      const { 'x-shop': own, 'content-type': type, 'x-telnyx-call-control-id': id } = headers
      seen.push({ method, url, own, type, id, body })
      return { text: '{"left":3}' }
    })
    await using llm = await model([
      { content: 'One moment.', calls: [['stock', { item: 'red shoe', size: 41, colour: 'red', other: 1 }]] },
      { content: 'There are three.' },
    ])
    const tool = stock(`${shop.origin}/items/{item}`, { preset_body_fields: { from: 'phone' } })
    await using line = await assistantWith([tool], llm.baseUrl)
    await line.caller.say('How many red shoes are there in 41?')
    await line.clock.runUntil(line.caller.waitForPrompt('three'))
    expect(seen).toEqual([
      {
        method: 'POST',
        url: '/items/red%20shoe?size=41',
        own: 'north',
        type: 'application/json',
        id: line.caller.id,
        body: { colour: 'red', from: 'phone' },
      },
    ])
    expect(llm.requests[0]?.tools?.map(({ function: { name } }) => name)).toEqual(['stock'])
    expect(llm.requests[1]?.messages.slice(-2)).toMatchObject([
      { role: 'assistant', tool_calls: [{ id: 'call_1_0', function: { name: 'stock' } }] },
      { role: 'tool', tool_call_id: 'call_1_0', content: '{"left":3}' },
    ])
    expect(line.heard()).toEqual(['One moment.', 'There are three.'])
    expect(line.used()).toEqual(['stock: 200'])
  })

  it.each([
    ['fails', { status: 500, text: 'down' }, undefined, /webhook responded with 500: down/],
    ['does not answer in time', 'never', 50, /no answer within 50 ms/],
    ['redirects', { status: 302, text: '' }, undefined, /webhook responded with 302/],
  ] as const)(
    'reports to the model when the receiver of a webhook tool %s',
    async (_, answer, timeout_ms, expected) => {
      await using shop = await server(() => answer)
      await using llm = await model([{ calls: [['stock', { item: 'a' }]] }, { content: 'Sorry.' }])
      await using line = await assistantWith([stock(`${shop.origin}/{item}`, {}, { timeout_ms })], llm.baseUrl)
      await line.caller.say('And now?')
      await line.clock.runUntil(line.caller.waitForPrompt('Sorry'))
      expect(llm.requests.flatMap(toolResults)).toEqual([expect.stringMatching(expected)])
    },
  )

  it('truncates the response of a webhook tool to 64 KiB for the model', async () => {
    await using shop = await server(() => ({ text: 'x'.repeat(1_000_000) }))
    await using llm = await model([{ calls: [['stock', { item: 'a' }]] }, { content: 'Much.' }])
    await using line = await assistantWith([stock(`${shop.origin}/{item}`)], llm.baseUrl)
    await line.caller.say('All of it')
    await line.clock.runUntil(line.caller.waitForPrompt('Much'))
    expect(llm.requests.flatMap(toolResults).map(({ length }) => length)).toEqual([65_536])
  })

  it('refuses a tool call to a remote host, without a required URL parameter, or of an unknown tool', async () => {
    await using llm = await model([
      {
        calls: [
          ['stock', { item: 'a' }],
          ['stock', {}],
          ['nothing', {}],
        ],
      },
      { content: 'I cannot.' },
    ])
    await using line = await assistantWith([stock('https://shop.example/{item}')], llm.baseUrl)
    await line.caller.say('Look it up')
    await line.clock.runUntil(line.caller.waitForPrompt('I cannot'))
    expect(llm.requests.flatMap(toolResults)).toEqual([
      expect.stringMatching(/Webhooks stay on this machine/),
      expect.stringMatching(/The webhook URL needs item/),
      expect.stringMatching(/There is no tool "nothing"/),
    ])
  })

  const transfer = {
    type: 'transfer',
    transfer: { from: '+15550190', targets: [{ name: 'Support', to: '+15550191' }] },
  }

  it('the transfer tool dials its target, bridges the legs, and ends the conversation', async () => {
    await using llm = await model([{ content: 'I put you through.', calls: [['transfer', { to: 'support' }]] }])
    await using line = await assistantWith([transfer], llm.baseUrl)
    await line.caller.say('A human, please')
    await line.clock.runUntil(line.caller.waitFor('call.conversation.ended'))
    expect(llm.requests[0]?.tools?.[0]?.function.parameters).toMatchObject({
      properties: { to: { enum: ['Support'] } },
      required: ['to'],
    })
    expect(
      line.sim.calls().map(({ from, to, state, bridged_with }) => [from, to, state, bridged_with !== null]),
    ).toEqual([
      ['+15550100', '+15550199', 'answered', true],
      ['+15550190', '+15550191', 'answered', true],
    ])
    expect(line.used()).toEqual(['transfer: answered'])
  })

  it('an assistant continues its conversation after a transfer without an answer or to an unlisted target', async () => {
    await using llm = await model([
      {
        calls: [
          ['transfer', { to: '+15559999' }],
          ['transfer', { to: '+15550191' }],
        ],
      },
      { content: 'They are not there.' },
    ])
    await using line = await assistantWith([transfer], llm.baseUrl, { leg: { callees: { '+15550191': 'busy' } } })
    await line.caller.say('A human, please')
    await line.clock.runUntil(line.caller.waitForPrompt('They are not there'))
    expect(line.sim.calls().map(({ to }) => to)).toEqual(['+15550199', '+15550191'])
    expect(llm.requests.flatMap(toolResults)).toEqual([
      expect.stringMatching(/is not a target of this transfer/),
      expect.stringMatching(/target did not answer/),
    ])
  })

  it('the send_dtmf tool plays keys, and the hangup tool ends the call after the closing words', async () => {
    await using llm = await model([
      { calls: [['send_dtmf', { digits: '12#' }]] },
      { content: 'Goodbye.', calls: [['hangup', {}]] },
    ])
    await using line = await assistantWith(
      [
        { type: 'send_dtmf', send_dtmf: {} },
        { type: 'hangup', hangup: {} },
      ],
      llm.baseUrl,
    )
    await line.caller.say('Press 12 and leave')
    await line.clock.runUntil(line.caller.waitFor('call.hangup'))
    expect(line.trace).toContainEqual(expect.objectContaining({ type: 'dtmf.sent', digits: '12#' }))
    expect(line.heard()).toEqual(['Goodbye.'])
  })

  it.each(['retrieval', 'check_availability', 'book_appointment', 'handoff', 'refer'])(
    'offers the %s tool to the model, and reports that the simulator does not execute this tool',
    async (type) => {
      await using llm = await model([{ calls: [[type, {}]] }, { content: 'I cannot do that.' }])
      await using line = await assistantWith([{ type, [type]: {} }], llm.baseUrl)
      await line.caller.say('Please')
      await line.clock.runUntil(line.caller.waitForPrompt('I cannot'))
      expect(llm.requests.flatMap(toolResults)).toEqual([
        expect.stringContaining(`does not carry out tools of type "${type}"`),
      ])
      expect(line.used()).toEqual([`${type}: The simulator does not carry out tools of type "${type}".`])
    },
  )

  it('stops offering tools to the model after five tool rounds in a turn', async () => {
    await using llm = await model([{ calls: [['send_dtmf', { digits: '1' }]] }])
    await using line = await assistantWith([{ type: 'send_dtmf', send_dtmf: {} }], llm.baseUrl)
    await line.caller.say('For ever')
    await line.clock.runUntil(line.caller.waitForPrompt('say that again'))
    expect(llm.requests).toHaveLength(6)
    expect(llm.requests.map(({ tools = [] }) => tools.length)).toEqual([1, 1, 1, 1, 1, 0])
  })

  it('an AI gather executes tools and records answers through its own function', async () => {
    await using shop = await server(() => ({ text: 'gold' }))
    await using llm = await model([
      {
        calls: [
          ['record_answers', { name: 'Anna' }],
          ['stock', { item: 'anna' }],
        ],
      },
      { calls: [['record_answers', { level: 'gold' }]] },
    ])
    await using kit = await testSimulator({
      settings: { ai: { model: { baseUrl: llm.baseUrl }, toolTimeoutMs: 60_000 } },
    })
    const caller = await kit.answeredCall()
    await kit.client.calls.actions.gatherUsingAI(caller.id, {
      greeting: 'Who are you?',
      parameters: {
        type: 'object',
        properties: { name: { type: 'string' }, level: { type: 'string' } },
        required: ['name', 'level'],
      },
      assistant: { tools: [stock(`${shop.origin}/{item}`)] as never },
    })
    await kit.clock.settle()
    await caller.say('Anna')
    const ended = await kit.clock.runUntil(caller.waitFor('call.ai_gather.ended'))
    expect(ended.payload).toMatchObject({ status: 'valid', result: { name: 'Anna', level: 'gold' } })
    expect(llm.requests[1]?.messages.at(-1)).toMatchObject({ role: 'tool', content: 'gold' })
  })

  it('ends an AI gather with status `invalid` and its partial result when the model ends the call', async () => {
    await using llm = await model([
      {
        content: 'Goodbye.',
        calls: [
          ['record_answers', { name: 'Anna' }],
          ['hangup', {}],
        ],
      },
    ])
    await using kit = await testSimulator({
      settings: { ai: { model: { baseUrl: llm.baseUrl }, toolTimeoutMs: 60_000 } },
    })
    const caller = await kit.answeredCall()
    await kit.client.calls.actions.gatherUsingAI(caller.id, {
      parameters: {
        type: 'object',
        properties: { name: { type: 'string' }, age: { type: 'integer' } },
        required: ['name', 'age'],
      },
      assistant: { tools: [{ type: 'hangup', hangup: {} }] },
    })
    await kit.clock.settle()
    await caller.say('Anna, and that is all you get')
    await kit.clock.runUntil(caller.waitFor('call.hangup'))
    expect(kit.story().slice(-3)).toEqual([
      'call.ai_gather.ended(invalid)',
      'call.conversation.ended',
      'call.hangup(normal_clearing)',
    ])
    expect(kit.emitted.at(-3)?.payload.result).toEqual({ name: 'Anna' })
  })
})
