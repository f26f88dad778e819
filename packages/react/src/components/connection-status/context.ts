import { useState } from 'react'
import type { FeedNotice } from '../../client/feed.ts'
import { useConnection } from '../../hooks/use-connection.ts'
import { createPartContext } from '../part/part-context.ts'
import { connectionView, type FeedPart } from './connection-view.ts'

/** The call that a connection status includes. All fields are `null` if it includes no call. */
export interface StatusSource {
  readonly callId: string | null
  readonly feed: FeedPart | null
  readonly notice: FeedNotice | null
}

/** Returns the context value that `ConnectionStatusParts.Root` provides to the parts inside it. */
export function useStatusOf({ callId, feed, notice }: StatusSource) {
  const connection = useConnection()
  const view = connectionView(connection, feed)
  const detail = (feed?.error ?? connection.error)?.detail ?? null
  // The feed keeps its last notice. A notice from before the connection was lost does not describe the reconnection.
  const [known, setKnown] = useState(notice)
  if (view !== 'live' && known !== notice) setKnown(notice)
  // The notice of missed events after a reconnection; `null` if no event was missed or while not connected.
  const caughtUp = view === 'live' && notice?.kind === 'replayed' && notice !== known ? notice : null
  return { callId, view, connection, notice, caughtUp, detail }
}

export const [StatusProvider, useStatus] = createPartContext<ReturnType<typeof useStatusOf>>('ConnectionStatusParts')
