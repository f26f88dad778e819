import type { CallSummary, DigitActivity, FieldActivity } from '@callgather/protocol'
import { createContext, memo, type ReactNode, useContext } from 'react'
import { visibleText } from '../../hooks/party.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import type { Attention } from '../call-list/attention.ts'
import { activityWords, attentionWords, callTitle, keyWords, labelOf } from '../call-list/call-words.ts'
import { Bar, slotCount } from '../call-list/progress.tsx'
import { Icon } from '../kit/icon.tsx'
import { clockTime, durationOf } from '../kit/time.ts'
import type { DescribeCall } from './use-wall.ts'

/** The time of the server's clock, in milliseconds. One clock for the wall, so that a second costs one render. */
export const WallClock = createContext(0)

/** The most slots that a tile shows. Of more keys, it shows the last ones. */
const MAX_SLOTS = 10
const slotNumbers = Array.from({ length: MAX_SLOTS + 1 }, (_, slot) => slot)

/** The props of `Tile`: all keep their identity while the tile shows the same. */
interface TileProps {
  readonly call: CallSummary
  readonly attention: Attention['kind'] | null
  /** Since when a stuck caller has done nothing, in whole seconds. */
  readonly seconds: number
  readonly describe: DescribeCall | undefined
  readonly onOpen: ((callId: string) => void) | undefined
  readonly isFocusable: boolean
}

/** One call on the wall. It renders again only when its own call or its attention changes. */
export const Tile = memo(function Tile({ call, attention, seconds, describe, onOpen, isFocusable }: TileProps) {
  const language = useLanguage()
  const { name, agent, team } = describe?.(call) ?? {}
  const owner = [agent, team].filter(Boolean).join(' · ')
  const content = (
    <>
      <span className="cg-dot" aria-hidden="true" {...(call.phase === 'ringing' ? { 'data-live': '' } : {})} />
      <bdi className="cg-tile-party">{name ? visibleText(name) : callTitle(call, language)}</bdi>
      <Lasted call={call} />
      {owner && (
        <span className="cg-tile-owner" dir="auto">
          {visibleText(owner)}
        </span>
      )}
      <Progress call={call} />
      {attention && (
        <span className="cg-tile-attention">
          {attentionWords({ kind: attention, sinceMs: seconds * 1000 } as Attention, language)}
          {attention === 'rejected' && call.rejected && (
            <bdi className="cg-tile-detail">{`${visibleText(call.rejected.title)} (${call.rejected.code})`}</bdi>
          )}
        </span>
      )}
    </>
  )
  const state = {
    className: 'cg-tile',
    'data-tile': call.callId,
    'data-phase': call.phase,
    'data-activity': call.activity?.status === 'collecting' ? call.activity.kind : undefined,
    'data-attention': attention ?? undefined,
  }
  return (
    <li>
      {onOpen ? (
        <button type="button" {...state} tabIndex={isFocusable ? 0 : -1} onClick={() => onOpen(call.callId)}>
          {content}
        </button>
      ) : (
        <div {...state}>{content}</div>
      )}
    </li>
  )
})

function Lasted({ call }: { readonly call: CallSummary }) {
  const nowMs = useContext(WallClock)
  const from = call.answeredAt ?? call.startedAt
  if (from === null) return <span />
  const millis = (call.endedAt === null ? nowMs : Date.parse(call.endedAt)) - Date.parse(from)
  return (
    <time className="cg-tile-time" dir="ltr" dateTime={durationOf(millis)}>
      {clockTime(millis)}
    </time>
  )
}

/** What is entered or heard right now, as the server masked it. */
function Progress({ call }: { readonly call: CallSummary }): ReactNode {
  const language = useLanguage()
  const { activity, phase } = call
  const isCollecting = phase === 'answered' && activity?.status === 'collecting'
  if (isCollecting && activity.kind === 'digits') return <Digits activity={activity} />
  // The attention below says it with Telnyx's reason.
  if (call.rejected && activity?.status === 'refused') return null
  return (
    <>
      <span className="cg-tile-line">
        <span className="cg-tile-label" dir="auto">
          {phase === 'ringing' ? language.t('call.phase.ringing') : activityWords(call, language)}
        </span>
      </span>
      {isCollecting && activity.kind === 'fields' && <Fields activity={activity} />}
    </>
  )
}

function Digits({ activity }: { readonly activity: DigitActivity }) {
  const language = useLanguage()
  const { t } = language
  const { digits = '', count, max, mask, attempt } = activity
  const filled = [...digits].slice(-MAX_SLOTS)
  const total = Math.min(Math.max(slotCount(activity), filled.length + (count < max ? 1 : 0)), MAX_SLOTS + 1)
  return (
    <>
      <span className="cg-tile-line">
        <span className="cg-tile-label" dir="auto">
          {labelOf(activity, language)}
        </span>
        {mask && (
          <>
            <Icon name="hidden" />
            <span className="cg-visually-hidden"> {t('slots.hidden')}</span>
          </>
        )}
        {attempt && <span>{t('slots.attempt', { attempt: attempt.number, tries: attempt.of })}</span>}
      </span>
      <span className="cg-visually-hidden">{keyWords(activity, language)}</span>
      <span className="cg-tile-slots" aria-hidden="true">
        {slotNumbers.slice(0, total).map((slot) => (
          <span key={slot} data-state={slot < filled.length ? 'filled' : slot === filled.length ? 'current' : 'empty'}>
            {filled[slot]}
          </span>
        ))}
      </span>
    </>
  )
}

function Fields({ activity }: { readonly activity: FieldActivity }) {
  const { done, of, fields = [] } = activity
  return (
    <>
      <Bar className="cg-tile-bar" done={done} of={of} />
      {fields.map(({ label, value }) => (
        <span key={label} className="cg-tile-field">
          <bdi>{visibleText(label)}</bdi> <bdi>{visibleText(value)}</bdi>
        </span>
      ))}
    </>
  )
}
