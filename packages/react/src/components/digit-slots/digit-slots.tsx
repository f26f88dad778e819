import * as parts from './parts.tsx'

/** The props of `DigitSlots`. */
export interface DigitSlotsProps {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
  /** The id of the gather to show. Default: the latest gather of the call. */
  readonly gatherId?: string
}

/**
 * The digits of a gather in slots, with the minimum number of digits, the terminating key and the remaining time.
 * Masked digits appear as dots, and screen readers announce only the number of digits.
 *
 * `DigitSlotsParts` has the unstyled parts of this component.
 */
export function DigitSlots({ callId, gatherId }: DigitSlotsProps) {
  return (
    <parts.Root callId={callId} gatherId={gatherId} className="cg cg-slots">
      <parts.Row className="cg-slots-row" after={<parts.Terminator className="cg-slot cg-slot-terminator" />}>
        {(slot) => (
          <parts.Slot key={slot.index} slot={slot} className="cg-slot">
            {slot.digit}
            {slot.enough && <span className="cg-slot-enough" />}
          </parts.Slot>
        )}
      </parts.Row>
      <p className="cg-slots-facts">
        <parts.Rejected className="cg-slots-fact cg-slots-rejected" />
        <parts.Timer className="cg-slots-fact" data-strong="" />
        <parts.Count className="cg-slots-fact" />
        <parts.Needs className="cg-slots-fact" />
        <parts.EndsWith className="cg-slots-fact" />
      </p>
      <parts.Announcer />
    </parts.Root>
  )
}
