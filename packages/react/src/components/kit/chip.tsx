import type { ReactNode } from 'react'
import { Icon, type IconName } from './icon.tsx'

/** The meaning of a colour. The text must carry it as well (WCAG 1.4.1). */
export type Tone = 'neutral' | 'accent' | 'ai' | 'positive' | 'warning' | 'negative'

/** A state in one or two words. */
export function Chip({
  tone = 'neutral',
  icon,
  dot,
  live,
  children,
}: {
  readonly tone?: Tone
  readonly icon?: IconName
  /** Shows a dot instead of an icon; `live` animates it. */
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
