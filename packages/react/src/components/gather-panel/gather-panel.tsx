import type { CallState } from '@callgather/protocol'
import type { StandardSchemaV1 } from '../../hooks/standard-schema.ts'
import { useCall } from '../../hooks/use-call.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { AssistantBar } from '../assistant-bar/assistant-bar.tsx'
import { CallTimeline } from '../call-timeline/call-timeline.tsx'
import { ConnectionBanner, ConnectionStatus } from '../connection-status/connection-status.tsx'
import { DtmfPad } from '../dtmf-pad/dtmf-pad.tsx'
import { GatherControls } from '../gather-controls/gather-controls.tsx'
import type { Preset } from '../gather-controls/parameters.ts'
import { GatherFields } from '../gather-fields/gather-fields.tsx'
import type { Badge } from '../kit/gather-words.ts'
import { StatusChip } from '../kit/status-chip.tsx'
import { useKeptFocus } from '../kit/use-kept-focus.ts'
import { Transcript } from '../transcript/transcript.tsx'
import { usePanel } from './context.ts'
import * as parts from './parts.tsx'

/** The props of `GatherPanel`. */
export interface GatherPanelProps {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
  /** Validates the result of an AI gather: any Standard Schema (zod, valibot, ArkType, …). */
  readonly schema?: StandardSchemaV1
  /** The presets offered as buttons. Pass the same array on every render. Default: `defaultPresets`. */
  readonly presets?: readonly Preset[]
  /** The id in Telnyx of the assistant that "Start assistant" starts. Without an id, the panel shows a field for it. */
  readonly assistantId?: string
  /** Common messages to the assistant, offered as buttons. Pass the same array on every render. */
  readonly suggestions?: readonly string[]
  /** Components that the panel does not render. Default: none. */
  readonly without?: readonly ('controls' | 'transcript' | 'assistant' | 'timeline')[]
}

const nothing: readonly never[] = []

/**
 * A complete panel for one call: the caller, the gather, the transcript, the assistant and the timeline. The layout
 * adapts to the width of the container, from 320 pixels.
 *
 * `GatherPanelParts` has the unstyled parts of this component.
 */
export function GatherPanel({ callId, ...props }: GatherPanelProps) {
  const kept = useKeptFocus()
  return (
    <parts.Root callId={callId} className="cg cg-panel" {...kept}>
      <Header />
      <Banner />
      <Columns {...props} />
    </parts.Root>
  )
}

function Banner() {
  const { callId } = usePanel('Banner')
  return <ConnectionBanner callId={callId} />
}

type ColumnsProps = Omit<GatherPanelProps, 'callId'>

function Columns({ schema, presets, assistantId, suggestions, without = nothing }: ColumnsProps) {
  const { callId, gone } = usePanel('Columns')
  const hasFields = useCall(
    callId,
    ({ state }) => state.latestGather !== null && isFieldsGather(state, state.latestGather.id),
  )
  const shows = (part: NonNullable<GatherPanelProps['without']>[number]) => !without.includes(part)
  const side = shows('assistant') || shows('timeline') || hasFields
  if (gone) return null
  return (
    <div className="cg-panel-columns">
      <div className="cg-panel-main">
        {shows('controls') && (
          <GatherControls callId={callId} beside={<DtmfPad callId={callId} />} {...(presets ? { presets } : {})} />
        )}
        {shows('transcript') && <Transcript callId={callId} />}
      </div>
      {side && (
        <div className="cg-panel-side">
          {hasFields && !shows('controls') && <GatherFields callId={callId} {...(schema ? { schema } : {})} />}
          {shows('assistant') && (
            <AssistantBar
              callId={callId}
              {...(assistantId === undefined ? {} : { assistantId })}
              {...(suggestions ? { suggestions } : {})}
            />
          )}
          {shows('timeline') && <CallTimeline callId={callId} />}
        </div>
      )}
    </div>
  )
}

function isFieldsGather(state: CallState, gatherId: string): boolean {
  return state.commands.get(gatherId)?.request?.command === 'gather_using_ai'
}

const phaseBadges = {
  unknown: { tone: 'neutral', live: true },
  ringing: { tone: 'warning', live: true },
  answered: { tone: 'positive' },
  ended: { tone: 'neutral', icon: 'hangup' },
} as const satisfies Record<string, Omit<Badge, 'text'>>

function Header() {
  const { callId, phase } = usePanel('Header')
  const { t } = useLanguage()
  return (
    <header className="cg-panel-header">
      <div>
        <parts.Title className="cg-panel-title">
          <parts.Party />
          <StatusChip badge={{ text: t(`call.phase.${phase}`), ...phaseBadges[phase] }} />
        </parts.Title>
        <parts.Facts className="cg-panel-sub" />
      </div>
      <div className="cg-panel-side-meta">
        <ConnectionStatus callId={callId} />
      </div>
    </header>
  )
}
