import type { CallSummary } from '@callgather/protocol'
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
import { Empty, Notice } from '../kit/notice.tsx'
import { useKeptFocus } from '../kit/use-kept-focus.ts'
import { useList } from './context.ts'
import * as parts from './parts.tsx'

/** The props of `CallList`. */
export interface CallListProps {
  /** The id of the call that is open. */
  readonly selected?: string | null
  /** Called with the call's id when the agent selects a call. */
  readonly onSelect?: (callId: string) => void
}

/** A list with more calls shows a search field. */
const MAX_CALLS_WITHOUT_SEARCH = 12

/**
 * A list of the calls that the ticket allows, active calls first. Each row shows the activity, the duration and the
 * number of new events of a call. Only the rows in view are in the DOM.
 *
 * `CallListParts` has the unstyled parts of this component.
 */
export function CallList({ selected = null, onSelect }: CallListProps) {
  const kept = useKeptFocus()
  return (
    <parts.Root selected={selected} onSelect={onSelect} className="cg cg-calls" {...kept}>
      <Contents />
    </parts.Root>
  )
}

function Contents() {
  const { calls, query, live } = useList('Contents')
  const { t, number } = useLanguage()
  const state = useListState()
  return (
    <>
      {calls.length > MAX_CALLS_WITHOUT_SEARCH && (
        <div className="cg-calls-search">
          <parts.Search className="cg-input" />
        </div>
      )}
      {state && calls.length > 0 && (
        <Notice role="status" tone={state.tone} icon="offline" title={state.title}>
          {t('calls.stale')}
        </Notice>
      )}
      <parts.View className="cg-calls-view" empty={<NoCalls isSearched={query !== ''} isKnown={live} state={state} />}>
        {(item) =>
          item.kind === 'heading' ? (
            <h3 key={item.key} className="cg-calls-heading">
              <span>{item.text}</span>
              <span>{number(item.count)}</span>
            </h3>
          ) : (
            <CallRow key={item.key} call={item.call} />
          )
        }
      </parts.View>
    </>
  )
}

interface ListState {
  readonly title: string
  readonly hint: string | null
  readonly tone: Tone
}

/** The connection views in which the list still shows its last known calls. */
const showsLastState: ReadonlySet<ConnectionView> = new Set(['reconnecting', 'degraded', 'unavailable'])

/** Explains why the call list is out of date or unavailable; `null` while it is live or loading. */
function useListState(): ListState | null {
  const { error } = useList('ListState')
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

/** The text of an empty call list. It says "No calls" only after a snapshot confirms that there are none. */
function NoCalls({
  isSearched,
  isKnown,
  state,
}: {
  readonly isSearched: boolean
  readonly isKnown: boolean
  readonly state: ListState | null
}) {
  const { t } = useLanguage()
  if (isSearched && isKnown) return <Empty icon="phone" title={t('calls.noMatch')} />
  if (state) {
    return (
      <div role="alert">
        <Empty icon="offline" title={state.title}>
          {state.hint}
        </Empty>
      </div>
    )
  }
  if (!isKnown) return <Empty icon="clock" title={t('calls.loading')} />
  return (
    <Empty icon="phone" title={t('calls.empty')}>
      {t('calls.emptyHint')}
    </Empty>
  )
}

function CallRow({ call }: { readonly call: CallSummary }) {
  const { unseen } = useList('CallRow')
  const { t, number } = useLanguage()
  const count = unseen(call.callId)
  return (
    <parts.Call call={call} className="cg-call">
      <span className="cg-dot" aria-hidden="true" {...(call.phase === 'ringing' ? { 'data-live': '' } : {})} />
      <parts.Party className="cg-call-party" />
      <span className="cg-call-time">
        <parts.Duration />
      </span>
      <parts.Activity className="cg-call-activity" />
      {count > 0 && (
        <span className="cg-call-badge">
          <span aria-hidden="true">{number(count)}</span>
          <span className="cg-visually-hidden">{t('calls.new', { count })}</span>
        </span>
      )}
    </parts.Call>
  )
}
