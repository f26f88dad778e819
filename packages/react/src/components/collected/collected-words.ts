/** The texts of collected values on the screen and on the clipboard, in the agent's language. */
import type { CollectedValue, HungUpBy } from '@callgather/protocol'
import { plainText } from '../../hooks/use-collected.ts'
import type { Language } from '../../strings/strings-context.tsx'
import { outcomeWords } from '../kit/gather-words.ts'
import { valueText } from '../kit/value-text.ts'

/** Names a value: by its own label, or "Digits" if its gather has neither a label nor a prompt. */
export const valueLabel = ({ label }: CollectedValue, { t }: Language): string =>
  label === 'digits' ? t('gather.gather') : label

/** Describes how a value was collected: valid, timed out, confirmed, … */
export function resultWords({ kind, status, outcome }: CollectedValue, hungUpBy: HungUpBy | null, language: Language) {
  const { t } = language
  if (kind === 'fields') return t(`collected.${status}`)
  return outcome === null ? t('gather.status.ended') : outcomeWords(outcome, hungUpBy, language)
}

/** Describes a masked value by the part of it that the mask shows. */
export function hiddenWords({ last4, digitCount }: CollectedValue, { t }: Language): string {
  if (last4 !== null) return t('collected.hiddenLast4', { last4 })
  return digitCount === null ? t('collected.hidden') : t('collected.hiddenDigits', { count: digitCount })
}

/** Formats an unmasked value for display. A number is not grouped, because it may be a year or an id. */
export const shownText = (item: CollectedValue, language: Language): string =>
  typeof item.value === 'number' ? String(item.value) : valueText(item, language)

/** Returns an unmasked value as text to paste into another program. */
export const copyText = (item: CollectedValue, { t }: Language): string =>
  typeof item.value === 'boolean' ? t(item.value ? 'fields.yes' : 'fields.no') : plainText(item)

/** Describes in brackets a result that is neither valid nor confirmed, after a space. */
export function doubtWords(item: CollectedValue, hungUpBy: HungUpBy | null, language: Language): string {
  const isGood = item.kind === 'fields' ? item.status === 'confirmed' : item.outcome === 'valid'
  return isGood ? '' : ` (${resultWords(item, hungUpBy, language)})`
}

/** Returns a value with its label as a line of text. */
export function copyLine(item: CollectedValue, hungUpBy: HungUpBy | null, language: Language): string {
  const value = item.mask ? hiddenWords(item, language) : copyText(item, language)
  return `${item.label}: ${value}${doubtWords(item, hungUpBy, language)}`
}
