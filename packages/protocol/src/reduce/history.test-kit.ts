/** Generators of call histories for property tests. */
import fc from 'fast-check'
import { type CallEvent, stampOf } from '../events/event.ts'
import { scenarioTime } from '../scenarios/index.ts'

/** Generates the events in any order, with repetitions. */
export const shuffledAndRepeated = (events: readonly CallEvent[]) =>
  fc
    .tuple(
      fc.shuffledSubarray([...events], { minLength: events.length }),
      fc.array(fc.nat(Math.max(0, events.length - 1)), { maxLength: 8 }),
    )
    .map(([order, again]) => again.reduce((list, index) => list.toSpliced(index, 0, events[index] as CallEvent), order))

/** Generates events with equal times, false history lengths, commands without a request and ends without a start. */
const anyEvent: fc.Arbitrary<CallEvent> = fc
  .record({
    id: fc.uuid(),
    occurred_at: fc.integer({ min: 0, max: 12 }).map((second) => scenarioTime(second * 1000)),
    command_id: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }),
    body: fc.oneof(
      fc.constantFrom('call.initiated', 'call.answered', 'call.hangup').map((event_type) => ({
        event_type,
        payload: { from: '+1', to: '+2' },
      })),
      fc
        .constantFrom('call.hold', 'call.unhold', 'call.bridged', 'call.speak.started', 'call.speak.ended')
        .map((event_type) => ({ event_type, payload: {} })),
      fc.constantFrom('1', '2', '#', null).map((digit) => ({ event_type: 'call.dtmf.received', payload: { digit } })),
      fc.constantFrom('valid', 'timeout').map((status) => ({
        event_type: 'call.gather.ended',
        payload: { status, digits: '12' },
      })),
      fc
        .record({ from: fc.nat(5), words: fc.array(fc.constantFrom('x', 'y', 'z'), { maxLength: 4 }) })
        .map(({ from, words }) => ({
          event_type: 'call.ai_gather.message_history_updated',
          payload: { message_history: { from, messages: words.map((content) => ({ role: 'user', content })) } },
        })),
      fc.dictionary(fc.constantFrom('name', 'age'), fc.nat(9)).map((partial_results) => ({
        event_type: 'call.ai_gather.partial_results',
        payload: { partial_results },
      })),
      fc.constantFrom('gather', 'gather_using_ai', 'ai_assistant_start', 'gather_stop').map((command) => ({
        event_type: 'command.requested',
        payload: { command, body: {} },
      })),
      fc.constantFrom('command.accepted', 'command.unknown').map((event_type) => ({
        event_type,
        payload: { reason: 'timeout' },
      })),
      fc.record({ transcript: fc.constantFrom('a', 'b'), is_final: fc.boolean() }).map((transcription_data) => ({
        event_type: 'call.transcription',
        payload: { transcription_data },
      })),
      fc.constant({ event_type: 'call.something.new', payload: { any: 'thing' } }),
    ),
  })
  .map(({ body, command_id, ...event }) => {
    // A command is requested once, because the log gives each request its own id.
    const requested = body.event_type === 'command.requested'
    const id = requested ? `${command_id ?? 'a'}:requested` : event.id
    const occurred_at = requested ? scenarioTime(command_id === 'b' ? 5000 : 2000) : event.occurred_at
    const payload =
      requested && command_id === 'b'
        ? { command: 'gather', body: {} }
        : requested
          ? { command: 'gather_using_ai', body: {} }
          : body.payload
    const cause = requested ? (command_id ?? 'a') : command_id
    return {
      id,
      occurred_at,
      event_type: body.event_type,
      payload,
      ...(cause === undefined ? {} : { command_id: cause }),
    } as CallEvent
  })

/** Generates events of one call with unique stamps. */
export const anyHistory: fc.Arbitrary<CallEvent[]> = fc
  .array(anyEvent, { minLength: 1, maxLength: 14 })
  .map((events) => [...new Map(events.map((event) => [stampOf(event), event])).values()])
