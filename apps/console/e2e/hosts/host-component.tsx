/** A component of a host with our hooks. A test compiles it with the React Compiler. */
import { useCall, useCallGather, useCollected, useConnection, useDtmf, useTranscript } from '@callgather/react'

/** Shows what the hooks return. */
export function HostComponent({ callId }: { readonly callId: string }) {
  const { digits, status, isCollecting } = useCallGather(callId)
  const { lastKey, keyCount } = useDtmf(callId)
  const { length, at } = useTranscript(callId)
  const { items } = useCollected(callId)
  const { status: connection } = useConnection()
  const party = useCall(callId, ({ state }) => state.parties?.from ?? 'unknown')
  const facts = [status, isCollecting ? 'collecting' : 'not collecting', digits, lastKey?.digit, keyCount, connection]
  return (
    <ul data-host-component="">
      <li>{facts.join(' ')}</li>
      <li>{party}</li>
      <li>
        {length} rows, the last: {at(-1)?.kind}
      </li>
      <li>{items.map((item) => `${item.label}: ${String(item.value)}`).join()}</li>
    </ul>
  )
}
