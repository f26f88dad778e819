/** Lays out the digits of a gather in slots. */
import type { DigitGather } from '@callgather/protocol'

/** A place for one digit. */
export interface Slot {
  /** Starts at 0. */
  readonly index: number
  /** `current` is where the next digit goes; `invalid` holds a key the gather does not accept. */
  readonly state: 'filled' | 'invalid' | 'current' | 'empty'
  /** The digit; `null` if the slot is empty or the digit is masked. */
  readonly digit: string | null
  /** Whether this slot is the last one needed to reach the minimum. */
  readonly enough: boolean
}

/** The slots of a gather, and the key that ends it. */
export interface Slots {
  readonly slots: readonly Slot[]
  /** Whether the maximum is too large to show a slot for each digit. */
  readonly open: boolean
  /** The key that ends the input, and whether it was pressed; `null` for none. */
  readonly terminator: { readonly key: string; readonly pressed: boolean } | null
}

/** A gather with a higher maximum shows only the slots in use, and the count in words. */
const MAX_BOXES = 12

/** Lays a gather's digits out in slots. */
export function slotsOf(gather: DigitGather): Slots {
  const { rules, keys, status } = gather
  const digits = [...gather.digits]
  const entered = keys.filter((key) => key.role !== 'terminator')
  const terminated = keys.some((key) => key.role === 'terminator')
  const open = rules.maxDigits > MAX_BOXES
  const collecting = status === 'collecting' && !terminated
  const boxes = open
    ? digits.length + (collecting && digits.length < rules.maxDigits ? 1 : 0)
    : Math.max(rules.maxDigits, digits.length)
  // The digits in Telnyx's final result may differ from the keys. Use the roles of the keys only if the counts match.
  const agree = entered.length === digits.length
  const slots = Array.from({ length: boxes }, (_, index): Slot => {
    const enough = rules.minDigits < rules.maxDigits && index === rules.minDigits - 1
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
    terminator: rules.terminatingDigit === null ? null : { key: rules.terminatingDigit, pressed: terminated },
  }
}
