import { DigitSlots, DtmfPadParts, GatherPanelParts } from '@callgather/react'
import { CallGather } from '../../callgather-provider'

/** A server component that composes parts. Only `CallGather` is written as a client component. */
export default async function CallPage({ params }: { params: Promise<{ callId: string }> }) {
  const callId = decodeURIComponent((await params).callId)
  return (
    <CallGather>
      <GatherPanelParts.Root callId={callId}>
        <GatherPanelParts.Title />
        <GatherPanelParts.Facts />
        <DigitSlots />
        <DtmfPadParts.Root>
          <DtmfPadParts.Caption />
        </DtmfPadParts.Root>
      </GatherPanelParts.Root>
    </CallGather>
  )
}
