/**
 * Raw webhooks in any order and with duplicates give the same call state, through normalising, the log and the fold.
 */
import { type CallState, foldCall } from '@callgather/protocol'
import { webhookOf } from '@callgather/test-kit/telnyx'
import fc from 'fast-check'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { Audit } from '../access/audit.ts'
import { HostCallbacks } from '../base/host-callbacks.ts'
import { CallCache } from '../calls/call-cache.ts'
import { CallFeed } from '../calls/call-feed.ts'
import { Commands } from '../commands/commands.ts'
import { Ingest } from '../ingest/ingest.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { createMarkCodec } from './client-state.ts'
import type { CommandAnswer } from './commands.ts'
import { readEnvelope, type Webhook } from './webhook.ts'

const CALL = 'v3:permuted'
const START = Date.parse('2026-11-22T10:41:00.000Z')
const markers = createMarkCodec(Buffer.alloc(32, 7))

/** A command or a webhook of a call. Commands keep their order, because the server sends them. */
interface Step {
  readonly at: number
  readonly command?: {
    readonly id: string
    readonly name: string
    readonly body: Record<string, unknown>
    readonly answer?: CommandAnswer
  }
  readonly webhook?: { readonly type: string; readonly payload: Record<string, unknown>; readonly marker?: string }
}

const command = (
  at: number,
  id: string,
  name: string,
  body: Record<string, unknown> = {},
  answer?: CommandAnswer,
): Step => ({
  at,
  command: { id, name, body, ...(answer ? { answer } : {}) },
})
const event = (at: number, type: string, payload: Record<string, unknown> = {}, marker?: string): Step => ({
  at,
  webhook: { type, payload, ...(marker ? { marker } : {}) },
})
const said = (...contents: string[]) => ({
  message_history: contents.map((content, index) => ({ role: index % 2 ? 'user' : 'assistant', content })),
})
const speak = { payload: 'PIN?', voice: 'female' }
const parameters = { parameters: { properties: { name: { type: 'string' } }, required: ['name'] } }
const names = new Map<string, string>()

const histories: Record<string, Step[]> = {
  'two consecutive gathers with our mark': [
    event(0, 'call.initiated', { from: '+1', to: '+2' }),
    event(1000, 'call.answered'),
    command(1500, 'one', 'gather_using_speak', speak),
    event(2000, 'call.dtmf.received', { digit: '1' }, 'one'),
    event(2500, 'call.dtmf.received', { digit: '2' }, 'one'),
    command(3000, 'two', 'gather_using_speak', speak),
    event(3100, 'call.gather.ended', { status: 'cancelled', digits: '12' }, 'two'),
    event(3500, 'call.dtmf.received', { digit: '7' }, 'two'),
    event(3600, 'call.gather.ended', { status: 'valid', digits: '7' }, 'two'),
    event(4000, 'call.dtmf.received', { digit: '9' }, 'two'),
    event(5000, 'call.hangup', { hangup_cause: 'normal_clearing' }, 'two'),
  ],
  'two gathers with the host’s client_state': [
    event(1000, 'call.answered'),
    command(1500, 'one', 'gather', {}),
    event(2000, 'call.dtmf.received', { digit: '1', client_state: 'aG9zdA==' }),
    event(2400, 'call.gather.ended', { status: 'timeout', digits: '1', client_state: 'aG9zdA==' }),
    command(3000, 'two', 'gather', {}),
    event(3500, 'call.dtmf.received', { digit: '7', client_state: 'aG9zdA==' }),
    command(3600, 'stop', 'gather_stop', {}),
    event(3650, 'call.gather.ended', { status: 'cancelled', digits: '7', client_state: 'aG9zdA==' }),
  ],
  'an AI gather with full message histories, followed by an assistant': [
    event(1000, 'call.answered'),
    command(1500, 'ai', 'gather_using_ai', parameters, { status: 'accepted', data: { conversation_id: 'c1' } }),
    event(1600, 'call.conversation.created', { conversation_id: 'c1' }, 'ai'),
    event(2000, 'call.ai_gather.message_history_updated', said('Name?'), 'ai'),
    event(3000, 'call.ai_gather.message_history_updated', said('Name?', 'Ann'), 'ai'),
    event(3100, 'call.ai_gather.partial_results', { partial_results: { name: 'Ann' }, ...said('Name?', 'Ann') }, 'ai'),
    event(3500, 'call.ai_gather.message_history_updated', said('Name?', 'Ann', 'Ann?', 'No, Anne'), 'ai'),
    event(
      3600,
      'call.ai_gather.ended',
      { status: 'valid', result: { name: 'Anne' }, ...said('Name?', 'Anne', 'Ann?', 'No, Anne') },
      'ai',
    ),
    command(3700, 'assistant', 'ai_assistant_start', {}, { status: 'accepted', data: { conversation_id: 'c2' } }),
    event(3710, 'call.conversation.ended', { conversation_id: 'c1', reason: null }, 'assistant'),
    event(4000, 'call.ai_gather.message_history_updated', said('Hello'), 'assistant'),
    event(4500, 'call.dtmf.received', { digit: '5' }, 'assistant'),
    event(5000, 'call.conversation.ended', { conversation_id: 'c2', reason: 'customer_disconnect' }, 'assistant'),
    event(
      5100,
      'call.conversation_insights.generated',
      { results: [{ insight_id: 'i', result: 'good' }] },
      'assistant',
    ),
    event(5200, 'call.something.new', { any: 'thing' }),
  ],
  'an audio gather during other playback': [
    event(1000, 'call.answered'),
    command(1500, 'menu', 'gather_using_audio', { audio_url: 'https://m.test/menu.mp3' }),
    event(1600, 'call.playback.started', { media_url: 'https://m.test/menu.mp3' }, 'menu'),
    event(1900, 'call.dtmf.received', { digit: '2' }, 'menu'),
    event(1910, 'call.playback.ended', { media_url: 'https://m.test/menu.mp3', status: 'cancelled' }, 'menu'),
    event(2000, 'call.gather.ended', { status: 'valid', digits: '2' }, 'menu'),
    event(2500, 'call.playback.started', { media_url: 'https://m.test/hold.mp3' }, 'menu'),
    event(3500, 'call.playback.ended', { media_url: 'https://m.test/hold.mp3', status: 'completed' }, 'menu'),
  ],
}

/** Returns the call state without the stamps of messages, which only say which of two histories had the message. */
const shown = (state: CallState) =>
  JSON.stringify(state, (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'message'
      ? { ...value, stamp: undefined }
      : value,
  )

async function run(commands: readonly Step[], webhooks: readonly Step[]): Promise<CallState> {
  let now = START
  const store = memoryStore()
  const cache = new CallCache(store, new CallFeed(store))
  const logger = pino({ level: 'silent' })
  const clock = () => now
  const ingest = new Ingest({
    cache,
    store,
    markers,
    digestKey: Buffer.alloc(32, 1),
    now: clock,
    hostCallbacks: new HostCallbacks({ logger, countFailure: () => {} }),
    isMasking: false,
  })
  let answer: CommandAnswer = { status: 'accepted', data: {} }
  const giver = new Commands({
    cache,
    markers,
    sender: { send: async () => answer },
    commandKey: Buffer.alloc(32, 2),
    now: clock,
    logger,
    policy: {},
    hostCallbacks: new HostCallbacks({ logger, countFailure: () => {} }),
    replaceTimeoutMs: 0,
    audit: new Audit({
      sink: () => {},
      strict: false,
      now: clock,
      hostCallbacks: new HostCallbacks({ logger, countFailure: () => {} }),
    }),
  })
  for (const { at, command } of commands) {
    if (!command) continue
    now = START + at
    answer = command.answer ?? { status: 'accepted', data: {} }
    names.set(command.id, command.name)
    const body = { ...command.body, command_id: command.id }
    const given = await giver.submit({
      callId: CALL,
      command: command.name as 'gather',
      body,
      subject: 'test',
      isTrusted: true,
      replace: true,
      mustExist: false,
    })
    await given.accepted
  }
  for (const step of webhooks) await ingest.accept(webhookAt(step))
  const { records } = (await store.read(CALL, 0)) ?? { records: [] }
  expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index + 1))
  return foldCall(
    CALL,
    records.map((record) => record.event),
  )
}

function webhookAt({ at, webhook }: Step): Webhook {
  const { type = '', payload = {}, marker } = webhook ?? {}
  const client_state = marker
    ? markers.write(CALL, { commandId: marker, command: names.get(marker) as 'gather' })
    : (payload.client_state ?? null)
  const id = `${type}@${at}`
  const content = webhookOf(
    type,
    { ...payload, call_control_id: CALL, client_state },
    { id, at: new Date(START + at).toISOString() },
  )
  return readEnvelope(content) as Webhook
}

describe('raw webhooks', () => {
  for (const [name, steps] of Object.entries(histories)) {
    it(`webhooks in any order and with duplicates give the same call state for ${name}`, async () => {
      const commands = steps.filter((step) => step.command)
      const webhooks = steps.filter((step) => step.webhook)
      const expected = shown(await run(commands, webhooks))
      const mixed = fc
        .tuple(
          fc.shuffledSubarray(webhooks, { minLength: webhooks.length }),
          fc.array(fc.nat(webhooks.length - 1), { maxLength: 6 }),
        )
        .map(([order, again]) =>
          again.reduce((list, index) => list.toSpliced(index, 0, webhooks[index] as Step), order),
        )
      await fc.assert(
        fc.asyncProperty(mixed, async (order) => {
          expect(shown(await run(commands, order))).toBe(expected)
        }),
        { numRuns: 300 },
      )
    })
  }

  it('attributes each event of two consecutive gathers with our mark to the right gather', async () => {
    const steps = histories['two consecutive gathers with our mark'] ?? []
    const state = await run(
      steps.filter((step) => step.command),
      steps.filter((step) => step.webhook),
    )
    const [one, two] = [state.gathers.get('one'), state.gathers.get('two')]
    expect([one?.ended?.status, one?.ended?.digits, one?.keys.size]).toEqual(['cancelled', '12', 2])
    expect([two?.ended?.status, two?.ended?.digits, two?.keys.size]).toEqual(['valid', '7', 2])
  })

  it('attributes the end event of a stopped gather to the stopped gather', async () => {
    const steps = histories['two gathers with the host’s client_state'] ?? []
    const state = await run(
      steps.filter((step) => step.command),
      steps.filter((step) => step.webhook),
    )
    expect(state.gathers.get('one')?.ended).toMatchObject({ status: 'timeout' })
    expect(state.gathers.get('two')?.ended).toMatchObject({ status: 'cancelled', digits: '7' })
  })

  it('attributes events of two conversations, and of an audio prompt and other playback, to the right command', async () => {
    const talk = histories['an AI gather with full message histories, followed by an assistant'] ?? []
    const state = await run(
      talk.filter((step) => step.command),
      talk.filter((step) => step.webhook),
    )
    expect(state.conversations.get('ai')).toMatchObject({ ended: { reason: null }, length: { value: 4 } })
    expect(state.conversations.get('assistant')).toMatchObject({
      ended: { reason: 'customer_disconnect' },
      length: { value: 1 },
    })
    const audio = histories['an audio gather during other playback'] ?? []
    const played = await run(
      audio.filter((step) => step.command),
      audio.filter((step) => step.webhook),
    )
    expect(played.gathers.get('menu')?.plays.size).toBe(2)
  })
})
