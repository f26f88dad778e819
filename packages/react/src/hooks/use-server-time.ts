import { useEffect, useState } from 'react'
import type { CallFeed } from '../client/feed.ts'
import { useGatherClient } from './provider.tsx'
import { useCall } from './use-call.ts'

/**
 * The server's time, in milliseconds since the Unix epoch, by its estimated offset: for elapsed times and timeouts.
 * Renders again every `everyMillis`; with `null`, not at all, so that a clock that shows nothing costs nothing.
 */
export function useServerTime(callId: string, everyMillis: number | null): number {
  const { clock } = useGatherClient()
  const offset = useCall(callId, offsetSlice)
  const [now, setNow] = useState(() => clock.now())
  useEffect(() => {
    setNow(clock.now())
    if (everyMillis === null) return
    let cancel = () => {}
    const tick = () => {
      cancel = clock.setTimeout(() => {
        setNow(clock.now())
        tick()
      }, everyMillis)
    }
    tick()
    return () => cancel()
  }, [clock, everyMillis])
  return now + offset
}

const offsetSlice = ({ clockOffset }: CallFeed) => clockOffset
