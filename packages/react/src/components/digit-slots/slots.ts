/** The slots of a gather of digits: what is in, what may still come, where it is enough, and what ends it. */
import type { DigitGather } from '@callgather/protocol'

/** One place for a digit. */
export interface Slot {
  /** From 0. */
  readonly index: number
  /** `current` is where the next digit goes; `invalid` holds a key the gather does not accept. */
  readonly state: 'filled' | 'invalid' | 'current' | 'empty'
  /** What is in it; `null` when it is empty, or hidden by policy. */
  readonly digit: string | null
  /** Whether the input is long enough once this slot is filled, and not before. */
  readonly enough: boolean
}

/** The slots of a gather, and the key that ends it. */
export interface Slots {
  readonly slots: readonly Slot[]
  /** Whether more digits may come than there are slots for. */
  readonly open: boolean
  /** The key that ends the input, and whether it was pressed; `null` for none. */
  readonly terminator: { readonly key: string; readonly pressed: boolean } | null
}

/** A longer gather shows no empty boxes, only the count in words. */
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
  // What Telnyx reported at the end may not be what was seen; the keys tell which are invalid only while they agree.
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
