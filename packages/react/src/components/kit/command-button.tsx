import { selectGather } from '@callgather/protocol'
import { useScopedCallId } from '../../hooks/call-scope.tsx'
import type { CommandProgress } from '../../hooks/command-progress.ts'
import { useCall } from '../../hooks/use-call.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Button, type ButtonProps } from './button.tsx'
import { CloseButton, Notice } from './notice.tsx'
import { GATHER_IN_PROGRESS, refusalWords } from './refusal-words.ts'

/** Where a command stands, and what can be done about it: any `useCommand` result. */
export type RunningCommand = CommandProgress & {
  readonly retry: (options?: { readonly replace?: boolean }) => Promise<unknown>
  readonly reset: () => void
}

/** Whether a command is on its way. One that is overdue can be given again. */
export const isBusy = (command: CommandProgress): boolean =>
  command.status === 'sending' || (command.status === 'accepted' && !command.isOverdue)

/** The props of `CommandButton`. */
export interface CommandButtonProps extends Omit<ButtonProps, 'className'> {
  /** Where the command of this button stands. */
  readonly command: CommandProgress
  /** Why it cannot be pressed now. It stays in the tab order, so that everyone can learn why. */
  readonly reason?: string | null
}

/**
 * A button that shows how its command fares: sending, accepted by Telnyx, confirmed by the call. It cannot be pressed
 * twice while the first press is on its way, and never says that something is done before the call says so.
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
        // A form's own submission is stopped too: `aria-disabled` alone stops nothing.
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

/** Who refused a command and why, or that no answer came, and what to do. Nothing while nothing went wrong. */
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

/** Another gather runs: who asks for what, and the means to replace it. */
function GatherRunning({ command }: { readonly command: RunningCommand }) {
  const { t } = useLanguage()
  // Outside of a scope, the call of the command is not known here.
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
