import type { ReactNode } from 'react'
import { useLanguage } from '../../strings/strings-context.tsx'
import { IconButton } from './button.tsx'
import type { Tone } from './chip.tsx'
import { Icon, type IconName } from './icon.tsx'

/** A notice that says what happened and what to do. */
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
  /** `alert` interrupts a screen reader; `status` waits. A notice present on first render is not announced. */
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

/** A button that closes a notice. */
export function CloseButton({ onClose }: { readonly onClose: () => void }) {
  const { t } = useLanguage()
  return <IconButton icon="cross" label={t('action.close')} onClick={onClose} />
}

/** The text of an empty component. It says what will appear there, and when. */
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
