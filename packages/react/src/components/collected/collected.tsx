import { type CollectedValue, selectCallPhase } from '@callgather/protocol'
import { useCallback, useId } from 'react'
import { useCall } from '../../hooks/use-call.ts'
import type { UseCollectedOptions } from '../../hooks/use-collected.ts'
import { type Language, useLanguage } from '../../strings/strings-context.tsx'
import { CopyFailure } from '../kit/copy-failure.tsx'
import { outcomeBadge } from '../kit/gather-words.ts'
import { Icon, type IconName } from '../kit/icon.tsx'
import { Menu } from '../kit/menu.tsx'
import { Empty } from '../kit/notice.tsx'
import { useKeptFocus } from '../kit/use-kept-focus.ts'
import { valueLabel } from './collected-words.ts'
import { useCollectedContext } from './context.ts'
import * as parts from './parts.tsx'

/** The props of `Collected`. */
export interface CollectedProps {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
  /** Called once for each final value, also across a reload. See `UseCollectedOptions`. */
  readonly onCollected?: UseCollectedOptions['onCollected']
}

/**
 * Every value collected on a call, newest first, ready to copy: keys, and the fields of AI gathers. Masked values are
 * labelled as hidden and cannot be copied.
 *
 * `CollectedParts` has the unstyled parts of this component.
 */
export function Collected({ callId, onCollected }: CollectedProps) {
  const language = useLanguage()
  const { t } = language
  const id = useId()
  const kept = useKeptFocus()
  const labelOf = useCallback((value: CollectedValue) => valueLabel(value, language), [language])
  return (
    <parts.Root
      callId={callId}
      labelOf={labelOf}
      onCollected={onCollected}
      className="cg cg-card cg-collected"
      aria-labelledby={id}
      {...kept}
    >
      <header className="cg-card-header">
        <h3 className="cg-card-title" id={id}>
          {t('collected.label')}
        </h3>
        <div className="cg-card-aside">
          <CopyAll />
        </div>
      </header>
      <parts.List className="cg-collected-list" empty={<NothingYet />}>
        {(item) => <Row key={item.id} item={item} />}
      </parts.List>
      <Failure />
      <parts.Announcer />
    </parts.Root>
  )
}

function Row({ item }: { readonly item: CollectedValue }) {
  const language = useLanguage()
  const { t } = language
  const { icon, tone } = badgeOf(item, language)
  return (
    <parts.Item item={item} className="cg-collected-item">
      <span className="cg-collected-icon" data-tone={tone} aria-hidden="true">
        <Icon name={icon} />
      </span>
      <span className="cg-collected-label">
        <parts.Label />
        {item.mask && <span className="cg-collected-tag">{t('collected.hidden')}</span>}
        <parts.Outcome className="cg-collected-tag" />
      </span>
      <parts.Value className="cg-collected-value" />
      <parts.Time className="cg-collected-time" />
      <parts.Copy className="cg-button cg-collected-copy" data-variant="quiet" data-size="small" />
    </parts.Item>
  )
}

function badgeOf({ kind, status, outcome }: CollectedValue, language: Language) {
  const heard = { icon: 'wave', tone: 'accent' } as const
  const confirmed = { icon: 'check', tone: 'positive' } as const
  if (kind === 'fields') return status === 'heard' ? heard : confirmed
  const { icon = 'info', tone }: { icon?: IconName; tone: string } = outcomeBadge(outcome ?? '', null, language)
  return { icon, tone }
}

function CopyAll() {
  const { view, copyAll, copyAllKey, feedback } = useCollectedContext('CopyAll')
  const { t } = useLanguage()
  if (view.items.length === 0) return null
  const copied = feedback?.what === 'all' && feedback.status === 'copied'
  return (
    <Menu
      icon={copied ? 'check' : 'copy'}
      label={t(copied ? 'collected.copied' : 'collected.copyAll')}
      items={[
        { label: t('collected.asText'), run: () => copyAll('text'), shortcut: copyAllKey },
        { label: t('collected.asJson'), run: () => copyAll('json') },
      ]}
    />
  )
}

function Failure() {
  const { feedback, dismiss } = useCollectedContext('Failure')
  if (feedback?.status !== 'failed') return null
  return (
    <div className="cg-collected-footer">
      <CopyFailure onClose={dismiss} />
    </div>
  )
}

function NothingYet() {
  const isEnded = useCall(({ state }) => selectCallPhase(state) === 'ended')
  const { t } = useLanguage()
  if (isEnded) return <Empty icon="keypad" title={t('collected.emptyEnded')} />
  return (
    <Empty icon="keypad" title={t('collected.empty')}>
      {t('collected.emptyHint')}
    </Empty>
  )
}
