/** Calls every simulated endpoint with three major versions of the official Telnyx SDK. */
import Telnyx7 from 'telnyx'
import Telnyx5 from 'telnyx-5'
import Telnyx6 from 'telnyx-6'
import { expect, it } from 'vitest'
import { type TestSimulator, testSimulator } from '../testing/simulator.test-kit.ts'
import { catalogue } from './catalogue.ts'

type Sdk = typeof Telnyx7

const sdks: [version: number, Telnyx: Sdk][] = [
  [7, Telnyx7],
  [6, Telnyx6 as unknown as Sdk],
  [5, Telnyx5 as unknown as Sdk],
]

/** Endpoints that a version of the SDK has no method for. */
const absent: Record<number, readonly string[]> = {
  7: ['POST /ai/chat/completions', 'GET /ai/models'],
  6: [],
  5: ['POST /calls/:id/actions/ai_assistant_join', 'POST /ai/openai/chat/completions', 'GET /ai/openai/models'],
}

const simulated = catalogue.filter(({ depth }) => depth !== 'none').flatMap(({ endpoints }) => endpoints)

interface Step {
  client: Telnyx7
  test: TestSimulator
  /** The id of an answered call. */
  id: string
  /** Rings a call from outside and returns its id. */
  ring(): Promise<string>
  /** Answers another call and returns its id. */
  other(): Promise<string>
}

const voice = 'female'
const parameters = { type: 'object', properties: { age: { type: 'integer' } }, required: ['age'] }
const chat = { messages: [{ role: 'user' as const, content: 'Hello' }] }
const numbers = { to: '+15550123', from: '+15550199' }
const verification = { phone_number: numbers.to, verify_profile_id: 'p1', custom_code: '12345' }
/** Methods that version 7 no longer has. */
interface OldAi {
  ai: { chat: { createCompletion(body: object): PromiseLike<unknown> }; retrieveModels(): PromiseLike<unknown> }
}
const old = (client: Telnyx7) => client as unknown as OldAi
const first = async (list: PromiseLike<{ data: { id?: string }[] }>) => (await list).data[0]?.id ?? ''
const createAssistant = async (client: Telnyx7) =>
  (await client.ai.assistants.create({ name: 'Desk', instructions: 'Be brief.', model: 'openai/gpt-4o' })).id
const startConference = async ({ client, other }: Step) =>
  (await client.conferences.create({ call_control_id: await other(), name: `room ${Math.random()}` })).data?.id ?? ''

/** One call of the SDK for each simulated endpoint, in an order that prepares the state for later ones. */
const steps: Record<string, (step: Step) => PromiseLike<unknown>> = {
  'POST /calls': ({ client }) => client.calls.dial({ ...numbers, connection_id: '1' }),
  'GET /calls/:id': ({ client, id }) => client.calls.retrieveStatus(id),
  'GET /call_events': ({ client }) => client.callEvents.list(),
  'GET /webhook_deliveries': ({ client }) => client.webhookDeliveries.list(),
  'GET /webhook_deliveries/:id': async ({ client }) =>
    client.webhookDeliveries.retrieve(await first(client.webhookDeliveries.list())),
  'GET /public_key': ({ client }) => client.get('/public_key'),
  ...calls({
    answer: async (actions, { ring }) => actions.answer(await ring(), {}),
    reject: async (actions, { ring }) => actions.reject(await ring(), { cause: 'CALL_REJECTED' }),
    gather: (actions, { id }) => actions.gather(id, {}),
    gather_using_audio: (actions, { id }) => actions.gatherUsingAudio(id, { media_name: 'pin' }),
    gather_using_speak: (actions, { id }) => actions.gatherUsingSpeak(id, { payload: 'PIN?', voice }),
    gather_stop: (actions, { id }) => actions.stopGather(id, {}),
    gather_using_ai: (actions, { id }) => actions.gatherUsingAI(id, { parameters }),
    ai_assistant_stop: (actions, { id }) => actions.stopAIAssistant(id, {}),
    ai_assistant_start: (actions, { id }) => actions.startAIAssistant(id, {}),
    ai_assistant_add_messages: (actions, { id }) =>
      actions.addAIAssistantMessages(id, { messages: [{ role: 'user', content: 'Hello' }] }),
    ai_assistant_join: async (actions, { other }) => {
      const [host, guest] = [await other(), await other()]
      const { data } = await actions.startAIAssistant(host, {})
      const participant = { id: guest, role: 'user' } as const
      return actions.joinAIAssistant(guest, { conversation_id: data?.conversation_id ?? '', participant })
    },
    speak: (actions, { id }) => actions.speak(id, { payload: 'Hello', voice }),
    playback_start: (actions, { id }) => actions.startPlayback(id, { audio_url: 'https://example.com/a.wav' }),
    playback_stop: (actions, { id }) => actions.stopPlayback(id, {}),
    send_dtmf: (actions, { id }) => actions.sendDtmf(id, { digits: '1w2' }),
    record_start: (actions, { id }) => actions.startRecording(id, { channels: 'single', format: 'mp3' }),
    record_pause: (actions, { id }) => actions.pauseRecording(id, {}),
    record_resume: (actions, { id }) => actions.resumeRecording(id, {}),
    record_stop: (actions, { id }) => actions.stopRecording(id, {}),
    transcription_start: (actions, { id }) => actions.startTranscription(id, {}),
    transcription_stop: (actions, { id }) => actions.stopTranscription(id, {}),
    streaming_start: (actions, { id }) => actions.startStreaming(id, { stream_url: 'wss://example.com/audio' }),
    streaming_stop: (actions, { id }) => actions.stopStreaming(id, {}),
    enqueue: (actions, { id }) => actions.enqueue(id, { queue_name: 'support' }),
    leave_queue: (actions, { id }) => actions.leaveQueue(id, {}),
    bridge: async (actions, { other }) =>
      actions.bridge(await other(), { call_control_id_to_bridge_with: await other() }),
    transfer: async (actions, { other }) => actions.transfer(await other(), { to: '+15550124' }),
    hangup: async (actions, { other }) => actions.hangup(await other(), {}),
  }),
  'PUT /calls/:id/actions/client_state_update': ({ client, id }) =>
    client.calls.actions.updateClientState(id, { client_state: 'eA==' }),
  'GET /recordings': ({ client }) => client.recordings.list(),
  'GET /recordings/:id': async ({ client }) => client.recordings.retrieve(await first(client.recordings.list())),
  'DELETE /recordings/:id': async ({ client }) => client.recordings.delete(await first(client.recordings.list())),
  'POST /queues': ({ client }) => client.queues.create({ queue_name: 'sales' }),
  'GET /queues': ({ client }) => client.queues.list(),
  'GET /queues/:id': ({ client }) => client.queues.retrieve('sales'),
  'GET /queues/:id/calls': ({ client }) => client.queues.calls.list('sales'),
  'POST /conferences': (step) => startConference(step),
  'GET /conferences': ({ client }) => client.conferences.list(),
  'GET /conferences/:id': async (step) => step.client.conferences.retrieve(await startConference(step)),
  'GET /conferences/:id/participants': async (step) =>
    step.client.conferences.listParticipants(await startConference(step)),
  'POST /conferences/:id/actions/join': async (step) =>
    step.client.conferences.actions.join(await startConference(step), { call_control_id: await step.other() }),
  'POST /conferences/:id/actions/speak': async (step) =>
    step.client.conferences.actions.speak(await startConference(step), { payload: 'Hello', voice }),
  'POST /conferences/:id/actions/leave': async (step) => {
    const { client, other } = step
    const [id, guest] = [await startConference(step), await other()]
    await client.conferences.actions.join(id, { call_control_id: guest })
    return client.conferences.actions.leave(id, { call_control_id: guest })
  },
  'POST /ai/chat/completions': ({ client }) => old(client).ai.chat.createCompletion(chat),
  'POST /ai/openai/chat/completions': ({ client }) => client.ai.openai.chat.createCompletion(chat),
  'GET /ai/models': ({ client }) => old(client).ai.retrieveModels(),
  'GET /ai/openai/models': ({ client }) => client.ai.openai.listModels(),
  'POST /ai/assistants': ({ client }) => createAssistant(client),
  'GET /ai/assistants': ({ client }) => client.ai.assistants.list(),
  'GET /ai/assistants/:id': async ({ client }) => client.ai.assistants.retrieve(await createAssistant(client)),
  'POST /ai/assistants/:id': async ({ client }) =>
    client.ai.assistants.update(await createAssistant(client), { name: 'Night desk' }),
  'DELETE /ai/assistants/:id': async ({ client }) => client.ai.assistants.delete(await createAssistant(client)),
  'POST /ai/assistants/:id/clone': async ({ client }) => client.ai.assistants.clone(await createAssistant(client)),
  'POST /ai/assistants/:id/chat': async ({ client }) =>
    client.ai.assistants.chat(await createAssistant(client), { content: 'Hello', conversation_id: 'c1' }),
  'GET /phone_numbers': ({ client }) => client.phoneNumbers.list(),
  'GET /phone_numbers/:id': ({ client }) => client.phoneNumbers.retrieve(numbers.from),
  'PATCH /phone_numbers/:id': ({ client }) => client.phoneNumbers.update(numbers.from, { customer_reference: 'desk' }),
  'GET /available_phone_numbers': ({ client }) => client.availablePhoneNumbers.list(),
  'POST /number_orders': ({ client }) =>
    client.numberOrders.create({ phone_numbers: [{ phone_number: '+13125550100' }] }),
  'GET /number_orders': ({ client }) => client.numberOrders.list(),
  'GET /number_orders/:id': async ({ client }) => client.numberOrders.retrieve(await first(client.numberOrders.list())),
  'GET /number_lookup/:id': ({ client }) => client.numberLookup.retrieve(numbers.to),
  'GET /balance': ({ client }) => client.balance.retrieve(),
  'POST /verifications/sms': ({ client }) => client.verifications.triggerSMS(verification),
  'GET /verifications/by_phone_number/:id': ({ client }) => client.verifications.byPhoneNumber.list(numbers.to),
  'GET /verifications/:id': async ({ client }) =>
    client.verifications.retrieve(await first(client.verifications.byPhoneNumber.list(numbers.to))),
  'POST /verifications/:id/actions/verify': async ({ client }) =>
    client.verifications.actions.verify(await first(client.verifications.byPhoneNumber.list(numbers.to)), {
      code: '12345',
    }),
  'POST /verifications/by_phone_number/:id/actions/verify': ({ client }) =>
    client.verifications.byPhoneNumber.actions.verify(numbers.to, { code: '12345', verify_profile_id: 'p1' }),
  'POST /messages': ({ client }) => client.messages.send({ ...numbers, text: 'Hello' }),
  'GET /messages/:id': async ({ client }) =>
    client.messages.retrieve((await client.messages.send({ ...numbers, text: 'Hello' })).data?.id ?? ''),
}

type Actions = Telnyx7['calls']['actions']

/** Names the endpoints of call commands. */
function calls(commands: Record<string, (actions: Actions, step: Step) => PromiseLike<unknown>>): typeof steps {
  return Object.fromEntries(
    Object.entries(commands).map(([name, run]) => [
      `POST /calls/:id/actions/${name}`,
      (step: Step) => run(step.client.calls.actions, step),
    ]),
  )
}

it('the test has a call of the SDK for each simulated endpoint', () => {
  // To fix a difference: add a step for the endpoint to `steps`.
  expect(simulated.filter((endpoint) => !steps[endpoint])).toEqual([])
})

it.each(sdks)('version %i of the official Node SDK can call every simulated endpoint', async (version, Telnyx) => {
  await using test = await testSimulator()
  const requests: string[] = []
  const client = new Telnyx({
    apiKey: 'KEY',
    baseURL: test.sim.url,
    maxRetries: 0,
    fetch: (url, init) => {
      requests.push(`${init?.method?.toUpperCase()} ${new URL(String(url)).pathname.replace('/v2', '')}`)
      return test.sim.fetch(url, init)
    },
  })
  const other = async () => (await test.answeredCall()).id
  const ring = async () => (await test.sim.phone.dial()).id
  const id = await other()
  for (const [endpoint, run] of Object.entries(steps)) {
    if (!simulated.includes(endpoint) || absent[version]?.includes(endpoint)) continue
    requests.length = 0
    await Promise.resolve(run({ client, test, id, ring, other })).catch((reason: unknown) => {
      throw new Error(`${endpoint} failed with version ${version}`, { cause: reason })
    })
    await test.clock.advance(5000)
    const pattern = new RegExp(`^${endpoint.replaceAll(':id', '[^/]+')}$`)
    expect(
      requests.some((request) => pattern.test(request)),
      `${endpoint} in ${requests}`,
    ).toBe(true)
  }
})
