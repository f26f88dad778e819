import { useState } from 'react'
import type { FeedNotice } from '../../client/feed.ts'
import { useConnection } from '../../hooks/use-connection.ts'
import { createPartContext } from '../part/part-context.ts'
import { connectionView, type FeedPart } from './connection-view.ts'

/** A call as the connection status sees it; without a call, all of it is `null`. */
export interface StatusSource {
  readonly callId: string | null
  readonly feed: FeedPart | null
  readonly notice: FeedNotice | null
}

/** What the parts of a connection status share. */
export function useStatusOf({ callId, feed, notice }: StatusSource) {
  const connection = useConnection()
  const view = connectionView(connection, feed)
  const detail = (feed?.error ?? connection.error)?.detail ?? null
  // A notice stays on the feed; one that was there before the connection was lost says nothing about its return.
  const [known, setKnown] = useState(notice)
  if (view !== 'live' && known !== notice) setKnown(notice)
  // What the last reconnection brought; `null` if nothing was missed, or while there is no connection.
  const caughtUp = view === 'live' && notice?.kind === 'replayed' && notice !== known ? notice : null
  return { callId, view, connection, notice, caughtUp, detail }
}

export const [StatusProvider, useStatus] = createPartContext<ReturnType<typeof useStatusOf>>('ConnectionStatusParts')
