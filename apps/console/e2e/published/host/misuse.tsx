/** Mistakes of a host that the published types must not accept. Nothing here runs. */
import { DigitSlotsParts, DtmfPad, DtmfPadParts, GatherPanel, reduceCall, useCallGather } from '@callgather/react'

export function Mistakes() {
  const call = useCallGather('v3:a')
  // @ts-expect-error A digit gather is not started without its required parameters.
  const start = () => call.start('gather_using_speak', {})
  return (
    <>
      {/* @ts-expect-error A call is named by a string. */}
      <GatherPanel callId={5} />
      {/* @ts-expect-error The pad has no such property. */}
      <DtmfPad call="v3:a" />
      {/* @ts-expect-error A key of the pad needs its value. */}
      <DtmfPadParts.Key />
      {/* @ts-expect-error A handler is no string. */}
      <DigitSlotsParts.Root callId="v3:a" onClick="start" onFocus={() => void start()} />
    </>
  )
}

// @ts-expect-error The package exports the types of the protocol, not its functions.
export const fold = () => reduceCall
