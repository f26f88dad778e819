import type { ComponentProps } from 'react'
import { Icon, type IconName } from './icon.tsx'

type IconButtonProps = Omit<ComponentProps<'button'>, 'children' | 'aria-label'> & {
  readonly icon: IconName
  /** What it does, for whoever cannot see the icon. */
  readonly label: string
}

/** A small, quiet button that is only an icon. */
export function IconButton({ icon, label, className, ...props }: IconButtonProps) {
  return (
    <button
      type="button"
      data-variant="quiet"
      data-size="small"
      data-icon-only=""
      aria-label={label}
      {...props}
      className={className ? `cg-button ${className}` : 'cg-button'}
    >
      <Icon name={icon} />
    </button>
  )
}
