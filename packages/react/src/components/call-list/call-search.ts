import type { CallSummary } from '@callgather/protocol'
import { otherParty } from '../../hooks/party.ts'

/** Keeps letters and digits, so that spaces and punctuation of a number or a name don't matter. */
const plain = (text: string) =>
  text
    .normalize('NFKD')
    .replaceAll(/[^\p{L}\p{N}+]/gu, '')
    .toLowerCase()

/**
 * Returns a function that checks whether a call matches a query: a part of a name, a number, the call id, or what is
 * being collected. `extra` are texts of the host.
 */
export function callMatcher(query: string): (call: CallSummary, ...extra: (string | undefined)[]) => boolean {
  const wanted = plain(query)
  if (wanted === '') return () => true
  return (call, ...extra) => {
    const { activity, callerName, from, to, callId } = call
    const label = activity && 'label' in activity ? activity.label : undefined
    const texts = [otherParty(call).number, callerName, from, to, label, callId, ...extra]
    return texts.some((text) => text && plain(text).includes(wanted))
  }
}
