/** What HubSpot stores of a finished call: the properties of its engagement. */
import type { CollectedItem, HostCall, HostCallEndedEvent } from '@callgather/protocol'
import type { RawEngagementProperties } from '@hubspot/calling-extensions-sdk'

/** How a call ended, in HubSpot's words. */
export type HubSpotEndStatus = 'COMPLETED' | 'FAILED' | 'CANCELED' | 'BUSY' | 'NO_ANSWER' | 'REJECTED' | 'MISSED'

/** A finished call, as HubSpot stores it. */
export interface HubSpotRecord extends HostCall {
  /** When the call started: ISO 8601, UTC. `null` if unknown. */
  readonly startedAt: string | null
  /** When the call was answered: ISO 8601, UTC. `null` if it was not answered. */
  readonly answeredAt: string | null
  /** When the call ended: ISO 8601, UTC. */
  readonly endedAt: string
  /** How the call ended, in HubSpot's words. */
  readonly status: HubSpotEndStatus
  /** The agent's note; empty if there is none. */
  readonly note: string
  /** The `id` of the disposition that the agent chose; `null` if none is chosen. */
  readonly disposition: string | null
  /** The values collected on the call, oldest first, masked as the server masked them. */
  readonly collected: readonly CollectedItem[]
}

/** The texts of an engagement. */
export interface EngagementTexts {
  /** Returns the title of the engagement, as plain text. */
  readonly title: (record: HubSpotRecord) => string
  /** Returns the body of the engagement, as HTML. Escape every value with `escapeHtml`. */
  readonly body: (record: HubSpotRecord) => string
}

export const englishTexts: EngagementTexts = {
  title: ({ direction, from, to }) =>
    direction === 'outgoing' ? `Call to ${to ?? 'an unknown number'}` : `Call from ${from ?? 'an unknown number'}`,
  body: ({ note, collected }) => {
    const lines = collected.map((item) => `<li>${escapeHtml(item.label)}: ${escapeHtml(textOf(item))}</li>`)
    const values = lines.length > 0 ? `<ul>${lines.join('')}</ul>` : ''
    return (note === '' ? '' : `<p>${escapeHtml(note).replaceAll(/\r?\n/g, '<br>')}</p>`) + values
  },
}

/** Returns how a call ended, in HubSpot's words. */
export function endStatusOf(ended: HostCallEndedEvent, answeredAt: string | null): HubSpotEndStatus {
  if (answeredAt !== null) return 'COMPLETED'
  const { cause, direction, hungUpBy } = ended
  if (cause === 'user_busy') return 'BUSY'
  if (cause === 'call_rejected') return 'REJECTED'
  if (direction !== 'outgoing') return 'MISSED'
  if (cause === 'not_found') return 'FAILED'
  return cause === 'originator_cancel' || hungUpBy === 'us' ? 'CANCELED' : 'NO_ANSWER'
}

/** Returns the properties of a call's engagement. `dispositions` maps the ids of CallGather to those of HubSpot. */
export function propertiesOf(
  record: HubSpotRecord,
  texts: EngagementTexts,
  dispositions: Readonly<Record<string, string>>,
): RawEngagementProperties {
  const { answeredAt, endedAt, startedAt, from, to, direction, disposition } = record
  const outcome = disposition === null ? undefined : (dispositions[disposition] ?? disposition)
  return {
    hs_timestamp: Date.parse(startedAt ?? endedAt),
    hs_call_title: texts.title(record),
    hs_call_body: texts.body(record),
    hs_call_direction: direction === 'outgoing' ? 'OUTBOUND' : 'INBOUND',
    hs_call_duration: String(answeredAt === null ? 0 : Math.max(0, Date.parse(endedAt) - Date.parse(answeredAt))),
    hs_call_status: storedStatuses[record.status] ?? record.status,
    ...(from === null ? {} : { hs_call_from_number: from }),
    ...(to === null ? {} : { hs_call_to_number: to }),
    ...(outcome === undefined ? {} : { hs_call_disposition: outcome }),
  }
}

/** The property of an engagement has fewer statuses than the message that ends a call. */
const storedStatuses: { readonly [Status in HubSpotEndStatus]?: string } = {
  MISSED: 'NO_ANSWER',
  REJECTED: 'NO_ANSWER',
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Escapes a text for HTML. */
export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => escapes[sign] ?? sign)

function textOf({ value, mask, digitCount, last4 }: CollectedItem): string {
  if (value !== null && value !== undefined) return typeof value === 'string' ? value : JSON.stringify(value)
  if (mask === null) return '–'
  if (last4 !== null) return `Hidden, ends in ${last4}`
  return digitCount === null ? 'Hidden' : `Hidden, ${digitCount} digits`
}
