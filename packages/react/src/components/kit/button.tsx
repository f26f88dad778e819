import type { ComponentProps } from 'react'
import { Icon, type IconName } from './icon.tsx'

/** The props of a styled button. */
export interface ButtonProps extends ComponentProps<'button'> {
  readonly icon?: IconName | undefined
  readonly variant?: 'primary' | 'danger' | 'quiet' | undefined
  readonly size?: 'small'
}

/** A styled button. */
export function Button({ icon, variant, size, className, children, ...props }: ButtonProps) {
  return (
    <button
      type="button"
      data-variant={variant}
      data-size={size}
      {...props}
      className={className ? `cg-button ${className}` : 'cg-button'}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  )
}

type IconButtonProps = Omit<ButtonProps, 'icon' | 'children' | 'aria-label'> & {
  readonly icon: IconName
  /** The accessible name of the button. */
  readonly label: string
}

/** A small button with only an icon. */
export const IconButton = ({ label, ...props }: IconButtonProps) => (
  <Button variant="quiet" size="small" data-icon-only="" aria-label={label} {...props} />
)
