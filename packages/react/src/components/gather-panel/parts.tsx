import { type CallPhase, callPhase } from '@callgather/protocol'
import { type ReactNode, useId } from 'react'
import { CallScope, useCallId } from '../../hooks/call-scope.tsx'
import { useCall } from '../../hooks/use-call.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Elapsed } from '../kit/elapsed.tsx'
import { partyName, timeOfDay } from '../kit/time.ts'
import { type PartProps, renderPart } from '../part/part.tsx'
import { createPartContext } from '../part/part-context.ts'

interface PanelContext {
  readonly callId: string
  readonly titleId: string
  readonly phase: CallPhase
  /** Whether the call cannot be shown, and nothing of it is known. */
  readonly gone: boolean
}

const [PanelProvider, usePanel] = createPartContext<PanelContext>('GatherPanel')

export { usePanel }

/** The state of `GatherPanel.Root`, as data attributes. */
export type GatherPanelState = {
  readonly phase: CallPhase
  /** Whether the call cannot be shown, and nothing of it is known; `ConnectionStatus.Banner` says why. */
  readonly gone: boolean
}

/** One call. Named by its `GatherPanel.Title`. */
export function Root({
  callId: given,
  ...props
}: PartProps<'article', GatherPanelState> & { readonly callId?: string | undefined }) {
  const callId = useCallId(given)
  const titleId = useId()
  const state = useCall(callId, ({ state, cursor, error }) => ({
    phase: callPhase(state),
    gone: cursor === null && error !== undefined,
  }))
  return (
    <CallScope callId={callId}>
      <PanelProvider value={{ callId, titleId, ...state }}>
        {renderPart('article', props, { 'aria-labelledby': titleId }, state)}
      </PanelProvider>
    </CallScope>
  )
}

/** The heading, by which the panel is named; who the call is with, unless it is given children. */
export function Title(props: PartProps<'h2'>) {
  const { titleId } = usePanel('Title')
  return renderPart('h2', props, { id: titleId, children: <Party /> })
}

/** Who the call is with. */
export function Party(props: PartProps<'bdi'>) {
  const { callId } = usePanel('Party')
  const { t } = useLanguage()
  const party = useCall(callId, ({ state: { parties, initiated } }) =>
    initiated?.direction === 'outgoing' ? (parties?.to ?? null) : (parties?.from ?? null),
  )
  return renderPart('bdi', props, { dir: 'auto', children: party ? partyName(party) : t('call.unknownParty') })
}

/** Where the call stands: ringing, answered, ended. */
export function Phase(props: PartProps<'span', { readonly phase: CallPhase }>) {
  const { phase } = usePanel('Phase')
  const { t } = useLanguage()
  return renderPart('span', props, { children: t(`call.phase.${phase}`) }, { phase })
}

/** The rest about the call in one line: the caller's name, the number called, when it was answered, for how long. */
export function Facts(props: PartProps<'p'>) {
  const { callId } = usePanel('Facts')
  const { t, locale, timeZone } = useLanguage()
  const { name, own, answeredAt, endedAt } = useCall(callId, ({ state: { parties, initiated, ...state } }) => ({
    name: initiated?.callerName ?? null,
    own: (initiated?.direction === 'outgoing' ? parties?.from : parties?.to) ?? null,
    answeredAt: state.answered?.at ?? null,
    endedAt: state.hangup?.at ?? state.closed?.at ?? null,
  }))
  const facts: ReactNode[] = []
  if (name) facts.push(<bdi key="name">{name}</bdi>)
  if (own) facts.push(<bdi key="own">{t('call.to', { number: partyName(own) })}</bdi>)
  if (answeredAt)
    facts.push(<span key="at">{t('call.answeredAt', { time: timeOfDay(locale, answeredAt, timeZone) })}</span>)
  if (answeredAt) facts.push(<Elapsed key="for" callId={callId} from={answeredAt} to={endedAt} />)
  const children = facts.flatMap((fact, index) => (index === 0 ? [fact] : [' · ', fact]))
  return renderPart('p', props, { children })
}
