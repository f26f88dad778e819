import { assistantWhisper } from '@callgather/protocol/scenarios'
import { describe, expect, it } from 'vitest'
import { actAndSettle, playAll, playTo, renderHookWithClient } from '../testing/render-hook.tsx'
import { createScenarioClient } from '../testing/scenario-client.ts'
import { useAssistant } from './use-assistant.ts'

const { callId } = assistantWhisper

function setUp() {
  const client = createScenarioClient(assistantWhisper)
  const { result } = renderHookWithClient(client, () => useAssistant(callId))
  return { client, result }
}

describe('useAssistant', () => {
  it('useAssistant returns the messages of the conversation as they arrive', async () => {
    const { client, result } = setUp()
    expect(result.current).toMatchObject({ conversation: null, isActive: false })
    await playTo(client, 8_000)
    expect(result.current.isActive).toBe(true)
    expect([...result.current.messages].map((message) => message.role)).toEqual(['assistant', 'user'])
    await playAll(client)
    expect(result.current).toMatchObject({ isActive: false, conversation: { status: 'ended' } })
  })

  it('useAssistant omits trigger_response for `whisper`, and sets it for `answerNow`', async () => {
    const { client, result } = setUp()
    await playTo(client, 8_000)
    await actAndSettle(() => result.current.whisper('Offer Friday.'))
    await actAndSettle(() => result.current.answerNow())
    await actAndSettle(() => result.current.answerNow('Say sorry first.', 'developer'))
    expect(client.commands.map((command) => command.body)).toMatchObject([
      { messages: [{ role: 'system', content: 'Offer Friday.' }] },
      { trigger_response: true },
      { messages: [{ role: 'developer', content: 'Say sorry first.' }], trigger_response: true },
    ])
    expect(client.commands[0]?.body).not.toHaveProperty('trigger_response')
    expect(client.commands[1]?.body).not.toHaveProperty('messages')
    expect(result.current.messages.at(-1)?.content).toBe('Say sorry first.')
  })

  it('useAssistant reports that the caller is speaking until the transcription is final', async () => {
    const { client, result } = setUp()
    await playTo(client, 8_000)
    const say = (transcript: string, is_final: boolean) =>
      actAndSettle(() =>
        client.emit(callId, 'call.transcription', {
          payload: { transcription_data: { transcript, is_final, transcription_track: 'inbound' } },
        }),
      )
    await say('I would', false)
    expect(result.current.callerSpeaking).toBe(true)
    await say('I would like', true)
    expect(result.current.callerSpeaking).toBe(false)
  })

  it('useAssistant hands a call back to the stopped assistant with its messages and a summary', async () => {
    const { client, result } = setUp()
    await playTo(client, 8_000)
    await actAndSettle(() => result.current.stop())
    expect(result.current).toMatchObject({ isActive: false, stopping: { status: 'confirmed' } })
    await actAndSettle(() => result.current.handBack({ summary: 'The agent moved it to Friday.' }))
    const last = client.commands.at(-1)
    expect(last?.name).toBe('ai_assistant_start')
    expect(last?.body).toMatchObject({
      assistant: { id: 'assistant-clinic' },
      message_history: [
        { role: 'assistant' },
        { role: 'user' },
        { role: 'system', content: 'The agent moved it to Friday.' },
      ],
    })
    expect(result.current.starting.status).toBe('confirmed')
  })
})
