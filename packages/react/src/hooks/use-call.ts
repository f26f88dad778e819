import { useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { CallFeed } from '../client/feed.ts'
import { callStore } from '../query/call-store.ts'
import { useCallId } from './call-scope.tsx'
import { useGatherClient } from './provider.tsx'
import { useSlice } from './slice.ts'

/**
 * Watches a call and returns the slice of its feed that `select` picks. The component renders again only when the slice
 * changes. Object literals and arrays are compared by their contents.
 *
 * Before the first snapshot, `select` receives an empty feed with `sync: 'connecting'`, so there is always a slice.
 *
 * @param callId - The `call_control_id`. Default: the call of the nearest `CallScope`.
 * @param select - Picks the slice. May be written inline. It must be pure and should be quick.
 */
export function useCall<T>(callId: string | undefined, select: (feed: CallFeed) => T): T
export function useCall<T>(select: (feed: CallFeed) => T): T
export function useCall<T>(first: string | undefined | ((feed: CallFeed) => T), second?: (feed: CallFeed) => T): T {
  const callId = useCallId(typeof first === 'function' ? undefined : first)
  const select = typeof first === 'function' ? first : second
  if (!select) throw new Error('CallGather: `useCall` has no selector. Pass a function that selects what to show.')
  const cache = useQueryClient()
  const client = useGatherClient()
  const known = useMemo(() => callStore(cache, client, callId), [cache, client, callId])
  return useSlice(known.isRemoved() ? callStore(cache, client, callId) : known, select)
}
