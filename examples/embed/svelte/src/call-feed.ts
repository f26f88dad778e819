import type { CallFeed, GatherClient } from '@callgather/embed/client'
import { type Readable, readable } from 'svelte/store'

/** A store with the feed of a call; `null` before the first one. The call is watched while the store has subscribers. */
export const callFeed = (client: GatherClient, callId: string): Readable<CallFeed | null> =>
  readable<CallFeed | null>(null, (set) => {
    const stop = new AbortController()
    client.watch(callId, { signal: stop.signal, onFeed: set }).catch(console.error)
    return () => stop.abort()
  })
