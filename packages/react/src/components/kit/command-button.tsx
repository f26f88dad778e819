import type { ComponentProps } from 'react'
import type { CommandRun } from '../../hooks/command-run.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Icon, type IconName } from './icon.tsx'
import { CloseButton, Notice } from './notice.tsx'

/** Where a command stands, and what can be done about it: any `useCommand` result. */
export type RunningCommand = CommandRun & { readonly retry: () => Promise<unknown>; readonly reset: () => void }

/** The props of `CommandButton`. */
export interface CommandButtonProps extends Omit<ComponentProps<'button'>, 'className'> {
  /** Where the command of this button stands. */
  readonly command: CommandRun
  readonly icon?: IconName
  readonly variant?: 'primary' | 'danger' | 'quiet'
  readonly size?: 'small'
  /** Why it cannot be pressed now. It stays in the tab order, so that everyone can learn why. */
  readonly reason?: string | null
}

/**
 * A button that shows how its command fares: sending, accepted by Telnyx, confirmed by the call. It cannot be pressed
 * twice while the first press is on its way, and never says that something is done before the call says so.
 */
export function CommandButton({
  command,
  icon,
  variant,
  size,
  reason = null,
  children,
  onClick,
  ...props
}: CommandButtonProps) {
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
    <button
      type="button"
      {...props}
      className="cg-button"
      data-variant={variant}
      data-size={size}
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
      {busy ? <span className="cg-spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children}
      {reason !== null && <span className="cg-visually-hidden">{` (${reason})`}</span>}
    </button>
  )
}

/** Whether a command is on its way, so that it cannot be given again. One that is overdue can. */
export const isBusy = (command: CommandRun): boolean =>
  command.status === 'sending' || (command.status === 'accepted' && !command.isOverdue)

/** What went wrong with a command, in Telnyx's words and ours, and the way on. Nothing while nothing did. */
export function CommandNotice({ command }: { readonly command: RunningCommand }) {
  const { t } = useLanguage()
  const dismiss = <CloseButton onClose={() => command.reset()} />
  if (command.status === 'refused') {
    const { status, title, code, detail } = command.refusal
    const forbidden = status === 401 || status === 403
    return (
      <Notice
        role="alert"
        tone="negative"
        icon="alert"
        title={forbidden ? t('command.forbidden') : t('command.refused', { title, code })}
        action={dismiss}
      >
        {[detail, forbidden ? null : t('command.refusedDetail')].filter(Boolean).join(' ')}
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
        <button type="button" className="cg-button" data-size="small" onClick={() => void command.retry()}>
          <Icon name="refresh" />
          {t('action.retry')}
        </button>
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
