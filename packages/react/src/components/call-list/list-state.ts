import type { SocketError } from '@callgather/protocol'
import { useConnection } from '../../hooks/use-connection.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import {
  type ConnectionView,
  connectionView,
  isBad,
  refusalView,
  viewWords,
} from '../connection-status/connection-view.ts'
import type { Tone } from '../kit/chip.tsx'

/** Why the call list is out of date or unavailable, in words. */
export interface ListState {
  readonly title: string
  readonly hint: string | null
  readonly tone: Tone
}

/** The connection views in which the list still shows its last known calls. */
const showsLastState: ReadonlySet<ConnectionView> = new Set(['reconnecting', 'degraded', 'unavailable'])

/** Explains why the call list is out of date or unavailable; `null` while it is live or loading. */
export function useListState(error: SocketError | null): ListState | null {
  const connection = useConnection()
  const { t } = useLanguage()
  const isRefused = error !== null && connection.status === 'live'
  const view = isRefused ? refusalView(error) : connectionView(connection, null)
  if (!isBad(view, connection)) return null
  const { tone, words, hint: ofView } = viewWords(view)
  if (view === 'forbidden') return { title: t('connection.noPermission'), hint: t('connection.noPermissionHint'), tone }
  // An empty list shows no last known calls, so the hint must not mention them.
  const hint = showsLastState.has(view) ? 'calls.retrying' : ofView
  return { title: t(words), hint: hint ? t(hint) : null, tone }
}
