/** The host events of a client and of its calls in one cache. Each fact is published once, and only if it is live. */
import {
  type CallState,
  type CollectedItem,
  HOST_CONTRACT,
  HOST_CONTRACT_VERSION,
  type HostCall,
  type HostEvent,
  selectCallEndedAt,
  selectCollected,
  selectGather,
  selectHungUpBy,
} from '@callgather/protocol'
import type { QueryClient, QueryKey } from '@tanstack/react-query'
import type { GatherClientError } from '../client/client-error.ts'
import { clientEvents, runHostCallback } from '../client/client-events.ts'
import { newRequestId } from '../client/commands.ts'
import type { CallFeed } from '../client/feed.ts'
import type { GatherClient } from '../client/gather-client.ts'
import { unwrapOwnFeed } from '../query/cached-feed.ts'
import { gatherKeys } from '../query/keys.ts'

type Publish = (event: HostEvent) => unknown

/** Something that happened on a call. A fact without an `event` is recorded but not published. */
interface Fact {
  readonly key: string
  readonly event: HostEvent | null
}

interface CallFacts {
  readonly known: Set<string>
  feed: CallFeed
}

export class HostEvents {
  readonly client: GatherClient
  readonly cache: QueryClient
  readonly #calls = new Map<string, CallFacts>()
  #connection = ''

  constructor(client: GatherClient, cache: QueryClient) {
    this.client = client
    this.cache = cache
    this.#connection = JSON.stringify(connectionEvent(client))
  }

  /** Publishes `first`, then the events of the client and its calls. Returns a function that stops publishing. */
  start(onEvent: Publish, first: HostEvent | null): () => void {
    const { client, cache } = this
    const events = clientEvents.get(client.session)
    const publish: Publish = (event) => runHostCallback(client.session, 'onEvent', () => onEvent(event))
    const listener = {
      ticketNeeded: () => publish({ type: 'ticket-needed', requestId: newRequestId() }),
      failed: ({ code, message }: GatherClientError) => publish({ type: 'error', code, detail: message, callId: null }),
    }
    events?.listeners.add(listener)
    if (first) publish(first)
    const publishConnection = () => {
      const event = connectionEvent(client)
      const written = JSON.stringify(event)
      if (written === this.#connection) return
      this.#connection = written
      publish(event)
    }
    const queries = cache.getQueryCache()
    for (const { queryKey } of queries.findAll({ queryKey: gatherKeys.client(client) })) this.#read(queryKey, publish)
    publishConnection()
    const stops = [
      client.connection.subscribe(publishConnection),
      queries.subscribe((change) => {
        const callId = this.#callOf(change.query.queryKey)
        if (callId === null) return
        if (change.type === 'removed') this.#calls.delete(callId)
        if (change.type !== 'updated') return
        this.#read(change.query.queryKey, publish)
        if (change.action.type !== 'error') return
        const { error } = change.query.state
        const why = error instanceof Error ? `: ${error.message}` : ''
        publish({ type: 'error', code: 'refused', detail: `The call cannot be watched${why}`, callId })
      }),
    ]
    return () => {
      events?.listeners.delete(listener)
      for (const stop of stops) stop()
    }
  }

  #callOf([, session, kind, callId]: QueryKey): string | null {
    return session === this.client.session.id && kind === 'call' && typeof callId === 'string' ? callId : null
  }

  #read(queryKey: QueryKey, publish: Publish): void {
    const callId = this.#callOf(queryKey)
    if (callId === null) return
    const data = this.cache.getQueryData<CallFeed>(queryKey)
    // A change of agent drops the data, so the next snapshot counts as the first snapshot.
    if (data === undefined) this.#calls.delete(callId)
    const feed = unwrapOwnFeed(this.client.session, data)
    if (!feed?.cursor) return
    const call = this.#calls.get(callId)
    if (call && call.feed.state === feed.state && call.feed.sync === feed.sync) return
    const { known, ...current } = call ?? { known: new Set<string>(), feed }
    this.#calls.set(callId, { ...current, known, feed })
    for (const { key, event } of factsOf(feed, known, this.client.clock.now())) {
      known.add(key)
      // Facts in the first snapshot happened before the call was watched, so they are not published.
      if (call && event) publish(event)
    }
  }
}

/** The `ready` event, which `useHostEvents` publishes once when it starts. */
export const readyEvent: HostEvent = {
  type: 'ready',
  contract: HOST_CONTRACT,
  version: HOST_CONTRACT_VERSION,
  callId: null,
}

function connectionEvent({ connection }: GatherClient): HostEvent {
  const { status, isDegraded, retryAt } = connection.getSnapshot()
  return { type: 'connection', status, isDegraded, retryAt: retryAt === null ? null : new Date(retryAt).toISOString() }
}

/** Returns the new facts of a call, in order. `known` holds the ids of earlier facts. */
function factsOf({ state, sync }: CallFeed, known: ReadonlySet<string>, now: number): Fact[] {
  const call = callOf(state)
  const facts: Fact[] = []
  const add = (key: string, event: HostEvent | null) => {
    if (!known.has(key)) facts.push({ key, event })
  }
  if (state.initiated) {
    const { at, callerName = null } = state.initiated
    add('ringing', { type: 'call-ringing', ...call, callerName, at })
  }
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
    for (const item of itemsOf(state, id)) add(`collected ${id} ${item.name}`, { type: 'collected', ...call, ...item })
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
    add('wrap-up', { type: 'wrap-up', ...call, startedAt, endedAt, collected: itemsOf(state), at })
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
function itemsOf(state: CallState, gatherId?: string): CollectedItem[] {
  return selectCollected(state, gatherId)
    .flatMap(({ id: _, status, isFinal, format, ...item }) => (isFinal ? [item] : []))
    .sort((a, b) => (a.at === b.at ? 0 : a.at < b.at ? -1 : 1))
}
