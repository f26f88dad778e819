import type { CollectedValue } from '@callgather/protocol'
import type { ReactElement, ReactNode } from 'react'
import { perCall } from '../../hooks/call-scope.tsx'
import { visibleText } from '../../hooks/party.ts'
import { type UseCollectedOptions, useCollected } from '../../hooks/use-collected.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { LiveRegion } from '../kit/live-region.tsx'
import { ShortcutHint } from '../kit/shortcut-hint.tsx'
import { shortTimeOfDay } from '../kit/time.ts'
import { type PartProps, renderPart } from '../part/part.tsx'
import { hiddenWords, resultWords, shownText } from './collected-words.ts'
import { CollectedProvider, ItemProvider, useCollectedContext, useCollectedOf, useItem } from './context.ts'

/** The state of `CollectedParts.Root`, as data attributes. */
export type RootState = { readonly empty: boolean }

/** The props of `CollectedParts.Root`. */
export interface RootProps extends PartProps<'section', RootState>, UseCollectedOptions {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
}

function CallRoot({ callId, labelOf, onCollected, ...props }: RootProps & { readonly callId: string }) {
  const { t } = useLanguage()
  const context = useCollectedOf(useCollected(callId, { labelOf, onCollected }))
  const own = { 'aria-label': t('collected.label') }
  return (
    <CollectedProvider value={context}>
      {renderPart('section', props, own, { empty: context.view.items.length === 0 })}
    </CollectedProvider>
  )
}

/** The region around the values collected on a call. */
export const Root: (props: RootProps) => ReactElement = perCall(CallRoot)

/** The props of `CollectedParts.List`. */
export interface ListProps extends Omit<PartProps<'ul'>, 'children'> {
  /** Renders one value. Return an `Item` with the value's `id` as `key`. */
  readonly children: (item: CollectedValue) => ReactElement
  /** Content shown while nothing is collected. */
  readonly empty?: ReactNode
}

/** The list of the values, newest first. */
export function List({ children, empty = null, ...props }: ListProps): ReactNode {
  const { items } = useCollectedContext('List').view
  if (items.length === 0) return empty
  return renderPart('ul', props, { children: items.map(children) })
}

/** The state of `CollectedParts.Item`, as data attributes. */
export type ItemState = {
  readonly kind: CollectedValue['kind']
  readonly status: CollectedValue['status']
  /** Telnyx's status of the gather, such as `valid`; `null` while it runs. */
  readonly outcome: string | null
  /** Whether the value is masked. */
  readonly hidden: boolean
}

/** The props of `CollectedParts.Item`. */
export interface ItemProps extends PartProps<'li', ItemState> {
  readonly item: CollectedValue
}

/** One value. */
export function Item({ item, ...props }: ItemProps) {
  const { kind, status, outcome, mask } = item
  return (
    <ItemProvider value={item}>
      {renderPart('li', props, {}, { kind, status, outcome, hidden: mask !== null })}
    </ItemProvider>
  )
}

/** The props of `CollectedParts.Label`. */
export type LabelProps = PartProps<'bdi'>

/** The label of the value, such as "Account number". */
export function Label(props: LabelProps) {
  return renderPart('bdi', props, { children: visibleText(useItem('Label').label) })
}

/** The props of `CollectedParts.Value`. */
export type ValueProps = PartProps<'span'>

/** The value. Of a masked value, only the number of digits or the last four digits. */
export function Value(props: ValueProps) {
  const item = useItem('Value')
  const language = useLanguage()
  const { mask, last4, digitCount, kind } = item
  if (!mask)
    return renderPart('span', props, { dir: kind === 'digits' ? 'ltr' : 'auto', children: shownText(item, language) })
  const dots = '•'.repeat(Math.min(digitCount ?? SHOWN_DOTS, SHOWN_DOTS))
  return renderPart('span', props, {
    dir: 'ltr',
    children: (
      <>
        <span aria-hidden="true">{last4 === null ? dots : `•••• ${last4}`}</span>
        <span className="cg-visually-hidden">{hiddenWords(item, language)}</span>
      </>
    ),
  })
}

/** The maximum number of dots of a masked value. */
const SHOWN_DOTS = 12

/** The props of `CollectedParts.Outcome`. */
export type OutcomeProps = PartProps<'span'>

/** How the value was collected, in words: valid, timed out, confirmed, … */
export function Outcome(props: OutcomeProps) {
  const item = useItem('Outcome')
  const { hungUpBy } = useCollectedContext('Outcome').view
  return renderPart('span', props, { children: resultWords(item, hungUpBy, useLanguage()) })
}

/** The props of `CollectedParts.Time`. */
export type TimeProps = PartProps<'time'>

/** When the value was collected. */
export function Time(props: TimeProps) {
  const { at } = useItem('Time')
  const { locale, timeZone } = useLanguage()
  return renderPart('time', props, { dateTime: at, children: shortTimeOfDay(locale, at, timeZone) })
}

/** The state of `CollectedParts.Copy`, as data attributes. */
export type CopyState = {
  /** Whether this value was copied within the last two seconds. */
  readonly copied: boolean
}

/** The props of `CollectedParts.Copy`. */
export type CopyProps = PartProps<'button', CopyState>

/** A button that copies the value. Renders nothing for a masked value. */
export function Copy(props: CopyProps): ReactNode {
  const { id, label, mask } = useItem('Copy')
  const { copy, feedback, copyKeyOf } = useCollectedContext('Copy')
  const { t } = useLanguage()
  if (mask) return null
  const copied = feedback?.what === id && feedback.status === 'copied'
  const shortcut = copyKeyOf(id)
  const own = {
    type: 'button',
    // The name contains the visible text (WCAG 2.5.3).
    'aria-label': t(copied ? 'collected.copiedWhat' : 'collected.copy', { what: visibleText(label) }),
    onClick: () => copy(id),
    'aria-keyshortcuts': shortcut?.aria,
    children: (
      <>
        {t(copied ? 'collected.copied' : 'action.copy')} <ShortcutHint shortcut={shortcut} />
      </>
    ),
  } as const
  return renderPart('button', props, own, { copied })
}

/** Announces that a value was copied. A failure is announced by its visible notice. */
export function Announcer() {
  const { feedback, view } = useCollectedContext('Announcer')
  const { t } = useLanguage()
  if (feedback?.status !== 'copied') return <LiveRegion text="" />
  const what = view.items.find(({ id }) => id === feedback.what)?.label
  return (
    <LiveRegion
      text={what === undefined ? t('collected.copied') : t('collected.copiedWhat', { what: visibleText(what) })}
    />
  )
}
