import { Chip } from './chip.tsx'
import type { Badge } from './gather-words.ts'

/** A chip with the label and the icon of a state. While the state is in progress, a dot replaces the icon. */
export function StatusChip({ badge }: { readonly badge: Badge }) {
  const { icon, live, tone, text } = badge
  return (
    <Chip tone={tone} {...(icon ? { icon } : { dot: true })} {...(live ? { live } : {})}>
      {text}
    </Chip>
  )
}
