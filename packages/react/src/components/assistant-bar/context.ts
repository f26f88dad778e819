import { useEffect, useRef } from 'react'
import { Remembered, useRemembered } from '../../hooks/call-memory.ts'
import { useAssistant } from '../../hooks/use-assistant.ts'
import { useBlocked } from '../kit/use-blocked.ts'
import { createPartContext } from '../part/part-context.ts'

/** Options to start an assistant, or to hand the call back to the assistant that was stopped. */
export interface AssistantStartOptions {
  /** The id in Telnyx of the assistant to start. */
  readonly assistantId?: string | undefined
  /** A summary for the assistant, sent when an agent hands the call back to the assistant. */
  readonly summary?: string | undefined
}

/** The unsent input of an agent in the assistant bar of one call. */
interface BarState {
  readonly text: string
  /** Set while a message would talk over the caller: `ask` asks for confirmation, `wait` waits for a pause. */
  readonly guard: { readonly mode: 'ask' | 'wait'; readonly conversationId: string } | null
  readonly assistantId: string
  readonly summary: string
}

const barStates = new Remembered<BarState>({ text: '', guard: null, assistantId: '', summary: '' })

/** Returns the context value that `AssistantBarParts.Root` provides to the parts inside it. */
export function useBarOf(callId: string) {
  const assistant = useAssistant(callId)
  const reason = useBlocked(callId, 'assistant')
  const [bar, changeBar, memory] = useRemembered(callId, barStates)
  const { conversation, isActive, callerSpeaking } = assistant
  const { text, assistantId, summary } = bar
  const content = text.trim()
  const isOn = isActive || conversation?.status === 'requested'
  // A guarded message belongs to one conversation, so it is never sent in the next conversation.
  const guarding = isOn && bar.guard?.conversationId === conversation?.id ? (bar.guard?.mode ?? null) : null
  const setGuard = (mode: 'ask' | 'wait' | null) =>
    changeBar((now) => ({ ...now, guard: mode && conversation && { mode, conversationId: conversation.id } }))
  /** Clears a draft after Telnyx accepted it, unless the agent changed the draft after sending. */
  const clear = (field: 'text' | 'summary', sent: string) =>
    changeBar((now) => (now[field].trim() === sent ? { ...now, [field]: '' } : now))
  const whisper = async () => {
    if (content !== '' && reason === null && (await assistant.whisper(content)) === 'accepted') clear('text', content)
  }
  const answerAnyway = async () => {
    setGuard(null)
    if ((await assistant.answerNow(content || undefined)) === 'accepted') clear('text', content)
  }
  const answer = useRef(answerAnyway)
  useEffect(() => {
    answer.current = answerAnyway
  })
  useEffect(() => {
    // If several assistant bars show this call, only the first bar that sees the pause sends the message.
    if (guarding === null || callerSpeaking || reason !== null || barStates.read(memory).guard === null) return
    if (guarding === 'wait') answer.current().catch(() => {})
    else changeBar((now) => ({ ...now, guard: null }))
  }, [guarding, callerSpeaking, reason, changeBar, memory])

  const handsBack = conversation?.status === 'ended' && conversation.command === 'ai_assistant_start'
  const handBack = async (said: string) => {
    if ((await assistant.handBack(said === '' ? {} : { summary: said })) === 'accepted') clear('summary', said)
  }
  return {
    ...{ callId, assistant, isOn, reason, handsBack, text, guarding, assistantId, summary },
    setText: (next: string) => changeBar((now) => ({ ...now, text: next })),
    setAssistantId: (next: string) => changeBar((now) => ({ ...now, assistantId: next })),
    setSummary: (next: string) => changeBar((now) => ({ ...now, summary: next })),
    waitForPause: () => setGuard('wait'),
    whisper: () => void whisper().catch(() => {}),
    answerAnyway: () => void answerAnyway().catch(() => {}),
    /** Makes the assistant answer now. Asks the agent for confirmation if the caller is speaking. */
    answerNow: () => {
      if (reason !== null) return
      if (callerSpeaking) setGuard('ask')
      else answerAnyway().catch(() => {})
    },
    start: ({ assistantId: id = '', summary: said = '' }: AssistantStartOptions) => {
      if (reason !== null) return
      const assistantOfStart = id.trim() === '' ? {} : { assistant: { id: id.trim() } }
      const started = handsBack ? handBack(said.trim()) : assistant.start(assistantOfStart)
      started.catch(() => {})
    },
  }
}

export const [BarProvider, useBar] = createPartContext<ReturnType<typeof useBarOf>>('AssistantBarParts')
