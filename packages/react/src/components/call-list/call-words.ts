/** The words of a call in a list: its title, and what happens on it. */
import type { CallSummary, DigitActivity } from '@callgather/protocol'
import { isOutgoing, otherParty, partyName, visibleText } from '../../hooks/party.ts'
import type { Language } from '../../strings/strings-context.tsx'
import { outcomeWords } from '../kit/gather-words.ts'
import type { Attention } from './attention.ts'

/** A gather with more digits shows their number instead of dots. */
export const MAX_DOTS = 12

/** The name of the other party, or the telephone number without a name. */
export function callTitle(call: CallSummary, { t }: Language): string {
  const { name, number } = otherParty(call)
  return name ?? number ?? t('call.unknownParty')
}

/** Describes what happens on a call, such as what is being collected. */
export function activityWords(call: CallSummary, language: Language): string {
  const { t } = language
  const words = wordsOf(call, language)
  return isOutgoing(call) ? `${t('calls.outgoing')} · ${words}` : words
}

function wordsOf(call: CallSummary, language: Language): string {
  const { phase, activity, to } = call
  const { t } = language
  switch (phase) {
    case 'ringing':
      return isOutgoing(call) || !to ? t('call.phase.ringing') : t('call.to', { number: visibleText(partyName(to)) })
    case 'unknown':
      return t('call.phase.unknown')
    case 'ended':
      return endWords(call, language)
    case 'answered':
      return activity ? progressWords(activity, language) : t('calls.talking')
  }
}

function endWords(call: CallSummary, { t }: Language): string {
  if (!call.answeredAt && call.direction !== null) return t(isOutgoing(call) ? 'calls.unanswered' : 'calls.missed')
  return call.hungUpBy ? t(`hangup.${call.hungUpBy}`) : t('call.phase.ended')
}

function progressWords(activity: NonNullable<CallSummary['activity']>, language: Language): string {
  const { t } = language
  const { status } = activity
  if (status === 'requested') return t('calls.activity.requested')
  if (status === 'refused' || status === 'unknown') return t(`gather.status.${status}`)
  if (activity.kind === 'assistant') {
    return status === 'ended' ? t('calls.talking') : t('calls.activity.assistant', { count: activity.messages })
  }
  if (status === 'ended') {
    const { outcome } = activity
    return outcome ? `${t('calls.talking')} · ${outcomeWords(outcome, null, language)}` : t('calls.talking')
  }
  if (activity.kind === 'digits') return labelOf(activity, language)
  const { label, done, of } = activity
  const count = t('slots.count', { count: done, max: of })
  return label ? `${visibleText(label)} · ${count}` : t('calls.activity.fields', { done, of })
}

/** What a gather of keys asks for. */
export const labelOf = ({ label }: DigitActivity, { t }: Language): string =>
  label ? visibleText(label) : t('calls.activity.keys')

/** Describes the number of keys so far. */
export const keyWords = ({ count, max }: DigitActivity, { t }: Language): string =>
  max > MAX_DOTS ? t('slots.open', { count }) : t('slots.count', { count, max })

/** Describes why a call needs attention. */
export function attentionWords(attention: Attention, { t }: Language): string {
  switch (attention.kind) {
    case 'rejected':
      return t('calls.rejected')
    case 'lastAttempt':
      return t('calls.lastAttempt')
    case 'noKey':
    case 'noReply':
      return t(`calls.${attention.kind}`, { seconds: Math.floor(attention.sinceMs / 1000) })
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
