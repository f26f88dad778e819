import type { ReactNode } from 'react'
import { useLanguage } from '../../strings/strings-context.tsx'
import { IconButton } from './button.tsx'
import type { Tone } from './chip.tsx'
import { Icon, type IconName } from './icon.tsx'

/** Something an agent must know, where they look: what happened, and what to do about it. */
export function Notice({
  tone = 'neutral',
  icon,
  title,
  children,
  action,
  role,
}: {
  readonly tone?: Tone
  readonly icon: IconName
  readonly title: ReactNode
  readonly children?: ReactNode
  readonly action?: ReactNode
  /** `alert` interrupts a screen reader, `status` waits; neither is spoken when it is there from the start. */
  readonly role?: 'alert' | 'status'
}) {
  return (
    <div className="cg-notice" data-tone={tone} role={role}>
      <Icon name={icon} />
      <div className="cg-notice-body">
        <span className="cg-notice-title">{title}</span>
        {children && <span>{children}</span>}
      </div>
      {action}
    </div>
  )
}

/** Puts a notice away: its cross. */
export function CloseButton({ onClose }: { readonly onClose: () => void }) {
  const { t } = useLanguage()
  return <IconButton icon="cross" label={t('action.close')} onClick={onClose} />
}

/** Where there is nothing to show yet: what will be here, and when. */
export function Empty({
  icon,
  title,
  children,
  action,
}: {
  readonly icon: IconName
  readonly title: string
  readonly children?: ReactNode
  readonly action?: ReactNode
}) {
  return (
    <div className="cg-empty">
      <Icon name={icon} />
      <span className="cg-empty-title">{title}</span>
      {children && <span>{children}</span>}
      {action}
    </div>
  )
}
