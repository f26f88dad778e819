/** The progress of a gather in one line: a dot for each key, or a bar for the fields of an AI gather. */
import type { CallSummary, DigitActivity } from '@callgather/protocol'
import { useHydrated } from '../../hooks/use-hydrated.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { keyWords, MAX_DOTS } from './call-words.ts'

/** Shows the progress of a call's gather. Renders nothing while no gather collects. */
export function CallProgress({ call }: { readonly call: CallSummary }) {
  const { phase, activity } = call
  if (phase !== 'answered' || activity?.status !== 'collecting' || activity.kind === 'assistant') return null
  return activity.kind === 'digits' ? (
    <Dots activity={activity} />
  ) : (
    <Bar className="cg-call-bar" done={activity.done} of={activity.of} />
  )
}

function Dots({ activity }: { readonly activity: DigitActivity }) {
  const language = useLanguage()
  const { count } = activity
  const total = slotCount(activity)
  const words = keyWords(activity, language)
  if (total > MAX_DOTS) return <span className="cg-call-keys">{words}</span>
  return (
    <span className="cg-call-dots">
      <span aria-hidden="true">
        {'●'.repeat(count)}
        <span className="cg-call-open">{'○'.repeat(Math.max(0, total - count))}</span>
      </span>
      <span className="cg-visually-hidden">{words}</span>
    </span>
  )
}

/** The number of keys to expect: the minimum until it is reached, because the caller may stop there. */
export function slotCount({ count, min = 1, max }: DigitActivity): number {
  if (min > 1) return Math.max(count, min)
  return max > MAX_DOTS ? Math.max(count, 1) : Math.max(count, max)
}

interface BarProps {
  readonly className: string
  readonly done: number
  readonly of: number
}

/** A bar that is filled as far as the fields of an AI gather are. */
export function Bar({ className, done, of }: BarProps) {
  const percent = of === 0 ? 0 : Math.round((100 * done) / of)
  return (
    <span className={className} aria-hidden="true">
      <span style={useHydrated() ? { inlineSize: `${percent}%` } : undefined} />
    </span>
  )
}
