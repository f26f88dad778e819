/** Runs the server against the simulator with real signatures, real deliveries and the official SDK. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { foldCall, selectCallPhase, selectConversation, selectGather } from '@callgather/protocol'
import { createSimulator } from '@callgather/simulator'
import { python, sendEightCommands } from '@callgather/test-kit/python'
import { pino } from 'pino'
import Telnyx from 'telnyx'
import { describe, expect, it, vi } from 'vitest'
import { memoryStore } from '../store/memory/memory-store.ts'
import { SECRET } from '../testing/server.ts'
import { createGatherServer } from './create-gather-server.ts'

async function stage() {
  const sim = await createSimulator({ settings: { speech: { wordsPerMinute: 3000 } } as never }).catch(() =>
    createSimulator(),
  )
  const store = memoryStore()
  const gather = createGatherServer({
    telnyx: { apiKey: 'KEY-test', publicKey: sim.publicKey, baseUrl: sim.url },
    tickets: { secret: SECRET },
    store,
    policy: { mediaHosts: ['media.example.com'] },
    logger: pino({ level: 'silent' }),
  })
  const server = createServer()
  gather.attach(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${gather.basePath}`
  sim.setWebhookUrl(`${url}/webhooks`)
  const ours = new Telnyx({ apiKey: 'KEY-test', baseURL: sim.url })
  return {
    sim,
    gather,
    url,
    state: async (id: string) => gather.call(id).state(),
    /** Starts an answered call, and creates a Telnyx SDK client with our base URL and a ticket as its API key. */
    async answered() {
      const caller = await sim.phone.dial()
      await ours.calls.actions.answer(caller.id, {})
      await vi.waitFor(async () => expect(selectCallPhase(await gather.call(caller.id).state())).toBe('answered'))
      const ticket = await gather.issueTicket({
        subject: 'agent-7',
        calls: [caller.id],
        scopes: ['view', 'gather', 'assistant'],
      })
      return { caller, client: new Telnyx({ apiKey: ticket, baseURL: `${url}/v2` }) }
    },
    async [Symbol.asyncDispose]() {
      await gather.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await sim.close()
    },
  }
}

describe('the official SDK with a ticket', () => {
  it('runs the digit gathers of the official SDK and logs every key press', async () => {
    await using it = await stage()
    const { caller, client } = await it.answered()
    const { actions } = client.calls

    expect(
      await actions.gatherUsingSpeak(caller.id, { payload: 'PIN', voice: 'female', maximum_digits: 4 }),
    ).toMatchObject({ data: { result: 'ok' } })
    await caller.press('5503')
    await vi.waitFor(async () => {
      expect(selectGather(await it.state(caller.id))).toMatchObject({
        status: 'ended',
        outcome: 'valid',
        digits: '5503',
      })
    })

    await actions.gatherUsingAudio(caller.id, { audio_url: 'https://media.example.com/menu.mp3', maximum_digits: 1 })
    await caller.press('2')
    await vi.waitFor(async () => {
      expect(selectGather(await it.state(caller.id))).toMatchObject({
        command: 'gather_using_audio',
        outcome: 'valid',
        digits: '2',
      })
    })

    await actions.gather(caller.id, { maximum_digits: 9 })
    await caller.press('12')
    await actions.stopGather(caller.id, {})
    await vi.waitFor(async () => {
      expect(selectGather(await it.state(caller.id))).toMatchObject({
        command: 'gather',
        outcome: 'cancelled',
        digits: '12',
      })
    })
    const events = await fetch(`${it.url}/calls/${encodeURIComponent(caller.id)}/events`, {
      headers: { authorization: `Bearer ${client.apiKey}` },
    })
    const { data } = (await events.json()) as { data: { event: never }[] }
    const state = foldCall(
      caller.id,
      data.map(({ event }) => event),
    )
    expect(state.gathers.size).toBe(3)
    expect(JSON.stringify(state)).toBe(JSON.stringify(await it.state(caller.id)))
  })

  it('runs an AI gather and an assistant with the official SDK', async () => {
    await using it = await stage()
    const { caller, client } = await it.answered()
    const { actions } = client.calls
    const begun = await actions.gatherUsingAI(caller.id, {
      greeting: 'Hello.',
      parameters: { type: 'object', properties: { age: { type: 'integer' } }, required: ['age'] },
    })
    expect(begun.data?.conversation_id).toMatch(/^[0-9a-f-]{36}$/)
    await vi.waitFor(async () => expect(selectConversation(await it.state(caller.id))?.length).toBeGreaterThan(0))
    await caller.say('I am 29')
    await vi.waitFor(
      async () =>
        expect(selectGather(await it.state(caller.id))).toMatchObject({
          kind: 'fields',
          outcome: 'valid',
          result: { age: 29 },
        }),
      { timeout: 15_000 },
    )
    await vi.waitFor(async () => expect(selectConversation(await it.state(caller.id))?.status).toBe('ended'), {
      timeout: 10_000,
    })

    await actions.startAIAssistant(caller.id, { assistant: { id: 'assistant-demo' }, greeting: 'How can I help?' })
    await vi.waitFor(async () => expect(selectConversation(await it.state(caller.id))?.length).toBeGreaterThan(0), {
      timeout: 10_000,
    })
    await actions.addAIAssistantMessages(caller.id, {
      messages: [{ role: 'system', content: 'Offer Thursday first.' }],
    })
    await actions.stopAIAssistant(caller.id, {})
    await vi.waitFor(
      async () =>
        expect(selectConversation(await it.state(caller.id))).toMatchObject({
          command: 'ai_assistant_start',
          status: 'ended',
        }),
      { timeout: 10_000 },
    )
    const state = await it.state(caller.id)
    expect(state.conversations.size).toBe(2)
    expect(state.gathers.size).toBe(1)
  }, 40_000)

  it('the official SDK receives the server’s denials as Telnyx errors', async () => {
    await using it = await stage()
    const { caller, client } = await it.answered()
    const { actions } = client.calls
    await expect(actions.gather(caller.id, { maximum_digits: 0 })).rejects.toMatchObject({
      status: 422,
      error: { errors: [{ code: '90023', source: { pointer: '/maximum_digits' } }] },
    })
    await expect(actions.gather('v3:somebody-elses-call-00', {})).rejects.toMatchObject({
      status: 404,
      error: { errors: [{ code: '10005' }] },
    })
    await caller.hangUp()
    await vi.waitFor(async () => expect(selectCallPhase(await it.state(caller.id))).toBe('ended'))
    await expect(actions.gather(caller.id, {})).rejects.toMatchObject({
      status: 422,
      error: { errors: [{ code: '90018' }] },
    })
  })
})

describe('a backend flow', () => {
  it('resolves the `ended` promise of a gather when the gather ends or the caller hangs up', async () => {
    await using it = await stage()
    const { caller } = await it.answered()
    const run = it.gather.call(caller.id).gatherUsingSpeak({ payload: 'PIN', voice: 'female', maximum_digits: 2 })
    await run.accepted
    await caller.press('42')
    expect(await run.ended).toMatchObject({ status: 'valid', digits: '42' })
    const next = it.gather.call(caller.id).gather({ maximum_digits: 2 })
    await next.accepted
    await caller.hangUp()
    expect(await next.ended).toMatchObject({ status: 'call_hangup' })
  })
})

describe('a Python program with a ticket', () => {
  it.runIf(python)(
    'the eight gather and AI commands of a Python program reach the call with their bodies',
    async () => {
      await using it = await stage()
      const { caller, client } = await it.answered()
      const commands: unknown[] = []
      it.sim.watch((activity) => commands.push(activity), ['command'])
      const sent = await sendEightCommands(client.baseURL, String(client.apiKey), caller.id)
      expect(sent.map(({ name, status, answer }) => [name, status, answer])).toEqual(
        sent.map(({ name }) => [name, 200, { data: expect.objectContaining({ result: 'ok' }) }]),
      )
      expect(sent).toHaveLength(8)
      // The server also stops each gather before the next one.
      for (const { name, body } of sent)
        expect(commands).toContainEqual(
          expect.objectContaining({
            command: name,
            body: expect.objectContaining(body),
            call_id: caller.id,
            status: 200,
          }),
        )
    },
  )
})
