/** The parties of a call as they are shown: names, telephone numbers, and which of them is the other party. */
import type { CallSummary } from '@callgather/protocol'

/**
 * Controls that reorder the text around them (Unicode UAX #9), such as U+202E, and characters without a shape. Marks and
 * joiners that Arabic, Persian, Indic scripts and emoji need are not among them.
 */
const invisible = /[\u115f\u1160\u180e\u200b\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0]|(?![\t\n\r])\p{Cc}/gu

/** Replaces characters that could disguise a text with a visible sign. A caller or another agent chooses the text. */
export const visibleText = (text: string): string => text.replaceAll(invisible, '\ufffd')

/** Returns a JSON value as text. `String` throws for an object with a property `toString` that is no function. */
export const textOfValue = (value: unknown): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value)

/**
 * Formats a telephone number. North American numbers are grouped, because their plan is fixed (ITU-T E.164, zone 1).
 * Other numbers stay unchanged, because grouping differs by country.
 */
export function partyName(number: string): string {
  const parts = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number)
  return parts ? `+1 ${parts[1]} ${parts[2]} ${parts[3]}` : number
}

/** Whether our side placed the call. */
export const isOutgoing = ({ direction }: Pick<CallSummary, 'direction'>): boolean => direction === 'outgoing'

/** Returns the name and the number of the other party of a call; `null` where unknown. */
export function otherParty(call: CallSummary): { readonly name: string | null; readonly number: string | null } {
  const number = isOutgoing(call) ? call.to : call.from
  // The caller's name of an outgoing call is our own. Some networks send the number as the name.
  const name = isOutgoing(call) || call.callerName === call.from ? undefined : call.callerName
  return {
    name: name ? visibleText(name) : null,
    number: number ? visibleText(partyName(number)) : null,
  }
}

/** Whether a call waits for somebody to answer it on our side. */
export const isAnswerable = (call: CallSummary): boolean => call.phase === 'ringing' && !isOutgoing(call)
