import { selectNotAnswered } from '@callgather/protocol'
import { type ReactNode, useMemo } from 'react'
import { useCall } from '../../hooks/use-call.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { AssistantBar } from '../assistant-bar/assistant-bar.tsx'
import { CallTimeline } from '../call-timeline/call-timeline.tsx'
import { Collected } from '../collected/collected.tsx'
import { ConnectionBanner, ConnectionStatus } from '../connection-status/connection-status.tsx'
import { DtmfPad } from '../dtmf-pad/dtmf-pad.tsx'
import { AskCaller } from '../gather-controls/ask-caller.tsx'
import { CurrentGather } from '../gather-controls/current-gather.tsx'
import type { Preset } from '../gather-controls/parameters.ts'
import { Chip } from '../kit/chip.tsx'
import type { Badge } from '../kit/gather-words.ts'
import { StatusChip } from '../kit/status-chip.tsx'
import { useKeptFocus } from '../kit/use-kept-focus.ts'
import { Transcript } from '../transcript/transcript.tsx'
import { usePanel } from './context.ts'
import * as parts from './parts.tsx'

/** A card in the side columns of `GatherPanel`. */
export type PanelCard = 'now' | 'ask' | 'collected'

/** The props of `GatherPanel`. */
export interface GatherPanelProps {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
  /** The presets offered as buttons. Pass the same array on every render. Default: `defaultPresets`. */
  readonly presets?: readonly Preset[]
  /** The id in Telnyx of the assistant that "Start assistant" starts. Without an id, the panel shows a field for it. */
  readonly assistantId?: string
  /** Common messages to the assistant, offered as buttons. Pass the same array on every render. */
  readonly suggestions?: readonly string[]
  /** The host's call buttons, such as hang up and transfer. They stay in one place at the end of the header. */
  readonly callActions?: ReactNode
  /** Cards of the host, after the cards of the panel. */
  readonly children?: ReactNode
  /** The order of the side cards. A card that is missing is not rendered. Default: `['now', 'ask', 'collected']`. */
  readonly cards?: readonly PanelCard[]
  /** Other components that the panel does not render. Default: none. */
  readonly without?: readonly ('transcript' | 'assistant' | 'timeline')[]
  /** Whether the form shows the request as JSON and Telnyx's names. Default: `false`. */
  readonly developer?: boolean
}

const nothing: readonly never[] = []
const defaultCards: readonly PanelCard[] = ['now', 'ask', 'collected']

/**
 * A complete panel for one call: the header with the host's call buttons, the timeline, the conversation with the
 * whisper composer, what is asked now, what can be asked, and what was collected.
 *
 * It fills the height of its container, and has one, two or three columns by its own width, from 320 pixels.
 * `GatherPanelParts` has the unstyled parts of this component.
 */
export function GatherPanel({ callId, callActions, ...props }: GatherPanelProps) {
  const kept = useKeptFocus()
  return (
    <parts.Root callId={callId} className="cg cg-panel" {...kept}>
      <div className="cg-panel-layout">
        <Header actions={callActions} />
        <Banner />
        <Body {...props} />
      </div>
    </parts.Root>
  )
}

function Banner() {
  const { callId } = usePanel('Banner')
  return <ConnectionBanner callId={callId} />
}

type BodyProps = Omit<GatherPanelProps, 'callId' | 'callActions'>

function Body({
  presets,
  assistantId,
  suggestions,
  children,
  cards = defaultCards,
  without = nothing,
  developer = false,
}: BodyProps) {
  const { callId, gone, isViewOnly, phase } = usePanel('Body')
  const canSend = !isViewOnly && phase !== 'ended'
  const pad = useMemo(() => <DtmfPad callId={callId} />, [callId])
  if (gone) return null
  const shows = (part: NonNullable<GatherPanelProps['without']>[number]) => !without.includes(part)
  const cardOf: Record<PanelCard, ReactNode> = {
    now: <CurrentGather key="now" beside={pad} />,
    ask: !canSend ? null : <AskCaller key="ask" presets={presets} developer={developer} />,
    collected: <Collected key="collected" />,
  }
  const isLate = (card: PanelCard) => card === 'collected'
  return (
    <>
      {shows('timeline') && <CallTimeline strip />}
      <div className="cg-panel-columns">
        {(shows('transcript') || (shows('assistant') && canSend)) && (
          <div className="cg-panel-conversation">
            {shows('transcript') && <Transcript />}
            {shows('assistant') && canSend && (
              <AssistantBar
                {...(assistantId === undefined ? {} : { assistantId })}
                {...(suggestions ? { suggestions } : {})}
              />
            )}
          </div>
        )}
        <div className="cg-panel-side">
          <div className="cg-panel-cards">{cards.filter((card) => !isLate(card)).map((card) => cardOf[card])}</div>
          <div className="cg-panel-cards cg-host">
            {cards.filter(isLate).map((card) => cardOf[card])}
            {children}
          </div>
        </div>
      </div>
    </>
  )
}

const phaseBadges = {
  unknown: { tone: 'neutral', live: true },
  ringing: { tone: 'warning', live: true },
  answered: { tone: 'positive' },
  ended: { tone: 'neutral', icon: 'hangup' },
} as const satisfies Record<string, Omit<Badge, 'text'>>

function Header({ actions }: { readonly actions: ReactNode }) {
  const { callId, phase, isViewOnly } = usePanel('Header')
  const { t } = useLanguage()
  const notAnswered = useCall(callId, ({ state }) => selectNotAnswered(state))
  return (
    <header className="cg-panel-header">
      <div className="cg-panel-who">
        <parts.Title className="cg-panel-title">
          <parts.Party />
        </parts.Title>
        <parts.Facts className="cg-panel-sub" />
      </div>
      <div className="cg-panel-state">
        {isViewOnly && <Chip icon="eye">{t('call.viewOnly')}</Chip>}
        <StatusChip
          badge={{ text: t(notAnswered ? `call.${notAnswered}` : `call.phase.${phase}`), ...phaseBadges[phase] }}
        />
        <parts.Clock className="cg-panel-clock" />
        <ConnectionStatus callId={callId} />
      </div>
      {actions && <div className="cg-panel-actions cg-host">{actions}</div>}
    </header>
  )
}
