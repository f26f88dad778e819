/** Computes one slot for each digit of a gather. */
import type { DigitGather } from '@callgather/protocol'

/** A slot for one digit of a gather. */
export interface Slot {
  /** The position of the slot in the row, starting at 0. */
  readonly index: number
  /** `current`: the next digit goes here. `invalid`: the slot has a key that the gather does not accept. */
  readonly state: 'filled' | 'invalid' | 'current' | 'empty'
  /** The digit in the slot; `null` if the slot is empty or the digit is masked. */
  readonly digit: string | null
  /** Whether filling this slot reaches the minimum number of digits. */
  readonly enough: boolean
}

/** The digit slots and the terminating key of a gather. */
export interface Slots {
  readonly slots: readonly Slot[]
  /** Whether the maximum number of digits is too large to show a slot for each digit. */
  readonly open: boolean
  /** The terminating key and whether the caller pressed it; `null` if the gather has no terminating key. */
  readonly terminator: { readonly key: string; readonly pressed: boolean } | null
  /** The number of digits in the slots. Masked digits count. */
  readonly count: number
  /** Whether the slots show the caller's last entry, because the gather ended without digits. */
  readonly isLastEntry: boolean
}

/** A gather with a higher maximum shows only the filled slots, and the number of digits in words. */
const MAX_BOXES = 12

/** Computes the digit slots of a gather. */
export function slotsOf(gather: DigitGather): Slots {
  const { rules, keys, status, rejected } = gather
  const entered = keys.filter((key) => key.role !== 'terminator')
  const isLastEntry = status === 'ended' && gather.digitCount === 0 && entered.length > 0 && gather.mask !== 'all'
  const digits = isLastEntry ? entered.map((key) => key.digit ?? '•') : [...gather.digits]
  const terminated = keys.some((key) => key.role === 'terminator')
  const maxDigits = rules?.maxDigits ?? Number.POSITIVE_INFINITY
  const open = maxDigits > MAX_BOXES
  // A rejected entry stays until the next key, which starts a new entry.
  const collecting = status === 'collecting' && !terminated && !rejected
  const boxes = open
    ? digits.length + (collecting && digits.length < maxDigits ? 1 : 0)
    : Math.max(maxDigits, digits.length)
  // Telnyx's final digits may differ from the keys pressed. Use the roles of the keys only if the counts match.
  const agree = entered.length === digits.length
  const slots = Array.from({ length: boxes }, (_, index): Slot => {
    const enough = rules !== null && rules.minDigits < rules.maxDigits && index === rules.minDigits - 1
    const digit = digits[index]
    if (digit === undefined) {
      return { index, state: collecting && index === digits.length ? 'current' : 'empty', digit: null, enough }
    }
    const state = agree && entered[index]?.role === 'invalid' ? 'invalid' : 'filled'
    return { index, state, digit: digit === '•' ? null : digit, enough }
  })
  return {
    slots,
    open,
    terminator: rules?.terminatingDigit ? { key: rules.terminatingDigit, pressed: terminated } : null,
    count: isLastEntry ? digits.length : gather.digitCount,
    isLastEntry,
  }
}
