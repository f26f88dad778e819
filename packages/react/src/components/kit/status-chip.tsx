import { Chip } from './chip.tsx'
import type { Badge } from './gather-words.ts'

/** A chip with the label of a state and its icon, or a dot while the state is in progress. */
export function StatusChip({ badge }: { readonly badge: Badge }) {
  const { icon, live, tone, text } = badge
  return (
    <Chip tone={tone} {...(icon ? { icon } : { dot: true })} {...(live ? { live } : {})}>
      {text}
    </Chip>
  )
}
