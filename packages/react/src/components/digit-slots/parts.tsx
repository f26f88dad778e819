import { type DigitGather, selectGather } from '@callgather/protocol'
import { type ReactElement, type ReactNode, useMemo, useState } from 'react'
import { perCall } from '../../hooks/call-scope.tsx'
import { useCall } from '../../hooks/use-call.ts'
import { useServerTime } from '../../hooks/use-server-time.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { stopAcceptedAt } from '../kit/gather-slice.ts'
import { rejectionWords } from '../kit/gather-words.ts'
import { LiveRegion } from '../kit/live-region.tsx'
import { type PartProps, renderPart } from '../part/part.tsx'
import { createPartContext } from '../part/part-context.ts'
import { type Slots, type Slot as SlotView, slotsOf } from './slots.ts'

interface SlotsContext extends Slots {
  readonly gather: DigitGather
  readonly callId: string
  /** The id of the last key on first render. Only later keys are announced and get `data-fresh`. */
  readonly firstSeen: string | null
}

const [SlotsProvider, useSlots] = createPartContext<SlotsContext>('DigitSlotsParts')

/** The state of `DigitSlotsParts.Root`, as data attributes. */
export type RootState = {
  readonly status: DigitGather['status']
  readonly outcome: string | null
  readonly hidden: boolean
  readonly ended: boolean
  /** Why the entry in the slots was rejected; `null` if it was not. */
  readonly rejected: DigitGather['rejected']
}

/** The props of `DigitSlotsParts.Root`. */
export interface RootProps extends PartProps<'div', RootState> {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
  /** The id of the gather to show. Default: the latest gather of the call. */
  readonly gatherId?: string | undefined
}

function CallRoot({ callId, gatherId, ...props }: RootProps & { readonly callId: string }): ReactNode {
  const gather = useCall(callId, ({ state }) => selectGather(state, gatherId))
  // Keyed by gather, so that keys pressed before the first render of a gather are not announced.
  return gather?.kind === 'digits' ? <LoadedRoot key={gather.id} callId={callId} gather={gather} {...props} /> : null
}

/** The group around the digits of a gather. Renders nothing if the gather does not collect digits. */
export const Root: (props: RootProps) => ReactElement = perCall(CallRoot)

function LoadedRoot({
  callId,
  gather,
  ...props
}: RootProps & { readonly callId: string; readonly gather: DigitGather }) {
  const { t } = useLanguage()
  const [firstSeen] = useState(() => gather.keys.at(-1)?.id ?? null)
  const view = useMemo(() => slotsOf(gather), [gather])
  const context = useMemo(() => ({ ...view, callId, gather, firstSeen }), [view, callId, gather, firstSeen])
  const { status, outcome, mask, rejected } = gather
  const ended = status === 'ended' || status === 'refused'
  return (
    <SlotsProvider value={context}>
      {renderPart(
        'div',
        props,
        { role: 'group', 'aria-label': t('slots.label') },
        { status, outcome, hidden: mask !== undefined, ended, rejected },
      )}
    </SlotsProvider>
  )
}

/** The state of `DigitSlotsParts.Row`, as data attributes. */
export type RowState = {
  /** The number of digits that the caller has entered. */
  readonly count: number
}

/** The props of `DigitSlotsParts.Row`. */
export interface RowProps extends Omit<PartProps<'div', RowState>, 'children'> {
  /** Renders one slot of the row. */
  readonly children: (slot: SlotView) => ReactNode
  /** Content after the slots, such as the terminating key. */
  readonly after?: ReactNode
}

/** The row of slots, with the role `img`. Its name has the number of digits and, if not masked, the digits. */
export function Row({ children, after, ...props }: RowProps) {
  const { slots, gather, count: shown } = useSlots('Row')
  const language = useLanguage()
  const count = useCountWords('Row')
  const seen =
    gather.mask === undefined ? slots.flatMap(({ digit }) => digit ?? []).join(' ') : language.t('slots.hidden')
  return renderPart(
    'div',
    props,
    {
      role: 'img',
      'aria-label': [shown > 0 ? `${count}: ${seen}` : count, rejectionWords(gather, language)]
        .filter(Boolean)
        .join('. '),
      children: (
        <>
          {slots.map(children)}
          {after}
        </>
      ),
    },
    { count: shown },
  )
}

/** The state of `DigitSlotsParts.Slot`, as data attributes. */
export type SlotState = {
  readonly state: SlotView['state']
  readonly hidden: boolean
  /** Whether filling this slot reaches the minimum number of digits. */
  readonly enough: boolean
  /** Whether this slot was filled after the first render. */
  readonly fresh: boolean
}

/** The props of `DigitSlotsParts.Slot`. */
export interface SlotProps extends Omit<PartProps<'span', SlotState>, 'slot'> {
  readonly slot: SlotView
}

/** A slot for one digit. */
export function Slot({ slot, children, ...props }: SlotProps) {
  const { gather, firstSeen, count } = useSlots('Slot')
  const last = gather.keys.at(-1)
  const newest = last?.role === 'terminator' ? count : count - 1
  const filled = slot.state === 'filled' || slot.state === 'invalid'
  return renderPart(
    'span',
    props,
    { children: children ?? slot.digit },
    {
      state: slot.state,
      hidden: filled && slot.digit === null,
      enough: slot.enough,
      fresh: filled && slot.index === newest && last?.id !== firstSeen,
    },
  )
}

/** The state of `DigitSlotsParts.Terminator`, as data attributes. */
export type TerminatorState = {
  readonly pressed: boolean
  /** Whether the key ended an entry that was rejected. */
  readonly rejected: boolean
}

/** The props of `DigitSlotsParts.Terminator`. */
export type TerminatorProps = PartProps<'span', TerminatorState>

/** The terminating key of the gather. Renders nothing if the gather has none. */
export function Terminator(props: TerminatorProps): ReactNode {
  const { terminator, gather } = useSlots('Terminator')
  if (!terminator) return null
  const { key, pressed } = terminator
  return renderPart('span', props, { children: key }, { pressed, rejected: pressed && gather.rejected !== null })
}

/** The props of `DigitSlotsParts.Count`. */
export type CountProps = PartProps<'span'>

/** The number of digits entered, in words. */
export function Count(props: CountProps) {
  const children = useCountWords('Count')
  return renderPart('span', props, { children })
}

/** The number of digits in words, with the maximum if it is known and small. */
function useCountWords(part: string): string {
  const { gather, open, count } = useSlots(part)
  const { t } = useLanguage()
  return open ? t('slots.open', { count }) : t('slots.count', { count, max: gather.rules?.maxDigits ?? count })
}

/** The state of `DigitSlotsParts.Rejected`, as data attributes. */
export type RejectedState = { readonly reason: DigitGather['rejected'] }

/** The props of `DigitSlotsParts.Rejected`. */
export type RejectedProps = PartProps<'span', RejectedState>

/** Says why the entry in the slots was rejected, such as "Too short". Renders nothing if it was not. */
export function Rejected(props: RejectedProps): ReactNode {
  const { gather, isLastEntry } = useSlots('Rejected')
  const language = useLanguage()
  const children = rejectionWords(gather, language) ?? (isLastEntry ? language.t('slots.lastEntry') : null)
  return children === null ? null : renderPart('span', props, { children }, { reason: gather.rejected })
}

/** The state of `DigitSlotsParts.Needs`, as data attributes. */
export type NeedsState = { readonly enough: boolean }

/** The props of `DigitSlotsParts.Needs`. */
export type NeedsProps = PartProps<'span', NeedsState>

/** The number of digits that the gather requires, in words. Renders nothing if the rules are unknown. */
export function Needs(props: NeedsProps): ReactNode {
  const { gather, open } = useSlots('Needs')
  const { t } = useLanguage()
  if (!gather.rules) return null
  const { minDigits: min, maxDigits: max } = gather.rules
  const text =
    min === max
      ? t('slots.needsExactly', { count: min })
      : open
        ? t('slots.needsAtLeast', { count: min })
        : t('slots.needsRange', { min, max })
  return renderPart('span', props, { children: text }, { enough: gather.digitCount >= min })
}

/** The props of `DigitSlotsParts.EndsWith`. */
export type EndsWithProps = PartProps<'span'>

/** Says which key ends the input. Renders nothing if the gather has no terminating key. */
export function EndsWith(props: EndsWithProps): ReactNode {
  const { terminator } = useSlots('EndsWith')
  const { t } = useLanguage()
  return terminator ? renderPart('span', props, { children: t('slots.endsWith', { key: terminator.key }) }) : null
}

/** The state of `DigitSlotsParts.Timer`, as data attributes. */
export type TimerState = { readonly for: string; readonly urgent: boolean; readonly overdue: boolean }

/** The props of `DigitSlotsParts.Timer`. */
export type TimerProps = PartProps<'span', TimerState>

/**
 * The caller's remaining time to press a key, as a ring and in words. Renders nothing while the gather does not wait
 * for a digit. The time is approximate, because of network delays.
 */
export function Timer(props: TimerProps): ReactNode {
  const { gather, callId } = useSlots('Timer')
  const { t } = useLanguage()
  const isStopping = useCall(callId, ({ state }) => stopAcceptedAt(state, gather) !== null)
  // A gather that is being stopped shows no remaining time.
  const waiting = isStopping ? null : gather.runningTimeout
  const now = useServerTime(callId, waiting ? 250 : null)
  if (!waiting) return null
  const left = Math.min(waiting.durationMs, Math.max(0, Date.parse(waiting.since) + waiting.durationMs - now))
  const seconds = Math.ceil(left / 1000)
  const words =
    left === 0
      ? t('slots.overdue')
      : t(waiting.for === 'first_digit' ? 'slots.firstDigit' : 'slots.nextDigit', { seconds })
  const urgent = left < Math.min(2000, waiting.durationMs / 3)
  return renderPart(
    'span',
    props,
    {
      children: (
        <>
          <Ring fraction={left / waiting.durationMs} urgent={urgent} />
          {words}
        </>
      ),
    },
    { for: waiting.for, urgent, overdue: left === 0 },
  )
}

const RADIUS = 9
const ROUND = 2 * Math.PI * RADIUS

function Ring({ fraction, urgent }: { fraction: number; urgent: boolean }) {
  return (
    <svg className="cg-ring" viewBox="0 0 24 24" aria-hidden="true" {...(urgent ? { 'data-urgent': '' } : {})}>
      <circle cx="12" cy="12" r={RADIUS} />
      <circle cx="12" cy="12" r={RADIUS} strokeDasharray={ROUND} strokeDashoffset={ROUND * (1 - fraction)} />
    </svg>
  )
}

/** Announces the number of digits after each key. It never announces a digit, because bystanders may overhear it. */
export function Announcer() {
  const { gather, firstSeen, count } = useSlots('Announcer')
  const language = useLanguage()
  const { t } = language
  const last = gather.keys.at(-1)
  if (!last || last.id === firstSeen) return <LiveRegion text="" />
  const max = gather.rules?.maxDigits ?? Number.POSITIVE_INFINITY
  const open = max > 32
  const rejection = rejectionWords(gather, language)
  if (rejection) return <LiveRegion text={`${t('slots.open', { count })}. ${rejection}`} />
  if (gather.status !== 'collecting') return <LiveRegion text="" />
  if (last.role === 'terminator') return <LiveRegion text={t('slots.terminated', { count })} />
  if (last.role === 'invalid')
    return <LiveRegion text={t(open ? 'slots.invalidOpen' : 'slots.invalid', { count, max })} />
  return <LiveRegion text={open ? t('slots.enteredOpen', { count }) : t('slots.entered', { count, max })} />
}
