import type { Conversation } from '@callgather/protocol'
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef } from 'react'
import { Remembered, useRemembered } from '../../hooks/call-memory.ts'
import { type OfCall, perCall } from '../../hooks/call-scope.tsx'
import type { CommandProgress } from '../../hooks/command-progress.ts'
import { useAssistant } from '../../hooks/use-assistant.ts'
import { useCall } from '../../hooks/use-call.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { isBusy } from '../kit/command-button.tsx'
import { useTypingGuard } from '../kit/typing-guard.ts'
import { useBlocked } from '../kit/use-blocked.ts'
import { type PartProps, renderPart } from '../part/part.tsx'
import { createPartContext } from '../part/part-context.ts'
import { type Receipt as MessageReceipt, receiptsOf, selectWhispers } from './receipts.ts'

/** How many messages to the assistant are shown with what became of them. */
const RECEIPTS_SHOWN = 3

/** The state of `AssistantBar.Root`, as data attributes. */
export type AssistantBarState = {
  /** Whether an assistant is on the call. */
  readonly active: boolean
  readonly status: Conversation['status'] | null
  /** Whether an answer now would talk over the caller. */
  readonly callerSpeaking: boolean
}

/** How an assistant is started, or handed the call back. */
export interface StartOptions {
  /** Which assistant to start, by its id in Telnyx. */
  readonly assistantId?: string | undefined
  /** What the assistant should know, where it is handed back the call it was on. */
  readonly summary?: string | undefined
}

/** What an agent has written for a call's assistant. */
interface BarState {
  readonly text: string
  /** A message that would talk over the caller: the agent is asked, or it waits for a pause. */
  readonly guard: { readonly mode: 'ask' | 'wait'; readonly conversationId: string } | null
  readonly assistantId: string
  readonly summary: string
}

const barStates = new Remembered<BarState>({ text: '', guard: null, assistantId: '', summary: '' })

function useBarOf(callId: string) {
  const assistant = useAssistant(callId)
  const reason = useBlocked(callId, 'assistant')
  const [bar, changeBar, memory] = useRemembered(callId, barStates)
  const { conversation, isActive, callerSpeaking } = assistant
  const { text, assistantId, summary } = bar
  const content = text.trim()
  const isOn = isActive || conversation?.status === 'requested'
  // The agent wants an answer now while the caller speaks: asked what to do, or waiting for a pause.
  // Armed for one conversation: it is never sent into the next one.
  const guarding = isOn && bar.guard?.conversationId === conversation?.id ? (bar.guard?.mode ?? null) : null
  const setGuard = (mode: 'ask' | 'wait' | null) =>
    changeBar((now) => ({ ...now, guard: mode && conversation && { mode, conversationId: conversation.id } }))
  /** What was taken is cleared, unless the agent has changed it since. */
  const clear = (field: 'text' | 'summary', sent: string) =>
    changeBar((now) => (now[field].trim() === sent ? { ...now, [field]: '' } : now))
  const whisper = async () => {
    if (content !== '' && reason === null && (await assistant.whisper(content)) === 'accepted') clear('text', content)
  }
  const answerAnyway = async () => {
    setGuard(null)
    if ((await assistant.answerNow(content || undefined)) === 'accepted') clear('text', content)
  }
  // The pause that was waited for.
  const answer = useRef(answerAnyway)
  useEffect(() => {
    answer.current = answerAnyway
  })
  useEffect(() => {
    // Of several bars on one call, the first to see the pause disarms the message and sends it.
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
    /** Has the assistant answer, but asks first while the caller speaks. */
    answerNow: () => {
      if (reason !== null) return
      if (callerSpeaking) setGuard('ask')
      else answerAnyway().catch(() => {})
    },
    start: ({ assistantId: id = '', summary: said = '' }: StartOptions) => {
      if (reason !== null) return
      const assistantOfStart = id.trim() === '' ? {} : { assistant: { id: id.trim() } }
      const started = handsBack ? handBack(said.trim()) : assistant.start(assistantOfStart)
      started.catch(() => {})
    },
  }
}

const [BarProvider, useBar] = createPartContext<ReturnType<typeof useBarOf>>('AssistantBar')

export { useBar }

function CallRoot({ callId, ...props }: PartProps<'section', AssistantBarState> & { readonly callId: string }) {
  const bar = useBarOf(callId)
  const { t } = useLanguage()
  const guard = useTypingGuard()
  const { conversation, isActive, callerSpeaking } = bar.assistant
  const state: AssistantBarState = { active: isActive, status: conversation?.status ?? null, callerSpeaking }
  return (
    <BarProvider value={bar}>
      {renderPart('section', props, { 'aria-label': t('assistant.label'), ...guard }, state)}
    </BarProvider>
  )
}

/** The conversation between an AI and the caller, and a person's part in it. */
export const Root: OfCall<PartProps<'section', AssistantBarState>> = perCall(CallRoot)

/** A field for a message to the assistant. Enter whispers it, Ctrl+Enter has the assistant answer now. */
export function Message(props: PartProps<'textarea'>) {
  const { text, setText, whisper, answerNow } = useBar('Message')
  const { t } = useLanguage()
  const own = {
    rows: 2,
    dir: 'auto',
    'aria-label': t('assistant.message'),
    placeholder: t('assistant.message'),
    value: text,
    onChange: (event: { currentTarget: HTMLTextAreaElement }) => setText(event.currentTarget.value),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
      event.preventDefault()
      if (event.ctrlKey || event.metaKey) answerNow()
      else whisper()
    },
  }
  return renderPart('textarea', props, own)
}

/** A message often given, offered at a press. */
export function Suggestion({ text, ...props }: PartProps<'button'> & { readonly text: string }) {
  const { setText } = useBar('Suggestion')
  return renderPart('button', props, { type: 'button', onClick: () => setText(text), children: <bdi>{text}</bdi> })
}

/** A button's state is where its command stands. */
type ButtonProps = PartProps<'button', { readonly command: CommandProgress['status'] }>

/** A button that cannot be pressed again while its command is on its way, and stays in the tab order all the same. */
function commandButton(props: ButtonProps, command: CommandProgress, reason: string | null, own: ButtonOwn) {
  const busy = isBusy(command)
  const blocked = busy || reason !== null
  const all = {
    type: 'button',
    'aria-disabled': blocked || undefined,
    'aria-busy': busy || undefined,
    title: reason ?? undefined,
    ...own,
    onClick: () => {
      if (!blocked) own.onClick()
    },
  } as const
  return renderPart('button', props, all, { command: command.status })
}

interface ButtonOwn {
  readonly onClick: () => void
  readonly children: ReactNode
  readonly 'aria-keyshortcuts'?: string
  readonly 'aria-label'?: string
}

/** Tells the assistant what is in the field; the caller does not hear it. */
export function Whisper(props: ButtonProps) {
  const { assistant, reason, whisper } = useBar('Whisper')
  const { t } = useLanguage()
  const own = { onClick: whisper, children: t('assistant.whisper'), 'aria-keyshortcuts': 'Enter' }
  return commandButton(props, assistant.whispering, reason, own)
}

/** Has the assistant answer now; while the caller speaks, `AssistantBar.Guard` asks first. */
export function AnswerNow(props: ButtonProps) {
  const { assistant, reason, answerNow } = useBar('AnswerNow')
  const { t } = useLanguage()
  const own = { onClick: answerNow, children: t('assistant.answerNow'), 'aria-keyshortcuts': 'Control+Enter' }
  return commandButton(props, assistant.answering, reason, own)
}

/** Ends the conversation at once; ask first, as nobody speaks to the caller then. The call stays up. */
export function Stop(props: ButtonProps) {
  const { assistant, reason } = useBar('Stop')
  const { t } = useLanguage()
  const own = {
    onClick: () => void assistant.stop(),
    children: t('action.stop'),
    'aria-label': t('assistant.stop'),
  }
  return commandButton(props, assistant.stopping, reason, own)
}

/** Starts an assistant, or hands the call back to the one that was on it, with the conversation so far. */
export function Start({ assistantId, summary, ...props }: ButtonProps & StartOptions) {
  const { assistant, reason, handsBack, start } = useBar('Start')
  const { t } = useLanguage()
  const own = {
    onClick: () => start({ assistantId, summary }),
    children: t(handsBack ? 'assistant.handBack' : 'assistant.start'),
  }
  return commandButton(props, assistant.starting, reason, own)
}

/** Asks whether to talk over the caller, or says that a pause is waited for; nothing otherwise. */
export function Guard(props: PartProps<'div', { readonly waiting: boolean }>): ReactNode {
  const { guarding } = useBar('Guard')
  if (guarding === null) return null
  return renderPart('div', props, { role: 'alert' }, { waiting: guarding === 'wait' })
}

/** In the guard: waits until the caller pauses, then has the assistant answer. */
export function WaitForPause(props: PartProps<'button'>) {
  const { waitForPause } = useBar('WaitForPause')
  const { t } = useLanguage()
  return renderPart('button', props, { type: 'button', onClick: waitForPause, children: t('assistant.waitForPause') })
}

/** In the guard: has the assistant answer all the same. */
export function SendAnyway(props: PartProps<'button'>) {
  const { answerAnyway } = useBar('SendAnyway')
  const { t } = useLanguage()
  return renderPart('button', props, { type: 'button', onClick: answerAnyway, children: t('assistant.sendAnyway') })
}

/** What became of the last messages, the newest first; nothing while there is none. */
export function Receipts({
  children = (receipt) => <Receipt key={receipt.id} receipt={receipt} />,
  ...props
}: Omit<PartProps<'ul'>, 'children'> & { readonly children?: (receipt: MessageReceipt) => ReactNode }): ReactNode {
  const { callId, assistant } = useBar('Receipts')
  const { t } = useLanguage()
  const whispers = useCall(callId, ({ state }) => selectWhispers(state, RECEIPTS_SHOWN))
  const { messages } = assistant
  const receipts = useMemo(() => receiptsOf(whispers, messages), [whispers, messages])
  if (receipts.length === 0) return null
  const own = { 'aria-label': t('assistant.receipts'), 'aria-live': 'polite' } as const
  return renderPart('ul', props, { ...own, children: receipts.toReversed().map(children) })
}

/** One message, and what became of it: sent, accepted, seen in the conversation, refused, unknown. */
export function Receipt({
  receipt,
  ...props
}: PartProps<'li', Pick<MessageReceipt, 'status'>> & { readonly receipt: MessageReceipt }) {
  return renderPart('li', props, { children: <ReceiptText receipt={receipt} /> }, { status: receipt.status })
}

/** The words of a receipt. */
export function ReceiptText({ receipt: { text, answerNow, status } }: { readonly receipt: MessageReceipt }) {
  const { t } = useLanguage()
  return (
    <span>
      {text === '' ? t('assistant.answerNow') : <q dir="auto">{text}</q>}
      {answerNow && text !== '' && ` · ${t('assistant.answerNow')}`} {t(`assistant.receipt.${status}`)}
    </span>
  )
}
