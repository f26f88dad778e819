/**
 * Masking under every disturbance at once: a small Telnyx gives masked and plain commands, callers enter secrets, and
 * webhooks arrive late, twice, in any order, without fields, by a clock that is off, at servers that restart with an
 * empty store. Every secret holds one text; it must not be in any store.
 */
import { type CommandName, isConversation, isDigitGather, isGather, type Mask, writeEvent } from '@callgather/protocol'
import fc from 'fast-check'
import { pino } from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { SensitiveInput } from './ingest.ts'

const SECRET = 'S3CRET'
/** Long enough that the last four characters, which a mask may show, are none of the secret. */
const secretDigits = `${SECRET}-0000`
const START = Date.parse('2026-11-22T10:00:00.000Z')
const LEGS = ['v3:caller', 'v3:agent'] as const

type Action =
  | { readonly kind: 'command'; readonly name: CommandName; readonly mask: Mask | null; readonly outcome: Outcome }
  | { readonly kind: 'press'; readonly leg: number }
  | { readonly kind: 'say'; readonly as: number }
  | { readonly kind: 'end'; readonly status: string }
  | { readonly kind: 'summary'; readonly type: string }
  | { readonly kind: 'host' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'initiated' }

/** `lost` runs although the retry was refused; `unknown` runs although nothing was answered. */
type Outcome = 'accepted' | 'refused' | 'lost' | 'unknown'

interface Step {
  readonly gap: number
  readonly action: Action
  /** How late each webhook of the step arrives, and whether it arrives twice. */
  readonly delay: number
  readonly again: number | null
  readonly isStripped: boolean
  readonly hasSession: boolean
}

const anyAction: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('command' as const),
      name: fc.constantFrom<CommandName>(
        'gather',
        'gather_using_speak',
        'gather_using_audio',
        'gather_using_ai',
        'ai_assistant_start',
        'ai_assistant_add_messages',
        'ai_assistant_stop',
        'gather_stop',
      ),
      mask: fc.constantFrom<Mask | null>('all', 'digits', 'allButLast4', null, null),
      outcome: fc.constantFrom<Outcome>('accepted', 'accepted', 'refused', 'lost', 'unknown'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('press' as const), leg: fc.nat(1) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('say' as const), as: fc.nat(2) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('end' as const), status: fc.constantFrom('valid', 'invalid', 'timeout') }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('summary' as const),
      type: fc.constantFrom(
        'call.conversation_insights.generated',
        'call.recording.transcription.saved',
        'call_payment_progress',
        'Call.Payment.Progress',
        'call.speak.started',
        'call.playback.started',
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Action>({ kind: 'host' }) },
  { weight: 1, arbitrary: fc.constant<Action>({ kind: 'restart' }) },
  { weight: 1, arbitrary: fc.constant<Action>({ kind: 'initiated' }) },
)

const anyStep: fc.Arbitrary<Step> = fc.record({
  gap: fc.constantFrom(1, 50, 1_000, 20_000, 120_000),
  action: anyAction,
  delay: fc.constantFrom(0, 5, 700, 40_000, 400_000),
  again: fc.option(fc.constantFrom(1, 3_000, 90_000), { freq: 4 }),
  isStripped: fc.constantFrom(false, false, false, true),
  hasSession: fc.boolean(),
})

const anyCall = fc.record({
  steps: fc.array(anyStep, { minLength: 3, maxLength: 24 }),
  /** How far our clock is ahead of Telnyx's, in milliseconds. */
  skew: fc.integer({ min: -300_000, max: 300_000 }),
  /** How long the server has run when the call begins. */
  uptime: fc.constantFrom(0, 3_600_000, 3_600_000),
})
type AnyCall = typeof anyCall extends fc.Arbitrary<infer T> ? T : never

/** A command that runs at Telnyx. */
interface Running {
  readonly name: CommandName
  readonly mask: Mask | null
  messages: { role: string; content: string }[]
  /** No server knows of it any more. */
  isForgotten?: boolean
}

/** Runs a call; returns everything that was stored, and what was handed to the host. */
async function run({ steps, skew, uptime }: AnyCall) {
  const { HostCallbacks } = await import('../host-callbacks.ts')
  const { markerCodec } = await import('../telnyx/client-state.ts')
  const { readEnvelope } = await import('../telnyx/webhook.ts')
  const { CallLog } = await import('./call-log.ts')
  const { commandEvent } = await import('./command-outcome.ts')
  const { prepareCommand } = await import('./command-request.ts')
  const { Ingest } = await import('./ingest.ts')
  const { memoryStore } = await import('./memory-store.ts')

  const logger = pino({ level: 'silent' })
  const markers = markerCodec(Buffer.alloc(32, 7))
  const commandKey = Buffer.alloc(32, 2)
  const hostCallbacks = new HostCallbacks({ logger, countFailure: () => {} })
  const handed: SensitiveInput[] = []
  const stored: string[] = []
  /** Telnyx's clock. */
  let time = START - uptime
  const ourClock = () => time + skew

  const begin = () => {
    const store = memoryStore({ now: ourClock })
    const log = new CallLog(store)
    const ingest = new Ingest({
      log,
      store,
      markers,
      digestKey: Buffer.alloc(32, 1),
      now: ourClock,
      hostCallbacks,
      isMasking: true,
      onSensitive: (input) => {
        handed.push(input)
      },
    })
    return { store, log, ingest }
  }
  let server = begin()
  const keep = async () => {
    for (const leg of LEGS) {
      for (const { event } of (await server.store.read(leg, 0))?.records ?? []) stored.push(writeEvent(event))
    }
  }

  const due: { at: number; content: unknown }[] = []
  const clientStates: (string | null)[] = [null, null]
  let digits: Running | null = null
  let fields: Running | null = null
  let assistant: Running | null = null
  /** When the last masked command ended: a key may follow for a while, until a plain gather takes the leg. */
  let maskedUntil = Number.NEGATIVE_INFINITY
  let wasMasked = false
  /** A plain gather was asked for by a server that may have forgotten what ran before. */
  let hasPlainMark = false
  let events = 0

  const isSecret = () => {
    const isMasked = [digits, fields, assistant].some((running) => running?.mask)
    return isMasked || time <= maskedUntil + 20_000
  }
  /** Words go to a conversation; a plain one of which a server was asked after it forgot all others is in the clear. */
  const isSecretTo = (running: Running) =>
    running.isForgotten || running.mask !== null
      ? isSecret()
      : time <= maskedUntil + 20_000 || [digits, fields, assistant].some((each) => each?.mask && !each.isForgotten)
  /** A key goes to the digit gather that runs, if there is one. */
  const isSecretKey = () => {
    if (digits) return digits.mask !== null
    return hasPlainMark ? [fields, assistant].some((each) => each?.mask && !each.isForgotten) : isSecret()
  }
  const emit = (step: Step, leg: number, type: string, payload: Record<string, unknown>) => {
    const { delay, again, isStripped, hasSession } = step
    events += 1
    const data = {
      id: `event-${events}`,
      event_type: type,
      occurred_at: new Date(time).toISOString(),
      payload: {
        call_control_id: LEGS[leg],
        ...(hasSession ? { call_session_id: 'session' } : {}),
        ...(isStripped ? {} : { client_state: clientStates[leg] }),
        ...payload,
      },
    }
    due.push({ at: time + delay, content: { data } })
    if (again !== null) due.push({ at: time + delay + again, content: { data } })
  }
  const ended = (step: Step, running: Running | null, status: string) => {
    if (!running) return
    const value = running.mask ? SECRET : 'plain'
    if (isDigitGather(running.name)) {
      emit(step, 0, 'call.gather.ended', { status, digits: running.mask ? secretDigits : '12' })
    } else if (running.name === 'gather_using_ai') {
      emit(step, 0, 'call.ai_gather.ended', { status, result: { value }, message_history: running.messages })
    } else emit(step, 0, 'call.conversation.ended', { conversation_id: 'c', reason: 'customer_disconnect' })
    if (running.mask && !running.isForgotten) maskedUntil = time
    if (running.mask) wasMasked = true
  }
  /** What Telnyx does with a command; the new mark is echoed from now on, also with the end of what it replaces. */
  const effect = (step: Step, name: CommandName, mask: Mask | null, clientState: unknown) => {
    if (typeof clientState === 'string') clientStates[0] = clientState
    const running: Running = { name, mask, messages: [{ role: 'assistant', content: 'Hello' }] }
    if (isDigitGather(name)) {
      ended(step, digits, 'cancelled')
      digits = running
    } else if (isConversation(name)) {
      // One conversation at a time: Telnyx refuses a second assistant.
      ended(step, fields, 'cancelled')
      ended(step, assistant, 'cancelled')
      fields = name === 'gather_using_ai' ? running : null
      assistant = name === 'ai_assistant_start' ? running : null
    } else if (name === 'gather_stop') {
      ended(step, digits, 'cancelled')
      digits = null
    } else if (name === 'ai_assistant_stop') {
      ended(step, assistant, 'cancelled')
      assistant = null
    }
    if (isGather(name) && mask === null) maskedUntil = Number.NEGATIVE_INFINITY
    if (typeof clientState === 'string') hasPlainMark = isGather(name) && mask === null
  }

  /** The server that knows what the caller was asked for; the host of one that does not has nothing to read back. */
  let asker: typeof server | null = null
  const bodyOf = (name: CommandName): Record<string, unknown> => {
    const isReadBack = isSecret() && asker === server
    const words = isReadBack ? `You said ${SECRET}` : 'Please say it'
    switch (name) {
      case 'gather_using_speak':
        return { payload: words, voice: 'female', invalid_payload: words }
      case 'gather_using_audio':
        return { audio_url: isReadBack ? `https://tts.test/${SECRET}` : 'https://tts.test/menu' }
      case 'gather_using_ai':
        return {
          greeting: words,
          parameters: {
            properties: { value: { type: 'string', description: words, enum: [words], examples: [words] } },
          },
        }
      case 'ai_assistant_start':
        return { greeting: words, assistant: { id: 'a', instructions: words } }
      case 'ai_assistant_add_messages':
        return { messages: [{ role: 'system', content: words }] }
      default:
        return {}
    }
  }

  const act = async (step: Step): Promise<void> => {
    const { action } = step
    switch (action.kind) {
      case 'command': {
        const { name, outcome } = action
        const mask = isGather(name) || name === 'ai_assistant_start' ? action.mask : null
        const policy = mask === null ? {} : { mask: () => mask }
        const order = {
          callId: LEGS[0],
          command: name,
          body: bodyOf(name),
          subject: 'agent',
          trusted: true,
          onlyKnown: false,
        }
        const prepared = await prepareCommand(order, { policy, markers, commandKey, hostCallbacks })
        await server.log.append(LEGS[0], ({ state }) => [prepared.requested(state, ourClock())])
        if (mask !== null) asker = server
        if (outcome !== 'refused') effect(step, name, mask, prepared.body.client_state)
        const settled =
          outcome === 'accepted'
            ? { event_type: 'command.accepted', payload: {} }
            : outcome === 'unknown'
              ? { event_type: 'command.unknown', payload: { reason: 'timeout' } }
              : {
                  event_type: 'command.refused',
                  payload: { status: 422, code: '90018', title: 'Call has already ended' },
                }
        await server.log.append(LEGS[0], () => [{ event: commandEvent(prepared.commandId, settled, ourClock()) }])
        return
      }
      case 'press':
        return emit(step, action.leg, 'call.dtmf.received', { digit: isSecretKey() ? SECRET : '1' })
      case 'say': {
        const content = isSecret() ? SECRET : 'plain'
        if (action.as === 0) {
          return emit(step, 0, 'call.transcription', { transcription_data: { transcript: content, is_final: true } })
        }
        for (const running of [fields, assistant]) {
          if (!running) continue
          const said = isSecretTo(running) ? SECRET : 'plain'
          running.messages = [...running.messages, { role: 'user', content: said }]
          const history = { message_history: running.messages }
          if (action.as === 1) emit(step, 0, 'call.ai_gather.message_history_updated', history)
          else if (running.name === 'gather_using_ai')
            emit(step, 0, 'call.ai_gather.partial_results', { partial_results: { value: said }, ...history })
        }
        return
      }
      case 'end':
        ended(step, digits, action.status)
        ended(step, fields, action.status)
        digits = null
        fields = null
        return
      case 'summary': {
        const isPay = /pay/i.test(action.type) && !action.type.includes('playback')
        const isAny = wasMasked || isSecret()
        const text = isPay || isAny ? SECRET : 'plain'
        const inWindow = isSecret() ? SECRET : 'plain'
        return emit(step, 0, action.type, {
          results: [{ insight_id: 'i', result: text }],
          text,
          nested: { text },
          media_url: inWindow,
          media_name: inWindow,
          overlay: inWindow,
          status: isSecret() ? [SECRET] : 'completed',
        })
      }
      case 'host':
        clientStates[0] = 'aG9zdA=='
        return
      case 'restart':
        await keep()
        server = begin()
        maskedUntil = Number.NEGATIVE_INFINITY
        for (const running of [digits, fields, assistant]) if (running) running.isForgotten = true
        return
      case 'initiated':
        for (const leg of [0, 1]) {
          const at = { call_session_id: 'session', from: '+15550100', to: '+15550199', direction: 'incoming' }
          due.push({
            at: time,
            content: {
              data: {
                id: `initiated-${leg}`,
                event_type: 'call.initiated',
                occurred_at: new Date(START).toISOString(),
                payload: { call_control_id: LEGS[leg], ...at },
              },
            },
          })
        }
    }
  }

  const first: Step = {
    gap: uptime,
    action: { kind: 'initiated' },
    delay: 0,
    again: null,
    isStripped: false,
    hasSession: true,
  }
  const deliver = async (until: number) => {
    for (;;) {
      due.sort((one, other) => one.at - other.at)
      const [next] = due
      if (!next || next.at > until) return
      due.shift()
      time = Math.max(time, next.at)
      const webhook = readEnvelope(next.content)
      if (webhook) await server.ingest.accept(webhook)
    }
  }
  for (const step of [first, ...steps]) {
    const at = time + step.gap
    await deliver(at)
    time = at
    await act(step)
  }
  await deliver(Number.POSITIVE_INFINITY)
  await keep()
  return { stored: stored.join('\n'), handed }
}

const runs = process.env.CALLGATHER_LONG ? 5_000 : 150

const property = (numRuns: number) =>
  fc.check(
    fc.asyncProperty(anyCall, async (call) => {
      const { stored } = await run(call)
      return !stored.includes(SECRET)
    }),
    { numRuns, endOnFailure: false },
  )

afterEach(() => {
  vi.doUnmock('./masking.ts')
  vi.doUnmock('./mask-content.ts')
  vi.resetModules()
})

describe('masked input, under any order, delay, repetition, skew, lost answer and restart', () => {
  it('is never stored', { timeout: 3_600_000 }, async () => {
    const details = await property(runs)
    expect(details.counterexample?.[0], String(details.errorInstance)).toBeUndefined()
  })
})
