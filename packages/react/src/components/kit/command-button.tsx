import { selectGather } from '@callgather/protocol'
import { useScopedCallId } from '../../hooks/call-scope.tsx'
import type { CommandProgress } from '../../hooks/command-progress.ts'
import { useCall } from '../../hooks/use-call.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Button, type ButtonProps } from './button.tsx'
import { CloseButton, Notice } from './notice.tsx'
import { GATHER_IN_PROGRESS, refusalWords } from './refusal-words.ts'

/** The status and actions of a command: the result of `useCommand` for any command. */
export type RunningCommand = CommandProgress & {
  readonly retry: (options?: { readonly replace?: boolean }) => Promise<unknown>
  readonly reset: () => void
}

/** Whether a command is pending. An overdue command is not pending, because it can be sent again. */
export const isBusy = (command: CommandProgress): boolean =>
  command.status === 'sending' || (command.status === 'accepted' && !command.isOverdue)

/** The props of `CommandButton`. */
export interface CommandButtonProps extends Omit<ButtonProps, 'className'> {
  /** The status of the command that this button sends. */
  readonly command: CommandProgress
  /** Why the button is disabled. The button stays in the tab order, so that screen readers can read the reason. */
  readonly reason?: string | null
}

/**
 * A button that shows the status of its command: sending, accepted by Telnyx or confirmed by the call. While the
 * command is pending, the button cannot be pressed. It shows success only after an event confirms the command.
 */
export function CommandButton({ command, icon, reason = null, children, onClick, ...props }: CommandButtonProps) {
  const { t } = useLanguage()
  const { status } = command
  const isOverdue = status === 'accepted' && command.isOverdue
  const busy = isBusy(command)
  const blocked = busy || reason !== null
  const said =
    status === 'sending'
      ? t('command.sending')
      : status === 'accepted'
        ? t(isOverdue ? 'command.overdue' : 'command.accepted')
        : ''
  return (
    <Button
      {...props}
      icon={busy ? undefined : icon}
      data-command={status}
      aria-disabled={blocked || undefined}
      aria-busy={busy || undefined}
      title={reason ?? (said || props.title)}
      onClick={(event) => {
        // Prevents form submission, because `aria-disabled` alone does not.
        if (blocked) event.preventDefault()
        else onClick?.(event)
      }}
    >
      {busy && <span className="cg-spinner" aria-hidden="true" />}
      {children}
      {reason !== null && <span className="cg-visually-hidden">{` (${reason})`}</span>}
    </Button>
  )
}

/** Explains a refused, unknown or overdue command and the next step. Renders nothing for any other status. */
export function CommandNotice({ command }: { readonly command: RunningCommand }) {
  const language = useLanguage()
  const { t } = language
  const dismiss = <CloseButton onClose={() => command.reset()} />
  if (command.status === 'refused' && command.refusal.code === GATHER_IN_PROGRESS) {
    return <GatherRunning command={command} />
  }
  if (command.status === 'refused') {
    const { title, detail } = refusalWords(command.refusal, language)
    return (
      <Notice role="alert" tone="negative" icon="alert" title={title} action={dismiss}>
        {detail}
      </Notice>
    )
  }
  if (command.status === 'accepted' && command.isOverdue) {
    return (
      <Notice role="status" tone="warning" icon="clock" title={t('command.overdue')} action={dismiss}>
        {t('command.overdueDetail')}
      </Notice>
    )
  }
  if (command.status === 'unknown') {
    const retry = (
      <>
        <Button icon="refresh" size="small" onClick={() => void command.retry()}>
          {t('action.retry')}
        </Button>
        {dismiss}
      </>
    )
    return (
      <Notice role="alert" tone="warning" icon="question" title={t('command.unknown')} action={retry}>
        {t('command.unknownDetail')}
      </Notice>
    )
  }
  return null
}

/** Names the gather that is already running and its agent, and offers to replace that gather. */
function GatherRunning({ command }: { readonly command: RunningCommand }) {
  const { t } = useLanguage()
  // Without a `CallScope`, this component does not know the call of the command.
  const callId = useScopedCallId()
  const replace = (
    <>
      <Button icon="refresh" size="small" onClick={() => void command.retry({ replace: true })}>
        {t('gather.replace')}
      </Button>
      <CloseButton onClose={() => command.reset()} />
    </>
  )
  const title = callId === null ? t('refused.gatherRunning') : <WhoAsks callId={callId} />
  return (
    <Notice role="alert" tone="warning" icon="info" title={title} action={replace}>
      {t('refused.replaceHint')}
    </Notice>
  )
}

function WhoAsks({ callId }: { readonly callId: string }) {
  const { t } = useLanguage()
  const { who, name } = useCall(callId, ({ state }) => {
    const running = selectGather(state)
    return { who: running?.requestedBy ?? null, name: running?.command ?? null }
  })
  if (who === null || name === null) return t('refused.gatherRunning')
  return t('refused.gatherRunningBy', { who, what: t(`transcript.what.${name}`) })
}
