import type { CallSummary } from '@callgather/protocol'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Empty, Notice } from '../kit/notice.tsx'
import * as parts from './parts.tsx'

/** The props of `CallList`. */
export interface CallListProps {
  /** The call that is open. */
  readonly selected?: string | null
  /** Called when the agent picks a call. */
  readonly onSelect?: (callId: string) => void
}

/** With more calls than this, there is a field to find one. */
const SEARCHABLE = 12

function StyledCallList({ selected = null, onSelect }: CallListProps) {
  return (
    <parts.Root selected={selected} onSelect={onSelect} className="cg cg-calls">
      <Contents />
    </parts.Root>
  )
}

function Contents() {
  const { calls, error, query } = parts.useList('Contents')
  const { t, number } = useLanguage()
  const empty = (
    <Empty icon="phone" title={t(query === '' ? 'calls.empty' : 'calls.noMatch')}>
      {query === '' ? t('calls.emptyHint') : null}
    </Empty>
  )
  return (
    <>
      {calls.length > SEARCHABLE && (
        <div className="cg-calls-search">
          <parts.Search className="cg-input" />
        </div>
      )}
      {error && (
        <Notice role="alert" tone="negative" icon="alert" title={error.title}>
          {error.detail}
        </Notice>
      )}
      <parts.View className="cg-calls-view" empty={empty}>
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

function CallRow({ call }: { readonly call: CallSummary }) {
  const { unseen } = parts.useList('CallRow')
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

/**
 * The calls a ticket may see: those on the line first, each with what it is busy with, how long it has lasted and how
 * much is new. Only the rows in view exist in the page.
 *
 * Its parts: `Root`, `Search`, `View`, `Call`, and in a call `Party`, `Activity`, `Duration`.
 */
export const CallList = /* @__PURE__ */ Object.assign(StyledCallList, {
  Root: parts.Root,
  Search: parts.Search,
  View: parts.View,
  Call: parts.Call,
  Party: parts.Party,
  Activity: parts.Activity,
  Duration: parts.Duration,
})
