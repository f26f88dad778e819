import { useServerTime } from '../../hooks/use-server-time.ts'
import { clockTime, durationOf } from './time.ts'

/** An elapsed or final duration. A separate component, so that only this element rerenders every second. */
export function Elapsed({
  callId,
  from,
  to,
}: {
  readonly callId: string
  readonly from: string
  readonly to: string | null
}) {
  const now = useServerTime(callId, to === null ? 1000 : null)
  const millis = (to === null ? now : Date.parse(to)) - Date.parse(from)
  return (
    <time dir="ltr" dateTime={durationOf(millis)}>
      {clockTime(millis)}
    </time>
  )
}
