import type { DigitGather } from '@callgather/protocol'
import { Fragment, type ReactElement, type ReactNode, useMemo, useState } from 'react'
import { perCall } from '../../hooks/call-scope.tsx'
import { useCall } from '../../hooks/use-call.ts'
import { type UseDtmfResult, useDtmf } from '../../hooks/use-dtmf.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { LiveRegion } from '../kit/live-region.tsx'
import { type PartProps, renderPart } from '../part/part.tsx'
import { createPartContext } from '../part/part-context.ts'

/** The keys of a telephone, row by row (ITU-T E.161). */
export const padKeys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'] as const

/** The state of `DtmfPadParts.Root`, as data attributes. */
export type RootState = {
  /** Whether a gather of digits is running. */
  readonly collecting: boolean
  /** Whether the gather masks its digits. */
  readonly hidden: boolean
}

const isRunning = (gather: DigitGather | null): gather is DigitGather =>
  gather !== null && gather.status !== 'ended' && gather.status !== 'refused'

function usePadOf({ gather, lastKey, strays }: UseDtmfResult) {
  const [firstSeen] = useState(() => lastKey?.id ?? null)
  return useMemo(() => {
    const counts = new Map<string, number>()
    let lastRole: KeyState['last'] = lastKey && strays.at(-1)?.id === lastKey.id ? 'stray' : null
    for (const { id, digit, role } of gather?.keys ?? []) {
      if (digit !== null) counts.set(digit, (counts.get(digit) ?? 0) + 1)
      if (id === lastKey?.id) lastRole = role
    }
    const running = isRunning(gather)
    return {
      // While a gather is running, the last key of an earlier gather has no role.
      last: running && !lastRole ? null : lastKey,
      strays,
      /** The keys that the running gather accepts; `null` while no gather is running. */
      accepted: running && gather.rules ? gather.rules.validDigits + (gather.rules.terminatingDigit ?? '') : null,
      counts,
      lastRole,
      /** Whether the caller pressed the last key after the pad's first render. */
      isNews: lastKey !== null && lastKey.id !== firstSeen,
    }
  }, [gather, lastKey, strays, firstSeen])
}

const [PadProvider, usePad] = createPartContext<ReturnType<typeof usePadOf>>('DtmfPadParts')

/** The props of `DtmfPadParts.Root`. */
export interface RootProps extends PartProps<'div', RootState> {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
}

function CallRoot({ callId, ...props }: RootProps & { readonly callId: string }) {
  const dtmf = useDtmf(callId)
  const known = useCall(callId, ({ cursor }) => cursor !== null)
  // Remounts when the snapshot arrives, so that keys of the snapshot do not flash as if they were pressed now.
  return <LoadedRoot key={known ? 'known' : 'unknown'} dtmf={dtmf} {...props} />
}

/** The group around the keys of the pad. It shows what the caller presses; the agent cannot press the keys. */
export const Root: (props: RootProps) => ReactElement = perCall(CallRoot)

function LoadedRoot({ dtmf, ...props }: RootProps & { readonly dtmf: UseDtmfResult }) {
  const { t } = useLanguage()
  const context = usePadOf(dtmf)
  return (
    <PadProvider value={context}>
      {renderPart(
        'div',
        props,
        { role: 'group', 'aria-label': t('pad.label') },
        { collecting: context.accepted !== null, hidden: dtmf.gather?.mask !== undefined },
      )}
    </PadProvider>
  )
}

/** The state of `DtmfPadParts.Key`, as data attributes. */
export type KeyState = {
  /** The role of the last key pressed: `digit`, `invalid`, `terminator` or `stray`. `null` on all other keys. */
  readonly last: string | null
  /** How often the caller pressed this key in the current attempt of the gather. */
  readonly count: number | null
  /** Whether the running gather does not accept this key. */
  readonly unused: boolean
}

/** The props of `DtmfPadParts.Key`. */
export interface KeyProps extends PartProps<'li', KeyState> {
  /** The label of the key, one of `padKeys`. */
  readonly value: string
}

/** One key of the pad. Its children are rendered over the key's label. */
export function Key({ value, children, ...props }: KeyProps) {
  const { counts, last, lastRole, accepted } = usePad('Key')
  const { t } = useLanguage()
  const count = counts.get(value) ?? 0
  const isLast = last?.digit === value
  const name = value === '*' ? t('key.star') : value === '#' ? t('key.pound') : value
  return renderPart(
    'li',
    props,
    {
      children: (
        <>
          <span aria-hidden="true">{value}</span>
          <span className="cg-visually-hidden">{count > 0 ? `${name}, ${t('pad.pressed', { count })}` : name}</span>
          {children}
        </>
      ),
    },
    {
      last: isLast ? (lastRole ?? 'digit') : null,
      count: count || null,
      unused: accepted !== null && !accepted.includes(value),
    },
  )
}

/** The props of `DtmfPadParts.Flash`. */
export interface FlashProps extends PartProps<'span'> {
  /** The label of the key, one of `padKeys`. */
  readonly value: string
}

/** A flash over a key each time the caller presses the key. Put it inside a `Key`. */
export function Flash({ value, ...props }: FlashProps): ReactNode {
  const { last, isNews } = usePad('Flash')
  if (!isNews || last?.digit !== value) return null
  // Keyed by the press, so that a second press of the same key flashes again.
  return <Fragment key={last.id}>{renderPart('span', props, { 'aria-hidden': true, children: value })}</Fragment>
}

/** The props of `DtmfPadParts.KeyCount`. */
export interface KeyCountProps extends PartProps<'span'> {
  /** The label of the key, one of `padKeys`. */
  readonly value: string
}

/** How often the caller pressed a key in this attempt. Renders nothing below two. Put it inside a `Key`. */
export function KeyCount({ value, ...props }: KeyCountProps): ReactNode {
  const { counts } = usePad('KeyCount')
  const { number } = useLanguage()
  const count = counts.get(value) ?? 0
  return count > 1 ? renderPart('span', props, { 'aria-hidden': true, children: `×${number(count)}` }) : null
}

/** The props of `DtmfPadParts.Pulse`. */
export type PulseProps = PartProps<'span'>

/** A flash of the pad when the caller presses a masked key. */
export function Pulse(props: PulseProps): ReactNode {
  const { last, isNews } = usePad('Pulse')
  if (!isNews || last?.digit !== null) return null
  return <Fragment key={last.id}>{renderPart('span', props, { 'aria-hidden': true })}</Fragment>
}

/** The props of `DtmfPadParts.Caption`. */
export type CaptionProps = PartProps<'p'>

/** Describes the last key pressed in words. */
export function Caption(props: CaptionProps) {
  const { last } = usePad('Caption')
  const { t } = useLanguage()
  const text = !last ? t('pad.none') : last.digit === null ? t('pad.lastHidden') : t('pad.last', { key: last.digit })
  return renderPart('p', props, { children: text })
}

/** How many of the newest keys outside any gather are shown. */
const STRAYS_SHOWN = 8

/** The props of `DtmfPadParts.Strays`. */
export type StraysProps = PartProps<'div'>

/** The newest keys pressed outside any gather. Renders nothing if there are no such keys. */
export function Strays({ children, ...props }: StraysProps): ReactNode {
  const { strays } = usePad('Strays')
  const { t } = useLanguage()
  if (strays.length === 0) return null
  return renderPart('div', props, {
    children: children ?? (
      <>
        <span>{t('pad.stray')}</span>
        <ul className="cg-pad-stray-keys" aria-label={t('pad.stray')}>
          {strays.slice(-STRAYS_SHOWN).map((key) => (
            <li key={key.id}>{key.digit ?? '•'}</li>
          ))}
        </ul>
      </>
    ),
  })
}

/** Announces keys pressed outside any gather. `DigitSlotsParts.Announcer` announces the keys of a gather. */
export function Announcer() {
  const { lastRole, isNews } = usePad('Announcer')
  const { t } = useLanguage()
  return <LiveRegion text={isNews && lastRole === 'stray' ? t('pad.strayAnnounced') : ''} />
}
