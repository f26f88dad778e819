/** Stored assistants: their endpoints, and the calls and chats that use them. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { testSimulator } from '../testing/simulator.test-kit.ts'

const receptionist = {
  name: 'Receptionist',
  instructions: 'You take bookings for {{place}}.',
  greeting: 'Welcome to {{place}}.',
  model: 'openai/gpt-4o',
  dynamic_variables: { place: 'Northside Clinic' },
  tools: [{ type: 'hangup' as const, hangup: {} }],
  voice_settings: { voice: 'AWS.Polly.Joanna-Neural' },
}

describe('stored assistants', () => {
  it('creates, lists, updates, clones and deletes an assistant, without a data envelope', async () => {
    await using test = await testSimulator({ seed: 'assistants' })
    const { assistants } = test.client.ai
    const created = await assistants.create(receptionist)
    expect(created).toMatchObject({ ...receptionist, enabled_features: ['telephony'] })
    expect(created.id).toMatch(/^assistant-[0-9a-f-]{36}$/)
    expect(await assistants.retrieve(created.id)).toEqual(created)
    const updated = await assistants.update(created.id, { greeting: 'Good day.' })
    expect(updated).toMatchObject({ id: created.id, name: 'Receptionist', greeting: 'Good day.' })
    const copy = await assistants.clone(created.id)
    expect(copy).toMatchObject({ greeting: 'Good day.', name: 'Receptionist (copy)' })
    expect((await assistants.list()).data.map(({ id }) => id)).toEqual([created.id, copy.id])
    expect(await assistants.delete(created.id)).toEqual({ id: created.id, object: 'assistant', deleted: true })
    await expect(assistants.retrieve(created.id)).rejects.toMatchObject({ status: 404 })
    await expect(assistants.update(created.id, { name: 'x' })).rejects.toMatchObject({ status: 404 })
    await using again = await testSimulator({ seed: 'assistants' })
    expect((await again.client.ai.assistants.create(receptionist)).id).toBe(created.id)
  })

  it.each([
    [{ name: 'A' }, '10004', '/instructions'],
    [{ name: '', instructions: 'B' }, '10004', '/name'],
    [{ name: 'A', instructions: 'B', tools: 'hangup' }, '10026', '/tools'],
    [{ name: 'A', instructions: 'B', enabled_features: ['fax'] }, '10032', '/enabled_features/0'],
  ])('refuses the assistant %j with 422 and code %s at %s', async (body, code, pointer) => {
    await using test = await testSimulator()
    const creating = test.client.ai.assistants.create(body as Parameters<typeof test.client.ai.assistants.create>[0])
    await expect(creating).rejects.toMatchObject({ status: 422, error: { errors: [{ code, source: { pointer } }] } })
    expect((await test.client.ai.assistants.list()).data).toEqual([])
  })

  it('ai_assistant_start with the id of a stored assistant uses its greeting, model, tools and voice', async () => {
    await using test = await testSimulator()
    const { id } = await test.client.ai.assistants.create(receptionist)
    const caller = await test.answeredCall()
    await test.client.calls.actions.startAIAssistant(caller.id, { assistant: { id } })
    await test.clock.advance(10_000)
    expect(caller.view.transcript.map(({ text }) => text)).toEqual(['Welcome to Northside Clinic.'])
    await caller.say('Goodbye')
    await test.clock.advance(20_000)
    expect(caller.view.state).toBe('ended')
    const ended = test.emitted.find(({ event_type }) => event_type === 'call.conversation.ended')
    expect(ended?.payload).toMatchObject({
      assistant_id: id,
      llm_model: 'openai/gpt-4o',
      tts_provider: 'aws',
      tts_voice_id: 'Joanna-Neural',
    })
  })

  it('values in the command take precedence over the stored assistant', async () => {
    await using test = await testSimulator()
    const { id } = await test.client.ai.assistants.create(receptionist)
    const caller = await test.answeredCall()
    const body = {
      assistant: { id, greeting: 'Hello from {{place}}.', dynamic_variables: { place: 'the desk' } },
      voice: 'Telnyx.KokoroTTS.af',
    }
    await test.client.calls.actions.startAIAssistant(caller.id, body)
    await test.clock.advance(10_000)
    await caller.hangUp()
    expect(caller.view.transcript.map(({ text }) => text)).toEqual(['Hello from the desk.'])
    const ended = test.emitted.find(({ event_type }) => event_type === 'call.conversation.ended')
    expect(ended?.payload).toMatchObject({ tts_provider: 'telnyx', tts_voice_id: 'af' })
  })

  it('a call answered with the id of a stored assistant speaks its greeting, and with another id stays silent', async () => {
    await using test = await testSimulator()
    const { id } = await test.client.ai.assistants.create(receptionist)
    for (const [assistantId, heard] of [
      [id, ['Welcome to Northside Clinic.']],
      ['assistant-unknown', []],
    ] as const) {
      const caller = await test.sim.phone.dial()
      await test.client.calls.actions.answer(caller.id, { assistant: { id: assistantId } })
      await test.clock.advance(10_000)
      expect(caller.view.collecting?.kind).toBe('assistant')
      expect(caller.view.transcript.map(({ text }) => text)).toEqual(heard)
    }
  })

  it('the chat of an assistant replies without a model with a simulated sentence', async () => {
    await using test = await testSimulator()
    const { id } = await test.client.ai.assistants.create(receptionist)
    const chat = (content: string) => test.client.ai.assistants.chat(id, { content, conversation_id: 'c1' })
    expect((await chat('Are you open?')).content).toMatch(/simulated reply.*Are you open\?$/)
    await expect(
      test.client.ai.assistants.chat('other', { content: 'a', conversation_id: 'c1' }),
    ).rejects.toMatchObject({ status: 404 })
    const wrong = test.client.ai.assistants.chat(id, { messages: [] } as never)
    await expect(wrong).rejects.toMatchObject({
      status: 422,
      error: { errors: [{ code: '10004' }, { code: '10004' }] },
    })
  })

  it('the chat of an assistant sends its instructions and only the earlier messages of the conversation to the model', async () => {
    const requests: { model: string; messages: { role: string; content: string }[] }[] = []
    const answer = async (request: IncomingMessage, response: ServerResponse) => {
      let text = ''
      for await (const chunk of request) text += String(chunk)
      requests.push(JSON.parse(text))
      response.end(JSON.stringify({ choices: [{ message: { content: `Reply ${requests.length}` } }] }))
    }
    const model = createServer((request, response) => {
      answer(request, response).catch(() => response.destroy())
    })
    await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve))
    const baseUrl = `http://127.0.0.1:${(model.address() as AddressInfo).port}/v1`
    try {
      await using test = await testSimulator({ settings: { ai: { model: { baseUrl } } } })
      const { id } = await test.client.ai.assistants.create(receptionist)
      const chat = (content: string, conversation_id: string) =>
        test.client.ai.assistants.chat(id, { content, conversation_id })
      expect((await chat('One', 'c1')).content).toBe('Reply 1')
      await chat('Other', 'c2')
      await chat('Two', 'c1')
      expect(requests[2]?.model).toBe('openai/gpt-4o')
      expect(requests[2]?.messages.map(({ content }) => content)).toEqual([
        receptionist.instructions,
        'One',
        'Reply 1',
        'Two',
      ])
    } finally {
      model.close()
    }
  })
})
