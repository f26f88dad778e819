import { useState } from 'react'
import type { FeedNotice } from '../../client/feed.ts'
import { useConnection } from '../../hooks/use-connection.ts'
import { createPartContext } from '../part/part-context.ts'
import { connectionView, type FeedPart } from './connection-view.ts'

/** The state of a call's feed; without a call, every field is `null`. */
export interface StatusSource {
  readonly callId: string | null
  readonly feed: FeedPart | null
  readonly notice: FeedNotice | null
}

/** The context of the parts of a connection status. */
export function useStatusOf({ callId, feed, notice }: StatusSource) {
  const connection = useConnection()
  const view = connectionView(connection, feed)
  const detail = (feed?.error ?? connection.error)?.detail ?? null
  // A notice stays on the feed. A notice from before the connection was lost does not describe the reconnection.
  const [known, setKnown] = useState(notice)
  if (view !== 'live' && known !== notice) setKnown(notice)
  // The notice of the last reconnection; `null` if no event was missed, or while there is no connection.
  const caughtUp = view === 'live' && notice?.kind === 'replayed' && notice !== known ? notice : null
  return { callId, view, connection, notice, caughtUp, detail }
}

export const [StatusProvider, useStatus] = createPartContext<ReturnType<typeof useStatusOf>>('ConnectionStatusParts')
