import { useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { CallFeed } from '../client/feed.ts'
import { callStore } from '../query/call-store.ts'
import { useCallId } from './call-scope.tsx'
import { useGatherClient } from './provider.tsx'
import { useSlice } from './slice.ts'

/**
 * Watches a call and gives the slice of it that `select` picks. The component renders again only when that slice
 * changes: object literals and arrays are compared by their contents.
 *
 * Before anything is known, `select` is given an empty feed with `sync: 'connecting'`, so there is always a slice.
 *
 * @param callId - The call; by default that of the `CallScope` around it.
 * @param select - Picks the slice. May be written inline; it should be pure and quick.
 */
export function useCall<T>(callId: string | undefined, select: (feed: CallFeed) => T): T
export function useCall<T>(select: (feed: CallFeed) => T): T
export function useCall<T>(first: string | undefined | ((feed: CallFeed) => T), second?: (feed: CallFeed) => T): T {
  const callId = useCallId(typeof first === 'function' ? undefined : first)
  const select = typeof first === 'function' ? first : second
  if (!select) throw new Error('CallGather: `useCall` needs a function that selects what to show.')
  const cache = useQueryClient()
  const client = useGatherClient()
  const known = useMemo(() => callStore(cache, client, callId), [cache, client, callId])
  return useSlice(known.isRemoved() ? callStore(cache, client, callId) : known, select)
}
