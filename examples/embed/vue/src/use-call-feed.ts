import type { CallFeed, GatherClient } from '@callgather/embed/client'
import { type MaybeRefOrGetter, shallowRef, toValue, watchEffect } from 'vue'

/** The feed of a call while the component is mounted; `null` before the first one. Follows a ref or getter of the call. */
export function useCallFeed(client: GatherClient, callId: MaybeRefOrGetter<string | null>) {
  const feed = shallowRef<CallFeed | null>(null)
  watchEffect((onCleanup) => {
    const id = toValue(callId)
    const stop = new AbortController()
    onCleanup(() => stop.abort())
    feed.value = null
    if (id === null) return
    const onFeed = (next: CallFeed) => {
      feed.value = next
    }
    client.watch(id, { signal: stop.signal, onFeed }).catch(console.error)
  })
  return feed
}
