/** What is emitted, and in which order, for each AI command and each way it can end. */
import { describe, expect, it } from 'vitest'
import type { Caller } from '../index.ts'
import type { SimulatorOptions } from '../simulator/simulator.ts'
import { type TestSimulator, testSimulator } from '../testing/simulator.test-kit.ts'

const person = {
  type: 'object',
  properties: {
    age: { type: 'integer', description: 'The age of the customer.' },
    city: { type: 'string', description: 'The city the customer lives in.' },
  },
  required: ['age', 'city'],
}

type AiBody = Parameters<TestSimulator['client']['calls']['actions']['gatherUsingAI']>[1]

const askPerson = ({ client }: TestSimulator, { id }: Caller, more: Partial<AiBody> = {}) =>
  client.calls.actions.gatherUsingAI(id, { parameters: person, ...more })

async function started(options: SimulatorOptions['settings'] = {}) {
  const test = await testSimulator({ settings: options })
  const caller = await test.answeredCall()
  return { test, caller, told: () => test.story().slice(2) }
}

const HUNG_UP = 'call.hangup(normal_clearing)'

describe('gather_using_ai', () => {
  it('ends valid with all that is required, then ends the conversation', async () => {
    const { test, caller, told } = await started()
    await using _ = test
    const answer = await askPerson(test, caller)
    await test.clock.advance(20_000)
    await caller.say("I'm 29")
    await test.clock.advance(10_000)
    await caller.say('Paris')
    await test.clock.advance(20_000)
    expect(told()).toEqual(['call.conversation.created', 'call.ai_gather.ended(valid)', 'call.conversation.ended'])
    const [, ended, over] = test.emitted.slice(2)
    expect(ended?.payload.result).toEqual({ age: 29, city: 'Paris' })
    expect(answer.data?.conversation_id).toBe(over?.payload.conversation_id)
    expect(ended?.payload).not.toHaveProperty('conversation_id')
    expect(caller.view.state).toBe('answered')
    expect(caller.view.collecting).toBeNull()
  })

  it('sends history and partial results when asked, each history a whole one', async () => {
    const { test, caller, told } = await started()
    await using _ = test
    await askPerson(test, caller, {
      send_partial_results: true,
      send_message_history_updates: true,
      greeting: 'Hello! How old are you?',
    })
    await test.clock.advance(9000)
    await caller.say('{"age":29,"city":"Paris"}')
    await test.clock.advance(20_000)
    const types = told()
    expect(types[0]).toBe('call.conversation.created')
    expect(types.slice(-2)).toEqual(['call.ai_gather.ended(valid)', 'call.conversation.ended'])
    expect(types).toContain('call.ai_gather.partial_results')
    const histories = test.emitted
      .filter(({ event_type }) => event_type === 'call.ai_gather.message_history_updated')
      .map(({ payload }) => payload.message_history as { role: string; content: string }[])
    expect(histories.length).toBeGreaterThanOrEqual(2)
    expect(histories[0]?.[0]).toMatchObject({ role: 'assistant', content: 'Hello! How old are you?' })
    for (const [index, history] of histories.entries())
      expect(history.slice(0, histories[index - 1]?.length ?? 0)).toEqual(histories[index - 1] ?? [])
  })

  it('ends invalid with what it has when the caller says nothing more', async () => {
    const { test, caller, told } = await started()
    await using _ = test
    await askPerson(test, caller, { user_response_timeout_ms: 4000 })
    await test.clock.advance(8000)
    await caller.say("I'm 29")
    await test.clock.advance(120_000)
    expect(told()).toEqual(['call.conversation.created', 'call.ai_gather.ended(invalid)', 'call.conversation.ended'])
    expect(test.emitted[3]?.payload.result).toEqual({ age: 29 })
  })

  it('A5: may give up with client_error and nothing', async () => {
    const { test, caller, told } = await started({ ai: { gaveUpStatus: 'client_error' } })
    await using _ = test
    await askPerson(test, caller, { user_response_timeout_ms: 1000 }).catch(() => {})
    await test.clock.advance(120_000)
    expect(test.emitted.find(({ event_type }) => event_type === 'call.ai_gather.ended')?.payload).toMatchObject({
      status: 'client_error',
      result: null,
    })
    expect(told()).toHaveLength(3)
    // `client_error` is what a user saw, not what the contract lists: the kit's check is expected to object.
    test.forgive('client_error')
  })

  it('A11: is ended by ai_assistant_stop and not by gather_stop', async () => {
    const { test, caller, told } = await started()
    await using _ = test
    await askPerson(test, caller)
    await test.client.calls.actions.stopGather(caller.id, {})
    expect(caller.view.collecting?.kind).toBe('ai_gather')
    await test.client.calls.actions.stopAIAssistant(caller.id, {})
    await test.clock.advance(20_000)
    expect(told()).toEqual(['call.conversation.created', 'call.ai_gather.ended(invalid)', 'call.conversation.ended'])
  })

  it('A11: may be ended by gather_stop', async () => {
    const { test, caller } = await started({ ai: { gatherStopEndsAiGather: true } })
    await using _ = test
    await askPerson(test, caller)
    await test.client.calls.actions.stopGather(caller.id, {})
    expect(caller.view.collecting).toBeNull()
  })

  it('A12, A13: keys are reported, and a hangup ends it before the call', async () => {
    const { test, caller, told } = await started()
    await using _ = test
    await askPerson(test, caller)
    await caller.press('5')
    await caller.hangUp()
    await test.clock.advance(20_000)
    expect(told()).toEqual([
      'call.conversation.created',
      'call.dtmf.received(5)',
      'call.ai_gather.ended(invalid)',
      'call.conversation.ended',
      HUNG_UP,
    ])
    expect(test.emitted.at(-2)?.payload.reason).toBe('customer_disconnect')
  })

  it('A2: is refused while a conversation runs, or replaces it', async () => {
    const { test, caller } = await started()
    await using _ = test
    await askPerson(test, caller)
    await expect(askPerson(test, caller)).rejects.toMatchObject({ status: 422, error: { errors: [{ code: '90061' }] } })
    const other = await started({ ai: { secondConversation: 'replace' } })
    await using __ = other.test
    await askPerson(other.test, other.caller)
    await askPerson(other.test, other.caller)
    expect(other.told()).toEqual([
      'call.conversation.created',
      'call.ai_gather.ended(invalid)',
      'call.conversation.ended',
      'call.conversation.created',
    ])
  })

  it('A3: conversation.created may not exist', async () => {
    const { test, caller, told } = await started({ ai: { emitConversationCreated: false } })
    await using _ = test
    await askPerson(test, caller)
    expect(told()).toEqual([])
  })

  it('refuses parameters that are no JSON Schema', async () => {
    const { test, caller } = await started()
    await using _ = test
    await expect(
      askPerson(test, caller, { parameters: { type: 'object', properties: { a: { type: 'nonsense' } } } }),
    ).rejects.toMatchObject({
      status: 422,
      error: { errors: [{ source: { pointer: '/parameters' } }] },
    })
  })
})

describe('an AI assistant', () => {
  it('converses until it is stopped; the call stays up, and insights follow later', async () => {
    const { test, caller, told } = await started()
    await using _ = test
    const { client, clock } = test
    await client.calls.actions.startAIAssistant(caller.id, {
      greeting: 'Hello, how can I help?',
      send_message_history_updates: true,
      assistant: { id: 'assistant-1' },
    })
    await clock.advance(5000)
    await caller.say('What are your opening hours?')
    await clock.advance(10_000)
    await client.calls.actions.addAIAssistantMessages(caller.id, {
      messages: [{ role: 'system', content: 'The caller is a VIP.' }],
    })
    await client.calls.actions.stopAIAssistant(caller.id, {})
    const beforeInsights = told()
    expect(beforeInsights[0]).toBe('call.conversation.created')
    expect(beforeInsights.at(-1)).toBe('call.conversation.ended')
    expect(
      beforeInsights.filter((type) => type === 'call.ai_gather.message_history_updated').length,
    ).toBeGreaterThanOrEqual(3)
    await clock.advance(10_000)
    expect(told().slice(beforeInsights.length)).toEqual(['call.conversation_insights.generated'])
    expect(caller.view.state).toBe('answered')
  })

  it('A2: is one a call (90061), and may be started anew once it has ended', async () => {
    const { test, caller } = await started()
    await using _ = test
    const { actions } = test.client.calls
    await actions.startAIAssistant(caller.id, {})
    await expect(actions.startAIAssistant(caller.id, {})).rejects.toMatchObject({
      status: 422,
      error: { errors: [{ code: '90061' }] },
    })
    await actions.stopAIAssistant(caller.id, {})
    await actions.startAIAssistant(caller.id, {})
    expect(caller.view.collecting?.kind).toBe('assistant')
  })

  it('A9: stop and add_messages without one are refused, or nothing', async () => {
    const { test, caller } = await started()
    await using _ = test
    await expect(test.client.calls.actions.stopAIAssistant(caller.id, {})).rejects.toMatchObject({
      status: 422,
      error: { errors: [{ code: '10027' }] },
    })
    await expect(test.client.calls.actions.addAIAssistantMessages(caller.id, { messages: [] })).rejects.toMatchObject({
      status: 422,
    })
    const lenient = await started({ ai: { noAssistant: 'ok' } })
    await using __ = lenient.test
    await expect(lenient.test.client.calls.actions.stopAIAssistant(lenient.caller.id, {})).resolves.toEqual({
      data: { result: 'ok' },
    })
  })

  it('A10: trigger_response makes it speak at once', async () => {
    const { test, caller } = await started()
    await using _ = test
    await test.client.calls.actions.startAIAssistant(caller.id, {})
    await test.client.calls.actions.addAIAssistantMessages(caller.id, {
      messages: [{ role: 'user', content: 'Tell me a joke' }],
      trigger_response: true,
    })
    expect(caller.view.speaking).not.toBeNull()
  })

  it('ends with the call, and its insights come after the hangup', async () => {
    const { test, caller, told } = await started()
    await using _ = test
    await test.client.calls.actions.startAIAssistant(caller.id, {})
    await caller.hangUp()
    await test.clock.advance(10_000)
    expect(told()).toEqual([
      'call.conversation.created',
      'call.conversation.ended',
      HUNG_UP,
      'call.conversation_insights.generated',
    ])
  })

  it('may come with the answer', async () => {
    const test = await testSimulator()
    await using _ = test
    const caller = await test.sim.phone.dial()
    await test.client.calls.actions.answer(caller.id, { assistant: { id: 'assistant-7', greeting: 'Welcome!' } })
    expect(caller.view.speaking?.text).toBe('Welcome!')
    expect(caller.view.collecting?.kind).toBe('assistant')
  })

  it('has participants from the start, whose hangup may end it', async () => {
    const test = await testSimulator()
    await using _ = test
    const first = await test.answeredCall()
    const second = await test.answeredCall()
    const participants = [{ id: second.id, role: 'user' as const, on_hangup: 'end_conversation' as const }]
    await test.client.calls.actions.startAIAssistant(first.id, { participants, send_message_history_updates: true })
    await second.say('I am here too')
    expect(JSON.stringify(test.emitted.at(-1)?.payload.message_history)).toContain('I am here too')
    await second.hangUp()
    expect(test.story().slice(-2)).toEqual(['call.hangup(normal_clearing)', 'call.conversation.ended'])
    expect(first.view).toMatchObject({ state: 'answered', collecting: null })
  })

  it('is joined by another leg, whose words it hears', async () => {
    const test = await testSimulator()
    await using _ = test
    const first = await test.answeredCall()
    const second = await test.answeredCall()
    const { data } = await test.client.calls.actions.startAIAssistant(first.id, { send_message_history_updates: true })
    const conversation_id = data?.conversation_id ?? ''
    await test.client.calls.actions.joinAIAssistant(second.id, {
      conversation_id,
      participant: { id: second.id, role: 'user' },
    })
    await second.say('Hello from the other line')
    const update = test.emitted.findLast(({ event_type }) => event_type === 'call.ai_gather.message_history_updated')
    expect(update?.payload.call_control_id).toBe(first.id)
    expect(JSON.stringify(update?.payload.message_history)).toContain('Hello from the other line')
  })
})
