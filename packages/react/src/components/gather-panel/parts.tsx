import { type CallPhase, selectCallPhase } from '@callgather/protocol'
import { type ReactNode, useId } from 'react'
import { CallScope, useCallId } from '../../hooks/call-scope.tsx'
import { visibleText } from '../../hooks/party.ts'
import { useCall } from '../../hooks/use-call.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Elapsed } from '../kit/elapsed.tsx'
import { partyName, timeOfDay } from '../kit/time.ts'
import { type PartProps, renderPart } from '../part/part.tsx'
import { PanelProvider, usePanel } from './context.ts'

/** The state of `GatherPanelParts.Root`, as data attributes. */
export type RootState = {
  readonly phase: CallPhase
  /** Whether the panel cannot show the call, because the client has no state of it. `ConnectionBanner` explains why. */
  readonly gone: boolean
  /** Whether the agent may see the call but send no command. */
  readonly isViewOnly: boolean
}

/** The props of `GatherPanelParts.Root`. */
export interface RootProps extends PartProps<'article', RootState> {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
}

/** The panel of one call. Its `Title` is the accessible name of the panel. */
export function Root({ callId: given, ...props }: RootProps) {
  const callId = useCallId(given)
  const titleId = useId()
  const state = useCall(callId, ({ state, cursor, error, scopes }) => ({
    phase: selectCallPhase(state),
    gone: cursor === null && error !== undefined,
    isViewOnly: cursor !== null && !scopes.includes('gather') && !scopes.includes('assistant'),
  }))
  return (
    <CallScope callId={callId}>
      <PanelProvider value={{ callId, titleId, ...state }}>
        {renderPart('article', props, { 'aria-labelledby': titleId }, state)}
      </PanelProvider>
    </CallScope>
  )
}

/** The props of `GatherPanelParts.Title`. */
export type TitleProps = PartProps<'h2'>

/** The heading and accessible name of the panel. Default content: the other party of the call. */
export function Title(props: TitleProps) {
  const { titleId } = usePanel('Title')
  return renderPart('h2', props, { id: titleId, children: <Party /> })
}

/** The props of `GatherPanelParts.Party`. */
export type PartyProps = PartProps<'bdi'>

/** The telephone number of the other party of the call. */
export function Party(props: PartyProps) {
  const { callId } = usePanel('Party')
  const { t } = useLanguage()
  const party = useCall(callId, ({ state: { parties, initiated } }) =>
    initiated?.direction === 'outgoing' ? (parties?.to ?? null) : (parties?.from ?? null),
  )
  return renderPart('bdi', props, {
    dir: 'auto',
    children: party ? visibleText(partyName(party)) : t('call.unknownParty'),
  })
}

/** The state of `GatherPanelParts.Phase`, as data attributes. */
export type PhaseState = { readonly phase: CallPhase }

/** The props of `GatherPanelParts.Phase`. */
export type PhaseProps = PartProps<'span', PhaseState>

/** The phase of the call in words: ringing, answered, ended or unknown. */
export function Phase(props: PhaseProps) {
  const { phase } = usePanel('Phase')
  const { t } = useLanguage()
  return renderPart('span', props, { children: t(`call.phase.${phase}`) }, { phase })
}

/** The props of `GatherPanelParts.Facts`. */
export type FactsProps = PartProps<'p'>

/** One line of call details: the direction, the caller's name, the agent's own number and the answer time. */
export function Facts(props: FactsProps) {
  const { callId } = usePanel('Facts')
  const { t, locale, timeZone } = useLanguage()
  const { name, isOutgoing, own, answeredAt } = useCall(callId, ({ state: { parties, initiated, answered } }) => {
    const isOutgoing = initiated?.direction === 'outgoing'
    return {
      // Some networks send the number as the name.
      name: initiated?.callerName === parties?.from ? null : (initiated?.callerName ?? null),
      isOutgoing: initiated ? isOutgoing : null,
      own: (isOutgoing ? parties?.from : parties?.to) ?? null,
      answeredAt: answered?.at ?? null,
    }
  })
  const facts: ReactNode[] = []
  if (isOutgoing !== null) facts.push(<span key="direction">{t(isOutgoing ? 'call.outgoing' : 'call.incoming')}</span>)
  if (name) facts.push(<bdi key="name">{visibleText(name)}</bdi>)
  if (own)
    facts.push(<bdi key="own">{t(isOutgoing ? 'call.from' : 'call.to', { number: visibleText(partyName(own)) })}</bdi>)
  if (answeredAt)
    facts.push(<span key="at">{t('call.answeredAt', { time: timeOfDay(locale, answeredAt, timeZone) })}</span>)
  const children = facts.flatMap((fact, index) => (index === 0 ? [fact] : [' · ', fact]))
  return renderPart('p', props, { children })
}

/** The props of `GatherPanelParts.Clock`. */
export type ClockProps = PartProps<'span'>

/** The time since the call was answered, or its length after the end. Renders nothing for an unanswered call. */
export function Clock(props: ClockProps): ReactNode {
  const { callId } = usePanel('Clock')
  const { answeredAt, endedAt } = useCall(callId, ({ state }) => ({
    answeredAt: state.answered?.at ?? null,
    endedAt: state.hangup?.at ?? state.closed?.at ?? null,
  }))
  if (!answeredAt) return null
  return renderPart('span', props, { children: <Elapsed callId={callId} from={answeredAt} to={endedAt} /> })
}
