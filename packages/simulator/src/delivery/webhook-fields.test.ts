/**
 * Compares the fields of every simulated webhook with the official SDK's types, and with Telnyx's published example
 * webhooks, whose JSON file is in `CALLGATHER_TELNYX_WEBHOOK_EXAMPLES` (https://developers.telnyx.com/data/webhook-events.json).
 */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { testSimulator } from '../testing/simulator.test-kit.ts'
import { payloadTypes } from '../testing/webhook-types.test-kit.ts'

/** The payload fields seen in each event type. */
const seen = new Map<string, Set<string>>()

/** Fields that no call has, with the reason. */
const absent: Readonly<Record<string, string>> = {
  'call.initiated call_screening_result': 'present only if the account screens calls',
}

beforeAll(async () => {
  await using test = await testSimulator({
    settings: {
      leg: { callees: { '+15559': 'machine' } },
      audio: { brokenMedia: { missing: { status: 'file_not_found', status_detail: 'Not found' } } },
    },
  })
  const { client, clock, emitted } = test
  const { actions } = client.calls
  const caller = await test.sim.phone.dial()
  await actions.answer(caller.id, { transcription: true })
  await clock.settle()
  await actions.startRecording(caller.id, { channels: 'single', format: 'mp3', transcription: true })
  for (const stream_url of ['wss://example.com/audio', 'http://example.com/audio'])
    await actions.startStreaming(caller.id, { stream_url })
  await actions.speak(caller.id, { payload: 'Hello', voice: 'female' })
  for (const media of [{ media_name: 'hold' }, { audio_url: 'https://example.com/a.wav' }, { media_name: 'missing' }])
    await actions.startPlayback(caller.id, media)
  await clock.advance(60_000)
  await actions.gather(caller.id, { gather_id: 'pin' })
  await caller.press('5#')
  const parameters = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
  const updates = { send_message_history_updates: true }
  await actions.gatherUsingAI(caller.id, { parameters, greeting: 'Who?', send_partial_results: true, ...updates })
  await clock.advance(5000)
  await caller.say('Ann')
  await clock.advance(60_000)
  await actions.startAIAssistant(caller.id, { assistant: { id: 'a' }, ...updates })
  await clock.advance(5000)
  await actions.stopAIAssistant(caller.id, {})
  await clock.advance(60_000)
  await actions.stopRecording(caller.id, {})
  await actions.stopStreaming(caller.id, {})
  await clock.advance(60_000)
  await actions.enqueue(caller.id, { queue_name: 'support' })
  await actions.leaveQueue(caller.id, {})
  const { data: conference } = await client.conferences.create({ call_control_id: caller.id, name: 'daily' })
  const speech = { payload: 'Hello', voice: 'female' }
  for (const call_control_ids of [[], [caller.id]])
    await client.conferences.actions.speak(conference?.id ?? '', { ...speech, call_control_ids })
  await clock.advance(60_000)
  await client.conferences.actions.leave(conference?.id ?? '', { call_control_id: caller.id })
  await actions.transfer(caller.id, { to: '+15558' })
  await clock.advance(60_000)
  await caller.hangUp()
  const [guest, host] = [(await test.answeredCall()).id, (await test.answeredCall()).id]
  await actions.enqueue(guest, { queue_name: 'support' })
  await actions.leaveQueue(guest, {})
  const { data: room } = await client.conferences.create({ call_control_id: host, name: 'room' })
  await client.conferences.actions.join(room?.id ?? '', { call_control_id: guest })
  await client.conferences.actions.speak(room?.id ?? '', { payload: 'Hello', voice: 'female' })
  await clock.advance(60_000)
  for (const call_control_id of [guest, host])
    await client.conferences.actions.leave(room?.id ?? '', { call_control_id })
  for (const answering_machine_detection of ['greeting_end', 'premium'] as const) {
    await client.calls.dial({ to: '+15559', from: '+15550199', connection_id: '1', answering_machine_detection })
    await clock.advance(60_000)
  }
  for (const { event_type, payload } of emitted) {
    const fields = seen.get(event_type) ?? new Set()
    for (const name of Object.keys(payload)) fields.add(name)
    seen.set(event_type, fields)
  }
})

describe('the fields of webhooks', () => {
  it('each event type has every field of the official SDK’s type', () => {
    expect(seen.size).toBeGreaterThan(33)
    const missing = [...seen].flatMap(([type, fields]) =>
      [...(payloadTypes().get(type)?.keys() ?? [])]
        .filter((name) => !fields.has(name) && !absent[`${type} ${name}`])
        .map((name) => `${type} ${name}`),
    )
    expect(missing).toEqual([])
  })

  const path = process.env.CALLGATHER_TELNYX_WEBHOOK_EXAMPLES
  it('each event type has every field of Telnyx’s published example webhook', ({ skip }) => {
    if (path === undefined) return skip('CALLGATHER_TELNYX_WEBHOOK_EXAMPLES is not set.')
    const examples = examplesIn(JSON.parse(readFileSync(path, 'utf8')))
    expect(examples.length).toBeGreaterThan(20)
    const missing = examples.flatMap(({ event_type, payload }) =>
      Object.keys(payload)
        .filter((name) => seen.get(event_type)?.has(name) === false && !absent[`${event_type} ${name}`])
        .map((name) => `${event_type} ${name}`),
    )
    expect(missing).toEqual([])
  })
})

interface Example {
  event_type: string
  payload: object
}

/** Finds the webhooks at any depth of a JSON document. */
function examplesIn(node: unknown): Example[] {
  if (typeof node !== 'object' || node === null) return []
  const { event_type, payload } = node as Partial<Example>
  if (typeof event_type === 'string' && typeof payload === 'object') return [{ event_type, payload }]
  return Object.values(node).flatMap(examplesIn)
}
