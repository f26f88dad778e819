import { describe, expect, it } from 'vitest'
import { assistant } from './assistant.ts'
import { Caller } from './caller.test-kit.ts'

const instructions =
  'You are kind and brief. We are open from nine to five on weekdays. Parking is free behind the building.'
const start = (params: Record<string, unknown> = {}) =>
  new Caller(assistant, {
    greeting: 'Northside Clinic, how can I help?',
    send_message_history_updates: true,
    assistant: { id: 'assistant-1', instructions },
    ...params,
  })

describe('the assistant', () => {
  it('an assistant speaks its greeting with dynamic variables filled in', () => {
    const caller = start({
      greeting: 'Hello {{name}}, you call from {{telnyx_call_from}}, {{unknown}}.',
      assistant: { id: 'assistant-1', dynamic_variables: { name: 'Anna' } },
    })
    expect(caller.heard).toEqual(['Hello Anna, you call from +15550001111, {{unknown}}.'])
  })

  it('speaks the greeting in the assistant object, and waits for the caller when there is no greeting', () => {
    expect(start({ greeting: undefined, assistant: { id: 'assistant-1', greeting: 'Good day.' } }).heard).toEqual([
      'Good day.',
    ])
    expect(start({ greeting: undefined }).heard).toEqual([])
  })

  it('an assistant without a model repeats the caller’s words in its reply', () => {
    expect(start().say('I need to move my appointment').listen().lastSpeech).toBe(
      'I heard: I need to move my appointment. How can I help you?',
    )
  })

  it('an assistant speaks an added message in its next reply only', () => {
    const caller = start().listen()
    caller.feed({
      type: 'messages',
      messages: [{ role: 'system', content: 'Offer Thursday first.' }],
      trigger_response: false,
    })
    expect(caller.heard).toHaveLength(1)
    expect(caller.say('I need to move my appointment').listen().lastSpeech).toBe(
      'I heard: I need to move my appointment. A colleague adds: Offer Thursday first.',
    )
    expect(caller.say('thank you').listen().lastSpeech).not.toMatch(/Thursday/)
  })

  it('an assistant replies immediately to an added message with trigger_response', () => {
    const caller = start()
    caller.feed({
      type: 'messages',
      messages: [{ role: 'user', content: 'Offer Thursday first.' }],
      trigger_response: true,
    })
    expect(caller.effects).toContainEqual({ do: 'stop-sound' })
    expect(caller.lastSpeech).toBe('A colleague adds: Offer Thursday first.')
  })

  it('an assistant sends a history update for each message, but only one for a batch of added messages', () => {
    const caller = start().say('hello').listen()
    caller.feed({
      type: 'messages',
      messages: [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
      ],
      trigger_response: false,
    })
    const updates = caller.events.filter(({ event_type }) => event_type === 'call.ai_gather.message_history_updated')
    expect(
      updates.map(({ payload }) => (Array.isArray(payload.message_history) ? payload.message_history.length : 0)),
    ).toEqual([1, 2, 3, 5])
  })

  it('an assistant stops speaking when the caller interrupts, unless interruptions are off', () => {
    expect(start().interrupt('hello').effects).toContainEqual({ do: 'stop-sound' })
    expect(start({ interruption_settings: { enable: false } }).interrupt('hello').heard).toHaveLength(1)
  })

  it('an assistant ends its conversation on ai_assistant_stop and sends insights later', () => {
    const caller = start().say('hello').listen().feed({ type: 'stop' })
    expect(caller.eventTypes.at(-1)).toBe('call.conversation.ended')
    expect(caller.payload('call.conversation.ended')).toMatchObject({ assistant_id: 'assistant-1', reason: null })
    caller.feed({ type: 'said', text: 'anybody there?' })
    const before = caller.now
    caller.wait()
    expect(caller.now - before).toBe(3000)
    expect(caller.eventTypes.at(-1)).toBe('call.conversation_insights.generated')
    expect(caller.isOver).toBe(true)
  })

  it('an assistant ends its conversation on hangup with the reason customer_disconnect', () => {
    expect(start().feed({ type: 'hangup' }).payload('call.conversation.ended').reason).toBe('customer_disconnect')
  })

  it('an assistant hangs up after the caller says goodbye only if it has the hangup tool', () => {
    const without = start().say('goodbye').listen()
    expect(without.effects).not.toContainEqual({ do: 'hangup' })
    const withTool = start({ assistant: { id: 'assistant-1', tools: [{ type: 'hangup', hangup: {} }] } })
      .say('goodbye')
      .listen()
    expect(withTool.heard.at(-1)).toBe('Thank you for calling. Goodbye.')
    expect(withTool.effects.at(-1)).toEqual({ do: 'hangup' })
  })
})
