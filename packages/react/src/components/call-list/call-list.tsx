import type { CallSummary } from '@callgather/protocol'
import type { Ref } from 'react'
import { isAnswerable } from '../../hooks/party.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Button } from '../kit/button.tsx'
import { Empty, Notice } from '../kit/notice.tsx'
import { useKeptFocus } from '../kit/use-kept-focus.ts'
import { type AnswerCall, useList } from './context.ts'
import { type ListState, useListState } from './list-state.ts'
import * as parts from './parts.tsx'
import { RingingAnnouncer } from './ringing-announcer.tsx'
import { Unavailable } from './unavailable.tsx'

/** The props of `CallList`. */
export interface CallListProps {
  /** The id of the call that is open. */
  readonly selected?: string | null
  /** Called with the call's id when the agent selects a call. */
  readonly onSelect?: (callId: string) => void
  /**
   * Answers a ringing call with your softphone. Without it, the rows have no Answer button. Return a promise to show
   * progress, and a failure if it rejects.
   */
  readonly onAnswer?: AnswerCall
  /** The search field, for example to focus it with a shortcut of yours. */
  readonly searchRef?: Ref<HTMLInputElement>
}

/**
 * A list of the calls that the ticket allows, ringing calls first. Each row shows the activity, the progress of a
 * gather, the duration and the number of new events of a call. Only the rows in view are in the DOM.
 *
 * `CallListParts` has the unstyled parts of this component.
 */
export function CallList({ selected = null, onSelect, onAnswer, searchRef }: CallListProps) {
  const kept = useKeptFocus()
  return (
    <parts.Root selected={selected} onSelect={onSelect} onAnswer={onAnswer} className="cg cg-calls" {...kept}>
      <div className="cg-calls-search">
        <parts.Search className="cg-input" ref={searchRef} />
      </div>
      <Contents />
      <RingingAnnouncer />
    </parts.Root>
  )
}

function Contents() {
  const { calls, query, live, error } = useList('Contents')
  const { t, number } = useLanguage()
  const state = useListState(error)
  return (
    <>
      {state && calls.length > 0 && (
        <Notice role="status" tone={state.tone} icon="offline" title={state.title}>
          {t('calls.stale')}
        </Notice>
      )}
      <parts.View className="cg-calls-view" empty={<NoCalls isSearched={query !== ''} isKnown={live} state={state} />}>
        {(item) =>
          item.kind === 'heading' ? (
            <h3 key={item.key} className="cg-calls-heading">
              {item.text} <span>{number(item.count)}</span>
            </h3>
          ) : (
            <CallRow key={item.key} call={item.call} />
          )
        }
      </parts.View>
    </>
  )
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
  const { setQuery } = useList('NoCalls')
  if (isSearched && isKnown) {
    const clear = (
      <Button size="small" onClick={() => setQuery('')}>
        {t('calls.clearSearch')}
      </Button>
    )
    return <Empty icon="search" title={t('calls.noMatch')} action={clear} />
  }
  if (state) return <Unavailable state={state} />
  if (!isKnown) return <Skeleton />
  return (
    <Empty icon="phone" title={t('calls.empty')}>
      {t('calls.emptyHint')}
    </Empty>
  )
}

/** Grey rows while the first list loads. They appear only after a moment, so that a fast server shows no flash. */
function Skeleton() {
  const { t } = useLanguage()
  return (
    <div className="cg-calls-skeleton">
      <span className="cg-visually-hidden">{t('calls.loading')}</span>
      {[0, 1, 2].map((row) => (
        <span key={row} aria-hidden="true" />
      ))}
    </div>
  )
}

function CallRow({ call }: { readonly call: CallSummary }) {
  return (
    <div className="cg-call-row" data-ringing={isAnswerable(call) || undefined}>
      <OpenCall call={call} />
      <parts.Answer call={call} className="cg-button cg-call-answer" data-size="small" />
    </div>
  )
}

function OpenCall({ call }: { readonly call: CallSummary }) {
  const { unseen } = useList('CallRow')
  const { t, number } = useLanguage()
  const count = unseen(call.callId)
  return (
    <parts.Call call={call} className="cg-call">
      <span className="cg-dot" aria-hidden="true" {...(call.phase === 'ringing' ? { 'data-live': '' } : {})} />
      {isAnswerable(call) && <span className="cg-visually-hidden">{t('call.phase.ringing')}</span>}
      <parts.Party className="cg-call-party" />
      <span className="cg-call-time">
        {count > 0 && (
          <span className="cg-call-badge">
            <span aria-hidden="true">{number(count)}</span>
            <span className="cg-visually-hidden">{t('calls.new', { count })}</span>
          </span>
        )}
        <parts.Duration />
      </span>
      <parts.Activity className="cg-call-activity" />
      <parts.Progress className="cg-call-progress" />
    </parts.Call>
  )
}
