import type { ReactNode } from 'react'
import { Icon, type IconName } from './icon.tsx'

/** The meaning of a colour. The text must express the same meaning (WCAG 1.4.1). */
export type Tone = 'neutral' | 'accent' | 'ai' | 'positive' | 'warning' | 'negative'

/** A small label that shows a state in one or two words. */
export function Chip({
  tone = 'neutral',
  icon,
  dot,
  live,
  children,
}: {
  readonly tone?: Tone
  readonly icon?: IconName
  /** Whether to show a dot. `live` animates the dot. */
  readonly dot?: boolean
  readonly live?: boolean
  readonly children: ReactNode
}) {
  return (
    <span className="cg-chip" data-tone={tone}>
      {icon && <Icon name={icon} />}
      {dot && <span className="cg-dot" aria-hidden="true" {...(live ? { 'data-live': '' } : {})} />}
      {children}
    </span>
  )
}
