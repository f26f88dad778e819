import type { Tone } from './chip.tsx'
import type { IconName } from './icon.tsx'

/** The icon of each command status. `seen` means that the conversation contains the message. */
export const receipts = {
  sent: { icon: 'clock', tone: 'neutral' },
  accepted: { icon: 'check', tone: 'positive' },
  seen: { icon: 'checks', tone: 'positive' },
  refused: { icon: 'alert', tone: 'warning' },
  unknown: { icon: 'question', tone: 'warning' },
} as const satisfies Record<string, { icon: IconName; tone: Tone }>
