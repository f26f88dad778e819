import type { Conversation } from '@callgather/protocol'
import { type KeyboardEvent, type ReactElement, type ReactNode, useMemo, useRef } from 'react'
import { perCall } from '../../hooks/call-scope.tsx'
import type { CommandProgress } from '../../hooks/command-progress.ts'
import { visibleText } from '../../hooks/party.ts'
import { useCall } from '../../hooks/use-call.ts'
import { useShortcut } from '../../hooks/use-shortcut.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { isBusy } from '../kit/command-button.tsx'
import { ShortcutHint } from '../kit/shortcut-hint.tsx'
import { useTypingGuard } from '../kit/typing-guard.ts'
import { type PartProps, renderPart } from '../part/part.tsx'
import { type AssistantStartOptions, BarProvider, useBar, useBarOf } from './context.ts'
import { ReceiptText } from './receipt-text.tsx'
import { type MessageReceipt, receiptsOf, selectWhispers } from './receipts.ts'

/** How many of the last messages to the assistant are listed with their status. */
const RECEIPTS_SHOWN = 3

/** The state of `AssistantBarParts.Root`, as data attributes. */
export type RootState = {
  /** Whether an assistant is on the call. */
  readonly active: boolean
  readonly status: Conversation['status'] | null
  /** Whether the caller is speaking, so that an immediate answer would talk over the caller. */
  readonly callerSpeaking: boolean
}

/** The props of `AssistantBarParts.Root`. */
export interface RootProps extends PartProps<'section', RootState> {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
}

function CallRoot({ callId, ...props }: RootProps & { readonly callId: string }) {
  const bar = useBarOf(callId)
  const { t } = useLanguage()
  const guard = useTypingGuard()
  const { conversation, isActive, callerSpeaking } = bar.assistant
  const state: RootState = { active: isActive, status: conversation?.status ?? null, callerSpeaking }
  return (
    <BarProvider value={bar}>
      {renderPart('section', props, { 'aria-label': t('assistant.label'), ...guard }, state)}
    </BarProvider>
  )
}

/** The section around the controls for an AI assistant. The other `AssistantBarParts` must be inside it. */
export const Root: (props: RootProps) => ReactElement = perCall(CallRoot)

/** The props of `AssistantBarParts.Message`. */
export type MessageProps = PartProps<'textarea'>

/** A field for a message to the assistant. Enter sends a whisper. Ctrl+Enter makes the assistant answer now. */
export function Message(props: MessageProps) {
  const { text, setText, whisper, answerNow } = useBar('Message')
  const { t } = useLanguage()
  const field = useRef<HTMLTextAreaElement>(null)
  const shortcut = useShortcut({
    id: 'whisper',
    key: 'w',
    label: t('shortcuts.whisper'),
    run: () => field.current?.focus(),
  })
  const label = t('assistant.message')
  const own = {
    ref: field,
    rows: 2,
    dir: 'auto',
    'aria-label': label,
    'aria-keyshortcuts': shortcut?.aria,
    placeholder: shortcut ? `${label} (${shortcut.text})` : label,
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

/** The props of `AssistantBarParts.Suggestion`. */
export interface SuggestionProps extends PartProps<'button'> {
  /** The message that the button puts in the `Message` field. */
  readonly text: string
}

/** A button that puts a common message in the `Message` field. */
export function Suggestion({ text, ...props }: SuggestionProps) {
  const { setText } = useBar('Suggestion')
  return renderPart('button', props, {
    type: 'button',
    onClick: () => setText(text),
    children: <bdi>{visibleText(text)}</bdi>,
  })
}

/** The state of a part of `AssistantBarParts` that sends a command, as data attributes. */
export type CommandButtonState = { readonly command: CommandProgress['status'] }

/** The props of a part of `AssistantBarParts` that sends a command. */
export type CommandButtonProps = PartProps<'button', CommandButtonState>

/** Renders a button that cannot be pressed while its command is pending, but stays in the tab order. */
function commandButton(props: CommandButtonProps, command: CommandProgress, reason: string | null, own: ButtonOwn) {
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

/** A button that sends the message to the assistant. The caller does not hear the message. */
export function Whisper(props: CommandButtonProps) {
  const { assistant, reason, whisper } = useBar('Whisper')
  const { t } = useLanguage()
  const own = { onClick: whisper, children: t('assistant.whisper'), 'aria-keyshortcuts': 'Enter' }
  return commandButton(props, assistant.whispering, reason, own)
}

/** A button that makes the assistant answer now. While the caller speaks, `Guard` asks for confirmation first. */
export function AnswerNow(props: CommandButtonProps) {
  const { assistant, reason, answerNow } = useBar('AnswerNow')
  const { t } = useLanguage()
  const { answering } = assistant
  const shortcut = useShortcut({
    id: 'answerNow',
    key: 'n',
    label: t('shortcuts.answerNow'),
    enabled: reason === null && !isBusy(answering),
    run: answerNow,
  })
  const own = {
    onClick: answerNow,
    children: (
      <>
        {t('assistant.answerNow')} <ShortcutHint shortcut={shortcut} />
      </>
    ),
    'aria-keyshortcuts': shortcut ? `Control+Enter ${shortcut.aria}` : 'Control+Enter',
  }
  return commandButton(props, answering, reason, own)
}

/** A button that stops the assistant at once. The call continues in silence, so ask for confirmation first. */
export function Stop(props: CommandButtonProps) {
  const { assistant, reason } = useBar('Stop')
  const { t } = useLanguage()
  const own = {
    onClick: () => void assistant.stop(),
    children: t('action.stop'),
    'aria-label': t('assistant.stop'),
  }
  return commandButton(props, assistant.stopping, reason, own)
}

/** The props of `AssistantBarParts.Start`. */
export interface StartProps extends CommandButtonProps, AssistantStartOptions {}

/** A button that starts an assistant, or hands the call back to the stopped assistant with the conversation so far. */
export function Start({ assistantId, summary, ...props }: StartProps) {
  const { assistant, reason, handsBack, start } = useBar('Start')
  const { t } = useLanguage()
  const own = {
    onClick: () => start({ assistantId, summary }),
    children: t(handsBack ? 'assistant.handBack' : 'assistant.start'),
  }
  return commandButton(props, assistant.starting, reason, own)
}

/** The state of `AssistantBarParts.Guard`, as data attributes. */
export type GuardState = {
  /** Whether the message waits for the caller to pause. */
  readonly waiting: boolean
}

/** The props of `AssistantBarParts.Guard`. */
export type GuardProps = PartProps<'div', GuardState>

/** Asks whether to talk over the caller, or shows that a message waits for a pause. Otherwise renders nothing. */
export function Guard(props: GuardProps): ReactNode {
  const { guarding } = useBar('Guard')
  if (guarding === null) return null
  return renderPart('div', props, { role: 'alert' }, { waiting: guarding === 'wait' })
}

/** The props of `AssistantBarParts.WaitForPause`. */
export type WaitForPauseProps = PartProps<'button'>

/** A button for `Guard` that makes the assistant answer when the caller pauses. */
export function WaitForPause(props: WaitForPauseProps) {
  const { waitForPause } = useBar('WaitForPause')
  const { t } = useLanguage()
  return renderPart('button', props, { type: 'button', onClick: waitForPause, children: t('assistant.waitForPause') })
}

/** The props of `AssistantBarParts.SendAnyway`. */
export type SendAnywayProps = PartProps<'button'>

/** A button for `Guard` that makes the assistant answer while the caller speaks. */
export function SendAnyway(props: SendAnywayProps) {
  const { answerAnyway } = useBar('SendAnyway')
  const { t } = useLanguage()
  return renderPart('button', props, { type: 'button', onClick: answerAnyway, children: t('assistant.sendAnyway') })
}

/** The props of `AssistantBarParts.Receipts`. */
export interface ReceiptsProps extends Omit<PartProps<'ul'>, 'children'> {
  /** Renders the receipt of one message. Default: a `Receipt`. */
  readonly children?: (receipt: MessageReceipt) => ReactNode
}

/** The receipts of the last messages to the assistant, newest first. Renders nothing if there are no messages. */
export function Receipts({
  children = (receipt) => <Receipt key={receipt.id} receipt={receipt} />,
  ...props
}: ReceiptsProps): ReactNode {
  const { callId, assistant } = useBar('Receipts')
  const { t } = useLanguage()
  const whispers = useCall(callId, ({ state }) => selectWhispers(state, RECEIPTS_SHOWN))
  const { messages } = assistant
  const receipts = useMemo(() => receiptsOf(whispers, messages), [whispers, messages])
  if (receipts.length === 0) return null
  const own = { 'aria-label': t('assistant.receipts'), 'aria-live': 'polite' } as const
  return renderPart('ul', props, { ...own, children: receipts.toReversed().map(children) })
}

/** The state of `AssistantBarParts.Receipt`, as data attributes. */
export type ReceiptState = Pick<MessageReceipt, 'status'>

/** The props of `AssistantBarParts.Receipt`. */
export interface ReceiptProps extends PartProps<'li', ReceiptState> {
  readonly receipt: MessageReceipt
}

/** One message to the assistant and its status: sent, accepted, seen in the conversation, refused or unknown. */
export function Receipt({ receipt, ...props }: ReceiptProps) {
  return renderPart('li', props, { children: <ReceiptText receipt={receipt} /> }, { status: receipt.status })
}
