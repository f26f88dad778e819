import { GatherPanel } from '@callgather/react'
import { CallReplay, type ExportedCall } from '@callgather/react/testing'
import '@callgather/react/testing.css'

/** The replay of an exported call, in place of the open call. */
export default function ReplayView({ call, onClose }: { readonly call: ExportedCall; readonly onClose: () => void }) {
  return (
    <div className="console-replay">
      <button type="button" className="console-button" onClick={onClose}>
        Close the replay
      </button>
      <CallReplay call={call}>{(callId) => <GatherPanel callId={callId} />}</CallReplay>
    </div>
  )
}
