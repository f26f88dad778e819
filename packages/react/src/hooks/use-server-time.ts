import { useEffect, useState } from 'react'
import type { CallFeed } from '../client/feed.ts'
import { useCallId } from './call-scope.tsx'
import { useGatherClient } from './provider.tsx'
import { useCall } from './use-call.ts'

/**
 * Returns the estimated time of the server in milliseconds since the Unix epoch, for elapsed times and timeouts.
 * Renders again every `everyMs` milliseconds; never with `null`, so that a hidden clock causes no renders.
 */
export function useServerTime(callId: string | undefined, everyMs: number | null): number
export function useServerTime(everyMs: number | null): number
export function useServerTime(first: string | number | null | undefined, second?: number | null): number {
  const everyMs = second === undefined && typeof first !== 'string' ? (first ?? null) : (second ?? null)
  const callId = useCallId(typeof first === 'string' ? first : undefined)
  const offset = useCall(callId, offsetSlice)
  return useNow(everyMs) + offset
}

const offsetSlice = ({ clockOffsetMs }: CallFeed) => clockOffsetMs

/**
 * Returns the time of the client's clock. Renders again every `everyMs` milliseconds, at multiples of it, so that all
 * clocks on a page change at the same moment; never with `null`.
 */
export function useNow(everyMs: number | null): number {
  const { clock } = useGatherClient()
  const [now, setNow] = useState(() => clock.now())
  useEffect(() => {
    setNow(clock.now())
    if (everyMs === null) return
    let cancel = () => {}
    const tick = () => {
      cancel = clock.setTimeout(
        () => {
          setNow(clock.now())
          tick()
        },
        everyMs - (clock.now() % everyMs),
      )
    }
    tick()
    return () => cancel()
  }, [clock, everyMs])
  return everyMs === null ? now : now - (now % everyMs)
}
