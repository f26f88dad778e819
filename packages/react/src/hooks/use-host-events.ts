import type { HostEvent } from '@callgather/protocol'
import { useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { HostEvents, readyEvent } from './host-events.ts'
import { useGatherClient } from './provider.tsx'
import { useEarlyEffect } from './use-early-effect.ts'

/**
 * Calls `onEvent` with the events of the host contract: `ready`, `connection`, `ticket-needed`, `error`, and the events
 * of all calls that the client of the `GatherProvider` watches. Use this hook once per provider.
 *
 * Each event is published once. Events before the first snapshot of a call are not published. Values are masked as the
 * server masked them. The client's `onError` receives an error that `onEvent` throws.
 */
export function useHostEvents(onEvent: (event: HostEvent) => void): void {
  const client = useGatherClient()
  const cache = useQueryClient()
  const latest = useRef(onEvent)
  const isReady = useRef(false)
  const source = useRef<HostEvents | null>(null)
  useEarlyEffect(() => {
    latest.current = onEvent
  })
  useEarlyEffect(() => {
    const { current } = source
    const events = current?.client === client && current.cache === cache ? current : new HostEvents(client, cache)
    source.current = events
    const stop = events.start((event) => latest.current(event), isReady.current ? null : readyEvent)
    isReady.current = true
    return stop
  }, [client, cache])
}
