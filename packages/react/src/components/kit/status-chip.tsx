import { Chip } from './chip.tsx'
import type { Badge } from './gather-words.ts'

/** A state as a chip: a picture, or a dot where it goes on now, and the word. */
export function StatusChip({ badge }: { readonly badge: Badge }) {
  const { icon, live, tone, text } = badge
  return (
    <Chip tone={tone} {...(icon ? { icon } : { dot: true })} {...(live ? { live } : {})}>
      {text}
    </Chip>
  )
}
