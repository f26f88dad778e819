import { callPhase } from '@callgather/protocol'
import { type ReactNode, useId } from 'react'
import type { StandardSchemaV1 } from '../../hooks/standard-schema.ts'
import { useCall } from '../../hooks/use-call.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { AssistantBar } from '../assistant-bar/assistant-bar.tsx'
import { CallTimeline } from '../call-timeline/call-timeline.tsx'
import { ConnectionBanner, ConnectionStatus } from '../connection-status/connection-status.tsx'
import { DtmfPad } from '../dtmf-pad/dtmf-pad.tsx'
import { GatherControls } from '../gather-controls/gather-controls.tsx'
import type { Badge } from '../gather-controls/gather-words.ts'
import type { Preset } from '../gather-controls/parameters.ts'
import { GatherFields } from '../gather-fields/gather-fields.tsx'
import { Elapsed } from '../kit/elapsed.tsx'
import { StatusChip } from '../kit/status-chip.tsx'
import { partyName, timeOfDay } from '../kit/time.ts'
import { Transcript } from '../transcript/transcript.tsx'

/** The props of `GatherPanel`. */
export interface GatherPanelProps {
  readonly callId: string
  /** Checks the result of an AI gather: any Standard Schema. */
  readonly schema?: StandardSchemaV1
  /** The questions offered at a press. Keep the array stable. */
  readonly presets?: readonly Preset[]
  /** The assistant that "Start assistant" starts. */
  readonly assistantId?: string
  /** Things often told to the assistant. Keep the array stable. */
  readonly suggestions?: readonly string[]
  /** Leaves parts out: what a screen does not need, an agent does not look at. */
  readonly without?: readonly ('controls' | 'transcript' | 'assistant' | 'timeline')[]
}

const nothing: readonly never[] = []

/**
 * Everything about one call in one element: who it is, what is asked and what comes, the transcript, the assistant, the
 * timeline. Fits itself to the room it is given, from 320 pixels to a wall.
 */
export function GatherPanel({
  callId,
  schema,
  presets,
  assistantId,
  suggestions,
  without = nothing,
}: GatherPanelProps) {
  const id = useId()
  const hasFields = useCall(
    callId,
    ({ state }) => state.latestGather !== null && isFieldsGather(state, state.latestGather.id),
  )
  const isGone = useCall(callId, ({ cursor, error }) => cursor === null && error !== undefined)
  const shows = (part: NonNullable<GatherPanelProps['without']>[number]) => !without.includes(part)
  const side = shows('assistant') || shows('timeline') || hasFields
  return (
    <article className="cg cg-panel" aria-labelledby={id}>
      <Header callId={callId} id={id} />
      <ConnectionBanner callId={callId} />
      {!isGone && (
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
      )}
    </article>
  )
}

function isFieldsGather(state: Parameters<typeof callPhase>[0], gatherId: string): boolean {
  return state.commands.get(gatherId)?.request?.command === 'gather_using_ai'
}

const phaseBadges = {
  unknown: { tone: 'neutral', live: true },
  ringing: { tone: 'warning', live: true },
  answered: { tone: 'positive' },
  ended: { tone: 'neutral', icon: 'hangup' },
} as const satisfies Record<string, Omit<Badge, 'text'>>

function Header({ callId, id }: { readonly callId: string; readonly id: string }): ReactNode {
  const { t, locale, timeZone } = useLanguage()
  const { phase, from, to, direction, name, answeredAt, endedAt } = useCall(callId, ({ state }) => ({
    phase: callPhase(state),
    from: state.parties?.from ?? null,
    to: state.parties?.to ?? null,
    direction: state.initiated?.direction ?? null,
    name: state.initiated?.callerName ?? null,
    answeredAt: state.answered?.at ?? null,
    endedAt: state.hangup?.at ?? state.closed?.at ?? null,
  }))
  const [party, own] = direction === 'outgoing' ? [to, from] : [from, to]
  const facts: ReactNode[] = []
  if (name) facts.push(<bdi key="name">{name}</bdi>)
  if (own) facts.push(<bdi key="own">{t('call.to', { number: partyName(own) })}</bdi>)
  if (answeredAt)
    facts.push(<span key="at">{t('call.answeredAt', { time: timeOfDay(locale, answeredAt, timeZone) })}</span>)
  if (answeredAt) facts.push(<Elapsed key="for" callId={callId} from={answeredAt} to={endedAt} />)
  return (
    <header className="cg-panel-header">
      <div>
        <h2 className="cg-panel-title" id={id}>
          <bdi dir="auto">{party ? partyName(party) : t('call.unknownParty')}</bdi>
          <StatusChip badge={{ text: t(`call.phase.${phase}`), ...phaseBadges[phase] }} />
        </h2>
        <p className="cg-panel-sub">{facts.flatMap((fact, index) => (index === 0 ? [fact] : [' · ', fact]))}</p>
      </div>
      <div className="cg-panel-side-meta">
        <ConnectionStatus callId={callId} />
      </div>
    </header>
  )
}
