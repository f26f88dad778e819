import type { CallSummary } from '@callgather/protocol'
import type { Language } from '../../strings/strings-context.tsx'
import { outcomeWords } from '../kit/gather-words.ts'

/** For a gather with a higher maximum, the list shows the number of digits without the maximum. */
const MAX_PROGRESS_DIGITS = 32

/** Describes the current activity of a call. */
export function activityWords({ phase, activity, hungUpBy }: CallSummary, language: Language): string {
  const { t } = language
  const outcomeOf = (outcome: string) =>
    t('calls.activity.ended', { outcome: outcomeWords(outcome, hungUpBy ?? null, language) })
  if (phase === 'ringing' || phase === 'unknown') return t(`call.phase.${phase}`)
  if (!activity) return hungUpBy ? t(`hangup.${hungUpBy}`) : t(`call.phase.${phase}`)
  if (activity.status === 'requested') return t('calls.activity.requested')
  if (activity.status === 'refused' || activity.status === 'unknown') return t(`gather.status.${activity.status}`)
  switch (activity.kind) {
    case 'digits':
      if (activity.status === 'ended') return outcomeOf(activity.outcome ?? '')
      return activity.max > MAX_PROGRESS_DIGITS
        ? t('calls.activity.digitsOpen', { count: activity.count })
        : t('calls.activity.digits', { count: activity.count, max: activity.max })
    case 'fields':
      if (activity.status === 'ended') return outcomeOf(activity.outcome ?? '')
      return t('calls.activity.fields', { done: activity.done, of: activity.of })
    case 'assistant':
      if (activity.status === 'ended') return t('transcript.call.conversation.ended')
      return t('calls.activity.assistant', { count: activity.messages })
  }
}

/** Counts the keys, fields or messages of a call's current activity. The list compares counts to find new ones. */
export function progressOf({ activity }: CallSummary): number {
  switch (activity?.kind) {
    case 'digits':
      return activity.count
    case 'fields':
      return activity.done
    case 'assistant':
      return activity.messages
    case undefined:
      return 0
  }
}
