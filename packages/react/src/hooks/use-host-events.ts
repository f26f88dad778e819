import type { HostEvent } from '@callgather/protocol'
import { useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { HostEvents, readyEvent } from './host-events.ts'
import { useGatherClient } from './provider.tsx'
import { useEarlyEffect } from './use-early-effect.ts'

/**
 * Calls `onEvent` with `ready`, then with the events of `subscribeHostEvents` for the client of the `GatherProvider`.
 * Use this hook once per provider. Each event is published once, also in strict mode and after a hidden tree is shown
 * again. `call-selected` is not published: use `onSelect` of `CallList`.
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
