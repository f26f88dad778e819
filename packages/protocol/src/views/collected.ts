/** The values that the gathers of a call have collected. Derived from the call state, never stored. */
import type { Mask } from '../base/mask.ts'
import type { CallState, GatherEndEntry, GatherState } from '../call-state/call-state.ts'
import type { FieldState } from './fields.ts'
import { type AIGather, type DigitGather, type Gather, HIDDEN_DIGIT, selectGather } from './gather.ts'

/** A value that a gather collected, masked as the server masked it. */
export interface CollectedItem {
  /** The gather that collected the value: `gatherId` of its events. */
  readonly gatherId: string
  /** Whether the value is a string of keys or a field of an AI gather. */
  readonly kind: 'digits' | 'fields'
  /** Identifies the value within its gather: `digits`, or the path of a field, such as `address.city`. */
  readonly name: string
  /** The value's label for the agent: the title of a field, or the label or prompt of the gather. */
  readonly label: string
  /** The digits as a string, or the field as JSON; `null` when it is masked or missing. */
  readonly value: unknown
  /** How many digits the caller entered; `null` for a field, and where the mask hides the count. */
  readonly digitCount: number | null
  /** The last four digits, where the mask shows only those; otherwise `null`. */
  readonly last4: string | null
  /** The mask of the value; `null` when the value is not masked. */
  readonly mask: Mask | null
  /** How the gather ended: Telnyx's status, such as `valid` or `timeout`; an open list. `null` if Telnyx sent none. */
  readonly outcome: string | null
  /** When the value was collected: ISO 8601, UTC. */
  readonly at: string
}

/** A value on a call, with its progress. An AI gather that still runs has the values that were heard so far. */
export interface CollectedValue extends CollectedItem {
  /** Identifies the value within its call. A corrected value has the same id as the value that it replaces. */
  readonly id: string
  /** `heard`: the assistant has not confirmed the field. `confirmed`: it has, or the value is a string of keys. */
  readonly status: 'heard' | 'confirmed'
  /** Whether Telnyx reported the value in the ending event of its gather. A value that is not final may change. */
  readonly isFinal: boolean
  /** The format in the field's schema, such as `date`; `null` for keys and without a format. */
  readonly format: string | null
}

/**
 * Returns the values collected on a call, newest first; of one gather, in the order of its fields. The keys of a gather
 * are included when it ends. With a `gatherId`, returns only the values of that gather.
 */
export function selectCollected(state: CallState, gatherId?: string): CollectedValue[] {
  if (gatherId !== undefined) {
    const gather = state.gathers.get(gatherId)
    return gather ? valuesOf(state, gather) : []
  }
  const values = [...state.gathers].flatMap((gather) => valuesOf(state, gather))
  return values.sort((a, b) => (a.at === b.at ? 0 : a.at < b.at ? 1 : -1))
}

function valuesOf(state: CallState, { id, ended, partial }: GatherState): CollectedValue[] {
  const gather = selectGather(state, id)
  if (!gather || gather.status === 'refused') return []
  if (gather.kind === 'digits') return digitsOf(gather, ended)
  const at = gather.endedAt ?? partial?.at ?? null
  return at === null ? [] : gather.fields.flatMap((field) => fieldOf(gather, field, ended, at))
}

function commonOf(gather: Gather, name: string, ended: GatherEndEntry | null) {
  const { id, kind, mask, outcome } = gather
  return { id: `${id} ${name}`, gatherId: id, kind, name, mask: mask ?? null, outcome, isFinal: ended !== null }
}

function digitsOf(gather: DigitGather, ended: GatherEndEntry | null): CollectedValue[] {
  const { endedAt, digits, digitCount } = gather
  if (endedAt === null) return []
  // The server's policy may mask a gather whose command has no mask.
  const isMasked = digits.includes(HIDDEN_DIGIT)
  const mask = gather.mask ?? (isMasked ? (ended?.last4 === undefined ? 'digits' : 'allButLast4') : null)
  const isCounted = ended ? ended.digits !== null || ended.digitCount !== undefined : mask !== 'all'
  // The mask `all` hides even that keys were pressed, so such a gather is listed without a count.
  if (isCounted ? digitCount === 0 : !mask) return []
  return [
    {
      ...commonOf(gather, 'digits', ended),
      label: gather.label ?? gather.prompt.text ?? 'digits',
      value: mask ? null : digits,
      digitCount: isCounted ? digitCount : null,
      last4: ended?.last4 ?? null,
      mask,
      at: endedAt,
      status: 'confirmed',
      format: null,
    },
  ]
}

function fieldOf(gather: AIGather, field: FieldState, ended: GatherEndEntry | null, at: string): CollectedValue[] {
  const { name, label, status, value, format = null } = field
  // A masked result has no fields, so each requested field counts as collected.
  if (status === 'missing' && !(gather.mask && ended)) return []
  return [
    {
      ...commonOf(gather, name, ended),
      label,
      value: gather.mask ? null : value,
      digitCount: null,
      last4: null,
      at,
      status: status === 'confirmed' || (status === 'missing' && gather.outcome === 'valid') ? 'confirmed' : 'heard',
      format,
    },
  ]
}
