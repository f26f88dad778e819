import { type FormEvent, useId, useState } from 'react'
import type { UseAssistantResult } from '../../hooks/use-assistant.ts'
import { type Language, useLanguage } from '../../strings/strings-context.tsx'
import { CommandButton, CommandNotice } from '../kit/command-button.tsx'
import { Confirm } from '../kit/confirm.tsx'
import { Field } from '../kit/field.tsx'
import type { Badge } from '../kit/gather-words.ts'
import { Icon } from '../kit/icon.tsx'
import { Notice } from '../kit/notice.tsx'
import { receipts } from '../kit/receipts.ts'
import { StatusChip } from '../kit/status-chip.tsx'
import { useAskingButton } from '../kit/use-asking-button.ts'
import { useKeptFocus } from '../kit/use-kept-focus.ts'
import { useBar } from './context.ts'
import * as parts from './parts.tsx'
import { ReceiptText } from './receipt-text.tsx'

/** The props of `AssistantBar`. */
export interface AssistantBarProps {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
  /** The id in Telnyx of the assistant that "Start assistant" starts. Without an id, the bar shows a field for it. */
  readonly assistantId?: string
  /** Common messages to the assistant, offered as buttons. Pass the same array on every render. */
  readonly suggestions?: readonly string[]
}

const noSuggestions: readonly string[] = []

/**
 * Controls for an AI assistant on the call. The agent can whisper to the assistant, make it answer now, stop it, or
 * hand the call back to it. Each message shows its status: sent, accepted or seen in the conversation.
 *
 * `AssistantBarParts` has the unstyled parts of this component.
 */
export function AssistantBar({ callId, ...props }: AssistantBarProps) {
  const id = useId()
  const kept = useKeptFocus()
  return (
    <parts.Root callId={callId} className="cg cg-card cg-assistant" aria-labelledby={id} {...kept}>
      <Contents id={id} {...props} />
    </parts.Root>
  )
}

type ContentsProps = Omit<AssistantBarProps, 'callId'> & { readonly id: string }

function Contents({ id, assistantId, suggestions = noSuggestions }: ContentsProps) {
  const { assistant, isOn, reason } = useBar('Contents')
  const language = useLanguage()
  const { t } = language
  const { isActive } = assistant
  const badge = assistant.conversation && badgeOf(assistant, language)
  // The confirmation of "Stop assistant" closes when its conversation ends, and while commands are blocked.
  const [confirmingId, setConfirmingId] = useState<string | null>(null)
  const conversationId = assistant.conversation?.id ?? null
  const confirming = isActive && reason === null && confirmingId !== null && confirmingId === conversationId
  const header = useAskingButton<HTMLElement>(confirming)
  return (
    <>
      <header className="cg-card-header" ref={header}>
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
              data-asks=""
              onClick={() => setConfirmingId(conversationId)}
            >
              {t('action.stop')}
            </CommandButton>
          </div>
        )}
      </header>
      {confirming && (
        <div className="cg-assistant-confirm">
          <Confirm
            label={t('assistant.stop')}
            question={t('assistant.stopConfirm')}
            stop={t('action.stop')}
            keep={t('action.cancel')}
            onStop={() => {
              setConfirmingId(null)
              assistant.stop().catch(() => {})
            }}
            onKeep={() => setConfirmingId(null)}
          />
        </div>
      )}
      {isOn ? <Running suggestions={suggestions} /> : <Idle assistantId={assistantId} />}
    </>
  )
}

/** The badge of the assistant's activity. Telnyx does not report when the assistant speaks. */
function badgeOf({ conversation, callerSpeaking }: UseAssistantResult, { t }: Language): Badge {
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

function Running({ suggestions }: { readonly suggestions: readonly string[] }) {
  const { assistant, reason, guarding } = useBar('Running')
  const { t } = useLanguage()
  const id = useId()
  const { whispering, answering, stopping } = assistant
  return (
    <div className="cg-assistant-body">
      <parts.Message className="cg-input" aria-describedby={`${id}hints`} />
      {suggestions.length > 0 && (
        <ul className="cg-suggestions" aria-label={t('assistant.suggestions')}>
          {suggestions.map((suggestion) => (
            <li key={suggestion}>
              <parts.Suggestion text={suggestion} className="cg-button cg-preset" data-size="small" />
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
              <parts.WaitForPause className="cg-button" data-size="small" />
              <parts.SendAnyway className="cg-button" data-size="small" />
            </span>
          }
        >
          {t(guarding === 'wait' ? 'assistant.waitingForPause' : 'assistant.speakingGuardHint')}
        </Notice>
      ) : (
        <div className="cg-assistant-actions">
          <parts.Whisper
            render={<CommandButton command={whispering} variant="primary" icon="whisper" reason={reason} />}
          />
          <parts.AnswerNow render={<CommandButton command={answering} icon="speech" reason={reason} />} />
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
      <CommandNotice command={stopping} />
      <Receipts />
    </div>
  )
}

const Receipts = () => (
  <parts.Receipts className="cg-receipts">
    {(receipt) => (
      <parts.Receipt key={receipt.id} receipt={receipt} className="cg-receipt">
        <Icon name={receipts[receipt.status].icon} />
        <ReceiptText receipt={receipt} />
      </parts.Receipt>
    )}
  </parts.Receipts>
)

function Idle({ assistantId }: { readonly assistantId: string | undefined }) {
  const bar = useBar('Idle')
  const { assistant, reason, handsBack, start, summary, setSummary } = bar
  const { t } = useLanguage()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    start({ assistantId: assistantId ?? bar.assistantId, summary })
  }
  return (
    <form className="cg-assistant-body" onSubmit={submit}>
      {!handsBack && (
        <p className="cg-assistant-none">
          <Icon name="robot" />
          <span>
            {!assistant.conversation && <strong>{t('assistant.none')}</strong>} {reason ?? t('assistant.noneHint')}
          </span>
        </p>
      )}
      {!handsBack && reason === null && assistantId === undefined && (
        <Field label={t('assistant.id')} hint={t('assistant.idHint')}>
          {(control) => (
            <input
              {...control}
              dir="ltr"
              placeholder="assistant-…"
              autoComplete="off"
              spellCheck={false}
              value={bar.assistantId}
              onChange={(event) => bar.setAssistantId(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      {handsBack && reason === null && (
        <Field label={t('assistant.summary')} hint={t('assistant.handBackHint')}>
          {(control) => (
            <textarea
              {...control}
              rows={2}
              dir="auto"
              value={summary}
              onChange={(event) => setSummary(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      {reason === null && (
        <div className="cg-assistant-actions">
          <CommandButton type="submit" command={assistant.starting} variant="primary" icon="robot">
            {t(handsBack ? 'assistant.handBack' : 'assistant.start')}
          </CommandButton>
        </div>
      )}
      <CommandNotice command={assistant.starting} />
      {handsBack && <Receipts />}
    </form>
  )
}
