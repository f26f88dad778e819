import { type FormEvent, type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react'
import { type Assistant, useAssistant } from '../../hooks/use-assistant.ts'
import { useCall } from '../../hooks/use-call.ts'
import { type Language, useLanguage } from '../../strings/strings-context.tsx'
import type { Badge } from '../gather-controls/gather-words.ts'
import { CommandButton, CommandNotice } from '../kit/command-button.tsx'
import { Icon, type IconName } from '../kit/icon.tsx'
import { Empty, Notice } from '../kit/notice.tsx'
import { StatusChip } from '../kit/status-chip.tsx'
import { useBlocked } from '../kit/use-blocked.ts'
import { useKeptFocus } from '../kit/use-kept-focus.ts'
import { type Receipt, receiptsOf, selectWhispers } from './receipts.ts'

/** The props of `AssistantBar`. */
export interface AssistantBarProps {
  readonly callId: string
  /** The assistant that "Start assistant" starts, by its id in Telnyx. Without it, the agent is asked for one. */
  readonly assistantId?: string
  /** Things often told to the assistant, offered at a press. Keep the array stable. */
  readonly suggestions?: readonly string[]
}

const noSuggestions: readonly string[] = []
const RECEIPTS_SHOWN = 3

function StyledAssistantBar({ callId, assistantId, suggestions = noSuggestions }: AssistantBarProps) {
  const assistant = useAssistant(callId)
  const language = useLanguage()
  const { t } = language
  const id = useId()
  const reason = useBlocked(callId, 'assistant')
  const { conversation, isActive } = assistant
  const badge = conversation && badgeOf(assistant, language)
  const [confirming, setConfirming] = useState(false)
  const kept = useKeptFocus<HTMLElement>()
  return (
    <section className="cg cg-card cg-assistant" aria-labelledby={id} data-active={isActive || undefined} {...kept}>
      <header className="cg-card-header">
        <h3 className="cg-card-title" id={id}>
          {t('assistant.label')}
        </h3>
        {badge && <StatusChip badge={badge} />}
        {isActive && !confirming && (
          <div className="cg-card-aside">
            <CommandButton
              command={assistant.stopping}
              variant="danger"
              size="small"
              icon="stop"
              reason={reason}
              aria-label={t('assistant.stop')}
              onClick={() => setConfirming(true)}
            >
              {t('assistant.stopShort')}
            </CommandButton>
          </div>
        )}
      </header>
      {isActive && confirming && <ConfirmStop assistant={assistant} onDone={() => setConfirming(false)} />}
      {isActive || conversation?.status === 'requested' ? (
        <Running callId={callId} assistant={assistant} reason={reason} suggestions={suggestions} />
      ) : (
        <Idle callId={callId} assistant={assistant} assistantId={assistantId} reason={reason} />
      )}
    </section>
  )
}

/** What the assistant does, as far as its conversation tells. That it speaks now, Telnyx does not say. */
function badgeOf({ conversation, callerSpeaking }: Assistant, { t }: Language): Badge {
  switch (conversation?.status) {
    case 'requested':
      return { text: t('assistant.state.starting'), tone: 'ai', live: true }
    case 'collecting': {
      if (callerSpeaking) return { text: t('assistant.state.listening'), tone: 'ai', live: true }
      const thinking = conversation.lastMessage?.role === 'user'
      return { text: t(thinking ? 'assistant.state.thinking' : 'assistant.state.onCall'), tone: 'ai', live: true }
    }
    case 'refused':
      return { text: t('assistant.state.refused'), tone: 'negative', icon: 'cross' }
    case 'unknown':
      return { text: t('assistant.state.unknown'), tone: 'warning', icon: 'question' }
    default:
      return { text: t('assistant.state.stopped'), tone: 'neutral', icon: 'stop' }
  }
}

interface RunningProps {
  readonly callId: string
  readonly assistant: Assistant
  readonly reason: string | null
  readonly suggestions: readonly string[]
}

function Running({ callId, assistant, reason, suggestions }: RunningProps) {
  const { t } = useLanguage()
  const id = useId()
  const [text, setText] = useState('')
  const [guarding, setGuarding] = useState<'ask' | 'wait' | null>(null)
  const { whispering, answering, callerSpeaking } = assistant
  const whisper = async () => {
    const content = text.trim()
    if (content === '' || reason !== null) return
    if ((await assistant.whisper(content)) === 'accepted') setText((now) => (now.trim() === content ? '' : now))
  }
  const answerNow = async () => {
    setGuarding(null)
    const content = text.trim()
    if ((await assistant.answerNow(content || undefined)) === 'accepted')
      setText((now) => (now.trim() === content ? '' : now))
  }
  const askToAnswer = () => {
    if (reason !== null) return
    if (callerSpeaking) setGuarding('ask')
    else void answerNow()
  }
  // The pause that was waited for.
  const answer = useRef(answerNow)
  useEffect(() => {
    answer.current = answerNow
  })
  useEffect(() => {
    if (guarding !== null && !callerSpeaking) {
      if (guarding === 'wait') void answer.current()
      else setGuarding(null)
    }
  }, [guarding, callerSpeaking])

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    if (event.ctrlKey || event.metaKey) askToAnswer()
    else void whisper()
  }
  return (
    <div className="cg-assistant-body">
      <textarea
        className="cg-input"
        rows={2}
        dir="auto"
        aria-label={t('assistant.message')}
        aria-describedby={`${id}hints`}
        placeholder={t('assistant.message')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {suggestions.length > 0 && (
        <ul className="cg-suggestions" aria-label={t('assistant.suggestions')}>
          {suggestions.map((suggestion) => (
            <li key={suggestion}>
              <button
                type="button"
                className="cg-button cg-preset"
                data-size="small"
                onClick={() => setText(suggestion)}
              >
                <bdi>{suggestion}</bdi>
              </button>
            </li>
          ))}
        </ul>
      )}
      {guarding ? (
        <Notice
          role="alert"
          tone="warning"
          icon="interrupted"
          title={t('assistant.speakingGuard')}
          action={
            <span className="cg-assistant-actions">
              <button type="button" className="cg-button" data-size="small" onClick={() => setGuarding('wait')}>
                {t('assistant.waitForPause')}
              </button>
              <button type="button" className="cg-button" data-size="small" onClick={() => void answerNow()}>
                {t('assistant.sendAnyway')}
              </button>
            </span>
          }
        >
          {t(guarding === 'wait' ? 'assistant.waitingForPause' : 'assistant.speakingGuardHint')}
        </Notice>
      ) : (
        <div className="cg-assistant-actions">
          <CommandButton
            command={whispering}
            variant="primary"
            icon="whisper"
            reason={reason}
            aria-keyshortcuts="Enter"
            onClick={() => void whisper()}
          >
            {t('assistant.whisper')}
          </CommandButton>
          <CommandButton
            command={answering}
            icon="speech"
            reason={reason}
            aria-keyshortcuts="Control+Enter"
            onClick={askToAnswer}
          >
            {t('assistant.answerNow')}
          </CommandButton>
        </div>
      )}
      <p className="cg-assistant-hints" id={`${id}hints`}>
        <span>
          <kbd className="cg-kbd">Enter</kbd> {t('assistant.whisperHint')}
        </span>
        <span>
          <kbd className="cg-kbd">Ctrl Enter</kbd> {t('assistant.answerNowHint')}
        </span>
      </p>
      <CommandNotice command={whispering} />
      <CommandNotice command={answering} />
      <CommandNotice command={assistant.stopping} />
      <Receipts callId={callId} assistant={assistant} />
    </div>
  )
}

/** Asks first: nobody speaks to the caller afterwards, until a person does. */
function ConfirmStop({ assistant, onDone }: { readonly assistant: Assistant; readonly onDone: () => void }) {
  const { t } = useLanguage()
  return (
    <div className="cg-assistant-confirm">
      <div
        className="cg-confirm"
        role="alertdialog"
        aria-label={t('assistant.stop')}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          event.preventDefault()
          event.stopPropagation()
          onDone()
        }}
      >
        <p>{t('assistant.stopConfirm')}</p>
        <button
          type="button"
          className="cg-button"
          data-variant="danger"
          // biome-ignore lint/a11y/noAutofocus: the question is answered by the key that asked it
          autoFocus
          onClick={() => {
            onDone()
            void assistant.stop()
          }}
        >
          {t('assistant.stopShort')}
        </button>
        <button type="button" className="cg-button" onClick={onDone}>
          {t('action.cancel')}
        </button>
      </div>
    </div>
  )
}

const receiptIcons = {
  sent: 'clock',
  accepted: 'check',
  seen: 'checks',
  refused: 'alert',
  unknown: 'question',
} as const satisfies Record<Receipt['status'], IconName>

function Receipts({ callId, assistant }: { readonly callId: string; readonly assistant: Assistant }) {
  const { t } = useLanguage()
  const whispers = useCall(callId, ({ state }) => selectWhispers(state, RECEIPTS_SHOWN))
  const { messages } = assistant
  const receipts = useMemo(() => receiptsOf(whispers, messages), [whispers, messages])
  if (receipts.length === 0) return null
  return (
    <ul className="cg-receipts" aria-label={t('assistant.receipts')} aria-live="polite">
      {receipts.toReversed().map(({ id, text, status, answerNow }) => (
        <li key={id} className="cg-receipt" data-status={status}>
          <Icon name={receiptIcons[status]} />
          <span>
            {text === '' ? t('assistant.answerNow') : <q dir="auto">{text}</q>}
            {answerNow && text !== '' && ` · ${t('assistant.answerNow')}`} {t(`assistant.receipt.${status}`)}
          </span>
        </li>
      ))}
    </ul>
  )
}

interface IdleProps {
  readonly callId: string
  readonly assistant: Assistant
  readonly assistantId: string | undefined
  readonly reason: string | null
}

function Idle({ callId, assistant, assistantId, reason }: IdleProps) {
  const { t } = useLanguage()
  const id = useId()
  const [typedId, setTypedId] = useState('')
  const [summary, setSummary] = useState('')
  const { conversation, starting, handBack } = assistant
  const wasOnCall = conversation?.status === 'ended' && conversation.command === 'ai_assistant_start'
  const start = (event: FormEvent) => {
    event.preventDefault()
    if (reason !== null) return
    if (wasOnCall) void handBack(summary.trim() === '' ? {} : { summary: summary.trim() })
    else {
      const chosen = assistantId ?? typedId.trim()
      void assistant.start(chosen === '' ? {} : { assistant: { id: chosen } })
    }
  }
  return (
    <form className="cg-assistant-body" onSubmit={start}>
      {!wasOnCall && (
        <Empty icon="robot" title={t('assistant.none')}>
          {reason ?? t('assistant.noneHint')}
        </Empty>
      )}
      {!wasOnCall && reason === null && assistantId === undefined && (
        <div className="cg-field">
          <label className="cg-label" htmlFor={`${id}assistant`}>
            {t('assistant.id')}
          </label>
          <input
            id={`${id}assistant`}
            className="cg-input"
            dir="ltr"
            placeholder="assistant-…"
            autoComplete="off"
            spellCheck={false}
            value={typedId}
            aria-describedby={`${id}hint`}
            onChange={(event) => setTypedId(event.currentTarget.value)}
          />
          <p className="cg-hint" id={`${id}hint`}>
            {t('assistant.idHint')}
          </p>
        </div>
      )}
      {wasOnCall && reason === null && (
        <div className="cg-field">
          <label className="cg-label" htmlFor={`${id}summary`}>
            {t('assistant.summary')}
          </label>
          <textarea
            id={`${id}summary`}
            className="cg-input"
            rows={2}
            dir="auto"
            value={summary}
            aria-describedby={`${id}hint`}
            onChange={(event) => setSummary(event.currentTarget.value)}
          />
          <p className="cg-hint" id={`${id}hint`}>
            {t('assistant.handBackHint')}
          </p>
        </div>
      )}
      {reason === null && (
        <div className="cg-assistant-actions">
          <CommandButton type="submit" command={starting} variant="primary" icon="robot">
            {t(wasOnCall ? 'assistant.handBack' : 'assistant.start')}
          </CommandButton>
        </div>
      )}
      <CommandNotice command={starting} />
      {wasOnCall && <Receipts callId={callId} assistant={assistant} />}
    </form>
  )
}

/**
 * Takes part in a conversation between an AI and the caller: whisper to it, have it answer now, stop it, hand the call
 * back to it. Each message shows what became of it: sent, accepted, seen in the conversation.
 *
 * For a bar of your own, `useAssistant` holds everything this one does.
 */
export const AssistantBar = StyledAssistantBar
