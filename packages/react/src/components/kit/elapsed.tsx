import { useServerTime } from '../../hooks/use-server-time.ts'
import { clockTime, durationOf } from './time.ts'

/** How long something has lasted, or lasted in the end. The only thing that renders again each second. */
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
  return <time dateTime={durationOf(millis)}>{clockTime(millis)}</time>
}
