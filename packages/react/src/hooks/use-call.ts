import { useQuery } from '@tanstack/react-query'
import { useCallback, useMemo } from 'react'
import { type CallFeed, initialCallFeed } from '../client/feed.ts'
import { callQueryOptions } from '../query/call-query.ts'
import { useGatherClient } from './provider.tsx'
import { keepIfEqual, Slice } from './slice.ts'

/**
 * Watches a call and gives the slice of it that `select` picks. The component renders again only when that slice
 * changes (by `Object.is`, or one level deep for objects and arrays).
 *
 * Before anything is known, `select` is given an empty feed with `sync: 'connecting'`, so there is always a slice.
 *
 * @param select - Picks the slice. May be written inline; it should be pure and quick.
 */
export function useCall<T>(callId: string, select: (feed: CallFeed) => T): T {
  const client = useGatherClient()
  const empty = useMemo(() => initialCallFeed(callId), [callId])
  const pick = useCallback((feed: CallFeed) => new Slice(select(feed)), [select])
  const { data } = useQuery({
    ...callQueryOptions(client, callId),
    select: pick,
    structuralSharing: keepIfEqual,
    notifyOnChangeProps: ['data'],
  })
  return data ? data.value : select(empty)
}
