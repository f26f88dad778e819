/** The facts about calls that become events of the host contract: those of a call's state, and those of a summary. */
import {
  type CallState,
  type CallSummary,
  type CollectedItem,
  type CollectedValue,
  type HostCall,
  type HostEvent,
  selectCallEndedAt,
  selectCollected,
  selectGather,
  selectHungUpBy,
} from '@callgather/protocol'
import type { CallFeed } from '../client/feed.ts'

/** Something that happened on a call. A fact without an `event` is recorded but not published. */
export interface Fact {
  readonly key: string
  readonly event: HostEvent | null
}

/** The facts that the list of calls shows too. Both sources use the same keys, so that a fact is published once. */
const listedFacts: ReadonlySet<string> = new Set(['ringing', 'answered', 'call-ended'])

export const isListedFact = ({ key }: Fact): boolean => listedFacts.has(key)

export const isRingingFact = ({ key }: Fact): boolean => key === 'ringing'

/** Returns the facts of a call in the list of calls, in order. A summary has neither the session nor the cause. */
export function factsOfSummary(summary: CallSummary): Fact[] {
  const { callId, from, to, direction, phase, startedAt, answeredAt, endedAt } = summary
  const { callerName = null, hungUpBy = null } = summary
  const call: HostCall = { callId, sessionId: null, from, to, direction }
  const facts: Fact[] = []
  // Without the webhook of its start, a call has no direction, and `startedAt` is the time of its first event.
  if (startedAt !== null && (direction !== null || phase === 'ringing'))
    facts.push({ key: 'ringing', event: { type: 'call-ringing', ...call, callerName, at: startedAt } })
  if (answeredAt !== null) facts.push({ key: 'answered', event: { type: 'call-answered', ...call, at: answeredAt } })
  if (endedAt !== null) {
    const times = { startedAt, answeredAt, at: endedAt }
    facts.push({ key: 'call-ended', event: { type: 'call-ended', ...call, ...times, hungUpBy, cause: null } })
  }
  return facts
}

/** Returns the new facts of a call, in order. `known` holds the ids of earlier facts. */
export function factsOf({ state, sync }: CallFeed, known: ReadonlySet<string>, now: number): Fact[] {
  const call = callOf(state)
  const facts: Fact[] = []
  const add = (key: string, event: HostEvent | null) => {
    if (!known.has(key)) facts.push({ key, event })
  }
  if (state.initiated) {
    const { at, callerName = null } = state.initiated
    add('ringing', { type: 'call-ringing', ...call, callerName, at })
  }
  if (state.answered) add('answered', { type: 'call-answered', ...call, at: state.answered.at })
  for (const { id, ended } of state.gathers) {
    const gather = known.has(`settled ${id}`) ? null : selectGather(state, id)
    if (!gather) continue
    const common = { ...call, gatherId: id, kind: gather.kind, command: gather.command, mask: gather.mask ?? null }
    const { status, requestedAt, requestedBy = null, endedAt, outcome } = gather
    const hasStarted = status === 'collecting' || status === 'ended'
    if (hasStarted && requestedAt !== null)
      add(`started ${id}`, { type: 'gather-started', ...common, requestedBy, at: requestedAt })
    if (status === 'ended' && endedAt !== null) {
      const attempts = gather.kind === 'digits' ? gather.attempt : null
      add(`ended ${id}`, { type: 'gather-ended', ...common, outcome, attempts, at: endedAt })
    }
    // A hang-up may arrive before the gather's ending event, which has the values.
    if (!ended && status !== 'refused') continue
    for (const item of itemsOf(selectCollected(state, id)))
      add(`collected ${id} ${item.name}`, { type: 'collected', ...call, ...item })
    add(`settled ${id}`, null)
  }
  const endedAt = selectCallEndedAt(state)
  if (endedAt === null) return facts
  const times = { startedAt: state.initiated?.at ?? null, answeredAt: state.answered?.at ?? null }
  const cause = state.hangup?.cause ?? null
  add('call-ended', { type: 'call-ended', ...call, ...times, hungUpBy: selectHungUpBy(state), cause, at: endedAt })
  if (sync === 'ended') {
    const { startedAt } = times
    const at = new Date(now).toISOString()
    add('wrap-up', { type: 'wrap-up', ...call, startedAt, endedAt, collected: itemsOf(selectCollected(state)), at })
  }
  return facts
}

function callOf({ callId, session, parties, initiated }: CallState): HostCall {
  return {
    callId,
    sessionId: session?.id ?? null,
    from: parties?.from ?? null,
    to: parties?.to ?? null,
    direction: initiated?.direction ?? null,
  }
}

/** Returns the final values of a call or of one gather in the shape of the host contract, oldest first. */
export function itemsOf(values: readonly CollectedValue[]): CollectedItem[] {
  return values
    .flatMap(({ id: _, status, isFinal, format, ...item }) => (isFinal ? [item] : []))
    .sort((a, b) => (a.at === b.at ? 0 : a.at < b.at ? -1 : 1))
}
