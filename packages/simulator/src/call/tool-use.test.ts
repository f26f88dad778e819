/** Tools of an AI, from the command to the model and back: with a model on a socket, and a program whose tools it calls. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Activity, SimulatorOptions } from '../index.ts'
import { testSimulator } from '../testing/simulator.test-kit.ts'

interface Asked {
  messages: { role: string; content: string; tool_call_id?: string; tool_calls?: unknown[] }[]
  tools?: { function: { name: string; parameters: Record<string, unknown> } }[]
}
interface Said {
  content?: string
  calls?: [name: string, given: Record<string, unknown>][]
}

/** A server on a socket, which answers each JSON request. */
async function server(
  answer: (body: unknown, request: IncomingMessage) => { status?: number; text: string } | 'never',
) {
  const http = createServer((incoming, outgoing) => {
    let text = ''
    incoming.on('data', (chunk) => (text += String(chunk)))
    incoming.on('end', () => {
      const made = answer(text === '' ? null : JSON.parse(text), incoming)
      if (made !== 'never') outgoing.writeHead(made.status ?? 200).end(made.text)
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

/** An OpenAI-compatible endpoint that says its lines one after the other. */
async function model(lines: Said[]) {
  const asked: Asked[] = []
  const http = await server((body) => {
    asked.push(body as Asked)
    const { content = '', calls = [] } = lines[Math.min(asked.length, lines.length) - 1] ?? {}
    const tool_calls = calls.map(([name, given], index) => ({
      id: `call_${asked.length}_${index}`,
      type: 'function',
      function: { name, arguments: JSON.stringify(given) },
    }))
    return { text: JSON.stringify({ choices: [{ message: { role: 'assistant', content, tool_calls } }] }) }
  })
  return { asked, baseUrl: `${http.origin}/v1`, [Symbol.asyncDispose]: () => http[Symbol.asyncDispose]() }
}

/** An answered call with an assistant that was given `tools`. */
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
  const heard = () => trace.flatMap((one) => (one.type === 'prompt.started' ? [one.text] : []))
  const used = () => trace.flatMap((one) => (one.type === 'tool' ? [`${one.tool}: ${one.summary}`] : []))
  return { ...kit, caller, trace, heard, used }
}

/** What the model was told by its tools. */
const told = ({ messages }: Asked) => messages.filter(({ role }) => role === 'tool').map(({ content }) => content)

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
  it('webhook: is called as it is described, and its answer goes to the model', async () => {
    const seen: unknown[] = []
    await using shop = await server((body, { method, url, headers }) => {
      const { 'x-shop': own, 'content-type': type, 'x-telnyx-call-control-id': id } = headers
      seen.push({ method, url, own, type, id, body })
      return { text: '{"left":3}' }
    })
    await using mind = await model([
      { content: 'One moment.', calls: [['stock', { item: 'red shoe', size: 41, colour: 'red', other: 1 }]] },
      { content: 'There are three.' },
    ])
    const tool = stock(`${shop.origin}/items/{item}`, { preset_body_fields: { from: 'phone' } })
    await using line = await assistantWith([tool], mind.baseUrl)
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
    expect(mind.asked[0]?.tools?.map(({ function: { name } }) => name)).toEqual(['stock'])
    expect(mind.asked[1]?.messages.slice(-2)).toMatchObject([
      { role: 'assistant', tool_calls: [{ id: 'call_1_0', function: { name: 'stock' } }] },
      { role: 'tool', tool_call_id: 'call_1_0', content: '{"left":3}' },
    ])
    expect(line.heard()).toEqual(['One moment.', 'There are three.'])
    expect(line.used()).toEqual(['stock: 200'])
  })

  it.each([
    ['fails', { status: 500, text: 'down' }, undefined, /It answered 500: down/],
    ['does not answer in time', 'never', 50, /no answer within 50 ms/],
    ['redirects', { status: 302, text: '' }, undefined, /It answered 302/],
  ] as const)('webhook that %s: the model is told so', async (_, answer, timeout_ms, expected) => {
    await using shop = await server(() => answer)
    await using mind = await model([{ calls: [['stock', { item: 'a' }]] }, { content: 'Sorry.' }])
    await using line = await assistantWith([stock(`${shop.origin}/{item}`, {}, { timeout_ms })], mind.baseUrl)
    await line.caller.say('And now?')
    await line.clock.runUntil(line.caller.waitForPrompt('Sorry'))
    expect(mind.asked.flatMap(told)).toEqual([expect.stringMatching(expected)])
  })

  it('webhook: gives a model 64 KiB of an answer, and no more', async () => {
    await using shop = await server(() => ({ text: 'x'.repeat(1_000_000) }))
    await using mind = await model([{ calls: [['stock', { item: 'a' }]] }, { content: 'Much.' }])
    await using line = await assistantWith([stock(`${shop.origin}/{item}`)], mind.baseUrl)
    await line.caller.say('All of it')
    await line.clock.runUntil(line.caller.waitForPrompt('Much'))
    expect(mind.asked.flatMap(told).map(({ length }) => length)).toEqual([65_536])
  })

  it('webhook: stays on this machine, and needs what its URL names', async () => {
    await using mind = await model([
      {
        calls: [
          ['stock', { item: 'a' }],
          ['stock', {}],
          ['nothing', {}],
        ],
      },
      { content: 'I cannot.' },
    ])
    await using line = await assistantWith([stock('https://shop.example/{item}')], mind.baseUrl)
    await line.caller.say('Look it up')
    await line.clock.runUntil(line.caller.waitForPrompt('I cannot'))
    expect(mind.asked.flatMap(told)).toEqual([
      expect.stringMatching(/Webhooks stay on this machine/),
      expect.stringMatching(/Its URL needs item/),
      expect.stringMatching(/There is no tool "nothing"/),
    ])
  })

  const transfer = {
    type: 'transfer',
    transfer: { from: '+15550190', targets: [{ name: 'Support', to: '+15550191' }] },
  }

  it('transfer: rings the target, joins the legs, and the AI leaves', async () => {
    await using mind = await model([{ content: 'I put you through.', calls: [['transfer', { to: 'support' }]] }])
    await using line = await assistantWith([transfer], mind.baseUrl)
    await line.caller.say('A human, please')
    await line.clock.runUntil(line.caller.waitFor('call.conversation.ended'))
    expect(mind.asked[0]?.tools?.[0]?.function.parameters).toMatchObject({
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

  it('transfer that nobody answers, or to a number that is no target: the AI goes on', async () => {
    await using mind = await model([
      {
        calls: [
          ['transfer', { to: '+15559999' }],
          ['transfer', { to: '+15550191' }],
        ],
      },
      { content: 'They are not there.' },
    ])
    await using line = await assistantWith([transfer], mind.baseUrl, { leg: { callees: { '+15550191': 'busy' } } })
    await line.caller.say('A human, please')
    await line.clock.runUntil(line.caller.waitForPrompt('They are not there'))
    expect(line.sim.calls().map(({ to }) => to)).toEqual(['+15550199', '+15550191'])
    expect(mind.asked.flatMap(told)).toEqual([
      expect.stringMatching(/none of the targets/),
      expect.stringMatching(/Nobody answered there/),
    ])
  })

  it('send_dtmf presses keys, hangup ends the call after the last words', async () => {
    await using mind = await model([
      { calls: [['send_dtmf', { digits: '12#' }]] },
      { content: 'Goodbye.', calls: [['hangup', {}]] },
    ])
    await using line = await assistantWith(
      [
        { type: 'send_dtmf', send_dtmf: {} },
        { type: 'hangup', hangup: {} },
      ],
      mind.baseUrl,
    )
    await line.caller.say('Press 12 and leave')
    await line.clock.runUntil(line.caller.waitFor('call.hangup'))
    expect(line.trace).toContainEqual(expect.objectContaining({ type: 'dtmf.sent', digits: '12#' }))
    expect(line.heard()).toEqual(['Goodbye.'])
  })

  it.each(['retrieval', 'check_availability', 'book_appointment', 'handoff', 'refer'])(
    '%s: is offered, and the model is told that the simulator does not do it',
    async (type) => {
      await using mind = await model([{ calls: [[type, {}]] }, { content: 'I cannot do that.' }])
      await using line = await assistantWith([{ type, [type]: {} }], mind.baseUrl)
      await line.caller.say('Please')
      await line.clock.runUntil(line.caller.waitForPrompt('I cannot'))
      expect(mind.asked.flatMap(told)).toEqual([expect.stringContaining(`does not carry out tools of type "${type}"`)])
      expect(line.used()).toEqual([`${type}: The simulator does not carry out tools of type "${type}".`])
    },
  )

  it('is called five rounds a turn at most: then the model has to say something', async () => {
    await using mind = await model([{ calls: [['send_dtmf', { digits: '1' }]] }])
    await using line = await assistantWith([{ type: 'send_dtmf', send_dtmf: {} }], mind.baseUrl)
    await line.caller.say('For ever')
    await line.clock.runUntil(line.caller.waitForPrompt('say that again'))
    expect(mind.asked).toHaveLength(6)
    expect(mind.asked.map(({ tools = [] }) => tools.length)).toEqual([1, 1, 1, 1, 1, 0])
  })

  it('works in an AI gather too, beside the function that records answers', async () => {
    await using shop = await server(() => ({ text: 'gold' }))
    await using mind = await model([
      {
        calls: [
          ['record_answers', { name: 'Anna' }],
          ['stock', { item: 'anna' }],
        ],
      },
      { calls: [['record_answers', { level: 'gold' }]] },
    ])
    await using kit = await testSimulator({
      settings: { ai: { model: { baseUrl: mind.baseUrl }, toolTimeoutMs: 60_000 } },
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
    expect(mind.asked[1]?.messages.at(-1)).toMatchObject({ role: 'tool', content: 'gold' })
  })

  it('leaves an AI gather with what there is when the model hangs up', async () => {
    await using mind = await model([
      {
        content: 'Goodbye.',
        calls: [
          ['record_answers', { name: 'Anna' }],
          ['hangup', {}],
        ],
      },
    ])
    await using kit = await testSimulator({
      settings: { ai: { model: { baseUrl: mind.baseUrl }, toolTimeoutMs: 60_000 } },
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
