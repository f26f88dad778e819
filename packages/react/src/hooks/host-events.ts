/** The host events of a client and of its calls in one cache. Each fact is published once, and only if it is live. */
import { type CallSummary, HOST_CONTRACT, HOST_CONTRACT_VERSION, type HostEvent } from '@callgather/protocol'
import type { QueryClient, QueryKey } from '@tanstack/react-query'
import type { GatherClientError } from '../client/client-error.ts'
import { clientEvents, runHostCallback } from '../client/client-events.ts'
import { newRequestId } from '../client/commands.ts'
import type { CallFeed, CallsFeed } from '../client/feed.ts'
import type { GatherClient } from '../client/gather-client.ts'
import { unwrapOwnFeed } from '../query/cached-feed.ts'
import { gatherKeys } from '../query/keys.ts'
import { type Fact, factsOf, factsOfSummary, isListedFact, isRingingFact } from './host-facts.ts'

/**
 * Calls `onEvent` with the events of the host contract of a client, outside of React: `connection`, `ticket-needed`,
 * `error`, `wrap-up-saved`, and the events of all calls that the client watches in `queryClient`. Returns a function that
 * stops publishing. The caller publishes `ready` when its panel accepts requests, and `call-selected`.
 *
 * `call-ringing`, `call-answered` and `call-ended` are also published for calls that only the list of calls shows, while
 * the list is watched. Each event is published once per subscription. Facts in the first snapshot of a call or of the
 * list are not published, with one exception: a call that rings in the first snapshot of the list, so that the agent's
 * page publishes it after a reload. Events of a call that joins the list later are published, even those from before.
 *
 * Values are masked as the server masked them. The client's `onError` receives an error that `onEvent` throws.
 */
export function subscribeHostEvents(
  client: GatherClient,
  queryClient: QueryClient,
  onEvent: (event: HostEvent) => void,
): () => void {
  return new HostEvents(client, queryClient).start(onEvent, null)
}

/** The maximum number of calls with recorded facts. Above it, the oldest calls that no query shows are evicted. */
const MAX_CALLS = 2_000

type Publish = (event: HostEvent) => unknown

interface CallFacts {
  readonly known: Set<string>
  isRingingPublished: boolean
  /** The last feed of the call's query; `null` without data. */
  feed: CallFeed | null
  /** The last list with the call, and the call's summary in it. The call is listed if this is the current list. */
  list: CallsFeed['calls'] | null
  summary: CallSummary | null
}

export class HostEvents {
  readonly client: GatherClient
  readonly cache: QueryClient
  readonly #calls = new Map<string, CallFacts>()
  #list: CallsFeed['calls'] | null = null
  #agent: object | undefined
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
      published: publish,
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
        const { queryKey } = change.query
        if (queryKey[1] !== client.session.id) return
        if (change.type !== 'updated' && change.type !== 'removed') return
        this.#read(queryKey, publish)
        const callId = callOf(queryKey)
        if (callId === null || change.type !== 'updated' || change.action.type !== 'error') return
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

  #read(queryKey: QueryKey, publish: Publish): void {
    this.#forgetOtherAgent()
    const callId = callOf(queryKey)
    if (callId !== null) this.#readCall(callId, this.cache.getQueryData<CallFeed>(queryKey), publish)
    else if (queryKey[2] === 'calls') this.#readList(this.cache.getQueryData<CallsFeed>(queryKey), publish)
  }

  #readCall(callId: string, data: CallFeed | undefined, publish: Publish): void {
    const feed = unwrapOwnFeed(this.client.session, data)
    if (!feed?.cursor) {
      if (data === undefined) this.#release(callId)
      return
    }
    const call = this.#callFacts(callId)
    const { feed: before, known } = call
    if (before && before.state === feed.state && before.sync === feed.sync) return
    call.feed = feed
    const isListed = call.list !== null && call.list === this.#list
    for (const fact of factsOf(feed, known, this.client.clock.now()))
      this.#record(call, fact, before !== null || (isListed && isListedFact(fact)) ? publish : null)
  }

  #readList(data: CallsFeed | undefined, publish: Publish): void {
    if (data === undefined) this.#list = null
    const feed = unwrapOwnFeed(this.client.session, data)
    if (!feed || feed.sync === 'connecting' || feed.calls === this.#list) return
    const isFirst = this.#list === null
    this.#list = feed.calls
    // The list has the newest calls first.
    for (const summary of [...feed.calls].reverse()) {
      const call = this.#callFacts(summary.callId)
      call.list = feed.calls
      if (call.summary === summary) continue
      call.summary = summary
      for (const fact of factsOfSummary(summary)) {
        const isRingingNow = isFirst && summary.phase === 'ringing' && isRingingFact(fact)
        // The first snapshot of the call's query may have recorded the ringing without publishing it.
        if (isRingingNow && !call.isRingingPublished) call.known.delete(fact.key)
        this.#record(call, fact, !isFirst || call.feed !== null || isRingingNow ? publish : null)
      }
    }
    this.#evict()
  }

  /** Records a fact, and publishes it if it is new. Facts of a first snapshot are recorded without being published. */
  #record(call: CallFacts, fact: Fact, publish: Publish | null): void {
    if (call.known.has(fact.key)) return
    call.known.add(fact.key)
    if (!publish || !fact.event) return
    if (isRingingFact(fact)) call.isRingingPublished = true
    publish(fact.event)
  }

  #callFacts(callId: string): CallFacts {
    const known = this.#calls.get(callId)
    if (known) return known
    const made: CallFacts = { known: new Set(), isRingingPublished: false, feed: null, list: null, summary: null }
    this.#calls.set(callId, made)
    return made
  }

  /** Records that the query of a call was removed or reset. Its next snapshot counts as the first snapshot. */
  #release(callId: string): void {
    const call = this.#calls.get(callId)
    if (!call) return
    call.feed = null
    if (call.list === null) this.#calls.delete(callId)
  }

  #forgetOtherAgent(): void {
    const agent = clientEvents.get(this.client.session)?.agent()
    if (agent === this.#agent) return
    this.#agent = agent
    this.#calls.clear()
    this.#list = null
  }

  #evict(): void {
    for (const [callId, { feed, list }] of this.#calls) {
      if (this.#calls.size <= MAX_CALLS) return
      if (feed === null && list !== this.#list) this.#calls.delete(callId)
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

const callOf = ([, , kind, callId]: QueryKey): string | null =>
  kind === 'call' && typeof callId === 'string' ? callId : null

function connectionEvent({ connection }: GatherClient): HostEvent {
  const { status, isDegraded, retryAt } = connection.getSnapshot()
  return { type: 'connection', status, isDegraded, retryAt: retryAt === null ? null : new Date(retryAt).toISOString() }
}
