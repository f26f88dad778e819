import { useEffect, useState } from 'react'
import type { CallFeed } from '../client/feed.ts'
import { useCallId } from './call-scope.tsx'
import { useGatherClient } from './provider.tsx'
import { useCall } from './use-call.ts'

/**
 * The server's time, in milliseconds since the Unix epoch, by its estimated offset: for elapsed times and timeouts.
 * Renders again every `everyMillis`; with `null`, not at all, so that a clock that shows nothing costs nothing.
 */
export function useServerTime(callId: string | undefined, everyMillis: number | null): number
export function useServerTime(everyMillis: number | null): number
export function useServerTime(first: string | number | null | undefined, second?: number | null): number {
  const everyMillis = second === undefined && typeof first !== 'string' ? (first ?? null) : (second ?? null)
  const callId = useCallId(typeof first === 'string' ? first : undefined)
  const offset = useCall(callId, offsetSlice)
  return useNow(everyMillis) + offset
}

const offsetSlice = ({ clockOffsetMs }: CallFeed) => clockOffsetMs

/** The time here, by the client's clock. Renders again every `everyMillis`; with `null`, not at all. */
export function useNow(everyMillis: number | null): number {
  const { clock } = useGatherClient()
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
  return now
}
