/**
 * Call logs in Redis, for several servers. Any server accepts any webhook and serves any client.
 *
 * Each call is one key with a hash tag, so that a Redis Cluster distributes calls. One script deduplicates, numbers,
 * appends and publishes a batch atomically.
 *
 * Redis replies before it writes to disk, unless `appendfsync` is `always`. The epoch therefore changes with every
 * restart and failover (see `redis/scripts.ts`). A retry after a lost reply is safe, because appends are deduplicated.
 */
import { randomUUID } from 'node:crypto'
import type { Cursor } from '@callgather/protocol'
import pMap from 'p-map'
import { callback, checkOptions, numberBetween, objectOf, text, unchecked } from '../../base/check-options.ts'
import { requiredOption } from '../../base/required-option.ts'
import { describeFailure, localBus } from '../bus.ts'
import {
  type CallStore,
  type ListOptions,
  numberEvents,
  type Revocation,
  type StoreChange,
  StoreUnavailableError,
  type Unsubscribe,
} from '../call-store.ts'
import { parseRecords, toRecords } from '../stored-event.ts'
import { ClusterLink } from './cluster-link.ts'
import { type LinkOptions, reasonOf, runScript } from './link.ts'
import { createNames, FORMAT } from './names.ts'
import { APPEND, FORGET, JOIN, LEAVE_STAGE, LIST, READ, REVOKE, REWRITE, type Script } from './scripts.ts'
import { ServerLink } from './server-link.ts'

/** Options of a Redis store. */
export interface RedisStoreOptions {
  /**
   * The `redis://…` or `rediss://…` URL of one server, or the URLs of some nodes of a Redis Cluster. Required:
   * `undefined`, as from an unset environment variable, is an error at start.
   */
  readonly url: string | readonly string[] | undefined
  /** The prefix of every key and channel. Default `callgather`. */
  readonly prefix?: string
  /**
   * How long Redis keeps a call after its last append, in milliseconds. Default one week. A server's `retentionHours`
   * may erase it sooner. Must exceed the time in which a webhook is valid, because expired events can't be deduplicated.
   */
  readonly retentionMs?: number
  /** The timeout of every Redis operation, in milliseconds. Default 2000. */
  readonly timeoutMs?: number
  /** Receives warnings about outages, and about Redis settings that lose calls. Default `process.emitWarning`. */
  readonly warn?: (message: string) => void
  /** The clock, in milliseconds. Default `Date.now`. */
  readonly now?: () => number
}

const DEFAULT_RETENTION_MS = 7 * 24 * 3_600_000
const PAGE_SIZE = 1_000
/** The reply of the `FORGET` script when the log has grown since the given time. */
const GROWN = 1
/** How many calls are read at the same time. The limit exists because live appends share the connection. */
const MAX_CONCURRENT_READS = 16

const DAY_MS = 86_400_000
const optionsSchema = objectOf({
  url: unchecked,
  prefix: text,
  retentionMs: numberBetween(1, 3650 * DAY_MS),
  timeoutMs: numberBetween(1, 600_000),
  warn: callback.optional(),
  now: callback.optional(),
})

/**
 * Creates a store in Redis 6.2 or newer, shared by any number of servers. Needs the package `redis`.
 *
 * @throws when a URL is not a Redis URL.
 */
export function redisStore(options: RedisStoreOptions): CallStore {
  checkOptions('redisStore', optionsSchema, options)
  const { prefix = 'callgather', retentionMs = DEFAULT_RETENTION_MS, timeoutMs = 2_000, now = Date.now } = options
  const { warn = (message) => process.emitWarning(message, 'CallGatherWarning') } = options
  const names = createNames(prefix)
  /** The Redis clock minus our monotonic clock, in milliseconds. Assumes no difference until a late reply corrects it. */
  let clockAhead = Date.now() - performance.now()
  // Two buses: the channel of a call carries its records, the list channels only that a call has grown.
  const report = (error: unknown) => warn(`A subscriber of the store failed: ${describeFailure(error)}`)
  const calls = localBus(report)
  const list = localBus(report)
  const subscriptions = new Map<string, { watchers: number; ready: Promise<void> }>()
  let lastMessageAt = now()
  let lastScore = 0

  const linkOptions: LinkOptions = {
    urls: readRedisUrls(requiredOption('redisStore({ url })', options.url)),
    timeoutMs,
    // An error in the host's function must not end the reconnect loop.
    warn: (message) => {
      try {
        warn(message)
      } catch {}
    },
    onMessage: (channel, text) => {
      lastMessageAt = now()
      // An earlier unsubscribe failed during an outage.
      if (!subscriptions.has(channel)) return link.unsubscribe(channel)
      // An unreadable message counts as lost: sequence numbers reveal the gap.
      if (names.isList(channel)) parseJson<StoreChange>(text).forEach(list.publish)
      else if (channel === names.revoked) parseJson<Revocation>(text).forEach(calls.publishRevocation)
      else
        for (const message of parseJson<ChannelMessage>(text))
          calls.publish(toStoreChange(names.callIn(channel), message))
    },
    onResumed: () => void resume(),
  }
  const link = linkOptions.urls.length === 1 ? new ServerLink(linkOptions) : new ClusterLink(linkOptions)
  // Sharded messages stay on one node of a cluster.
  const publish = link.isOneServer ? 'PUBLISH' : 'SPUBLISH'

  /** Parses JSON into a list with its value. Returns an empty list if the text is not JSON. */
  const parseJson = <T>(text: string): T[] => {
    try {
      return [JSON.parse(text) as T]
    } catch {
      warn('An unreadable message or record from Redis was skipped. Check whether other programs use the same prefix.')
      return []
    }
  }

  let claimed: Promise<void> | null = null
  /** Stores our format in Redis if it has none, and rejects another format. */
  const claimFormat = async () => {
    const read = () => link.send(names.format, ['HGET', names.format, 'format'])
    let format = await read()
    if (format === null) {
      await link.send(names.format, ['HSETNX', names.format, 'format', String(FORMAT)])
      format = await read()
    }
    if (format === String(FORMAT)) return
    throw new StoreUnavailableError(
      `Redis holds calls of format ${format} under the prefix ${prefix}, and this version of CallGather uses format ` +
        `${FORMAT}. Use another Redis, another prefix of redisStore, or the same version on every server.`,
    )
  }

  /** Runs an operation after the format of the data in Redis was checked. */
  const withFormat = async <T>(ask: () => Promise<T>): Promise<T> => {
    claimed ??= claimFormat().catch((error: unknown) => {
      claimed = null
      throw error
    })
    try {
      await claimed
      return await ask()
    } catch (error) {
      throw toUnavailableError(error)
    }
  }

  /** Runs a Lua script after the format check. */
  const evalScript = (script: Script, keys: readonly [string, ...string[]], ...args: string[]): Promise<unknown> =>
    withFormat(() => runScript(link, script, keys, args))

  /** Sends a Redis command with a key and further arguments. */
  const send = (key: string, command: string, ...args: string[]): Promise<unknown> =>
    withFormat(() => link.send(key, [command, key, ...args]))

  const readPage = async (callId: string, after: number, limit: number): Promise<Page | null> => {
    const reply = await evalScript(READ, [names.call(callId)], String(after), String(limit))
    if (!reply) return null
    const [epoch, seq, from, bodies] = reply as [string, number, number, (string | null)[]]
    return { epoch, seq, after: from, events: bodies.map((body) => body ?? '') }
  }

  /**
   * Adds a call to the list or removes it, and notifies the list's subscribers. The list only refers to logs: the next
   * event of a call repairs a lost entry.
   */
  const updateList = async (callId: string, grown: { place: number; isNew: boolean; isOver: boolean } | null) => {
    const change = grown ? grownMessage(callId) : JSON.stringify({ kind: 'forgotten', callId } satisfies StoreChange)
    const place = grown ? String(grown.place) : ''
    const expired = grown?.isNew ? String(now() - retentionMs) : ''
    const args = [publish, change, callId, place, expired, grown?.isOver ? '1' : '']
    return (await evalScript(LIST, names.listShards(callId), ...args)) !== 0
  }

  /** A unique time for each append of this process, so that the later of two in one millisecond is listed first. */
  const nextScore = (): number => {
    lastScore = Math.max(now(), lastScore + 0.001)
    return lastScore
  }

  const readList = async (options: ListOptions): Promise<[callId: string, place: number][]> => {
    const { limit, offset = 0, stage, since = '-inf', before, order = 'newest' } = options
    const bounds = [String(since), before === undefined ? '+inf' : `(${before}`]
    const [command, range] =
      order === 'newest' ? (['ZREVRANGEBYSCORE', bounds.toReversed()] as const) : (['ZRANGEBYSCORE', bounds] as const)
    const most = String(Math.min(offset + limit, Number.MAX_SAFE_INTEGER))
    const ask = (key: string) => send(key, command, ...range, 'WITHSCORES', 'LIMIT', '0', most)
    const parts = (await pMap(stage ? names.stages[stage] : names.lists, ask)) as [string, number][][]
    const sign = order === 'newest' ? -1 : 1
    return parts
      .flat()
      .sort(([, one], [, other]) => sign * (one - other))
      .slice(offset, offset + limit)
  }

  const revocations = async (moment: number): Promise<Revocation[]> => {
    const found = await send(names.revoked, 'ZRANGEBYSCORE', `(${moment}`, '+inf')
    return (found as string[]).flatMap((each) => parseJson<Revocation>(each))
  }

  /** Publishes to local subscribers the changes that they may have missed while the bus was down. */
  const resume = async () => {
    const since = lastMessageAt - timeoutMs * 5
    const isCall = (channel: string) => !names.isList(channel) && channel !== names.revoked
    const missed = [...subscriptions.keys()].filter(isCall).map(names.callIn)
    if (subscriptions.has(names.revoked)) {
      for (const each of await revocations(now()).catch(() => [])) calls.publishRevocation(each)
    }
    const republish = async (callId: string) => {
      // The last event is enough: a subscriber that lacks earlier ones detects the gap and reads them.
      const page = await readPage(callId, -1, 1)
      if (page)
        calls.publish({ kind: 'appended', callId, epoch: page.epoch, records: parseRecords(page.events, page.after) })
      else calls.publish({ kind: 'forgotten', callId })
    }
    await pMap(missed, (callId) => republish(callId).catch(() => {}), { concurrency: MAX_CONCURRENT_READS })
    if (!subscriptions.has(names.lists[0] as string)) return
    const changed = await readList({ since, limit: PAGE_SIZE }).catch(() => [])
    for (const [callId] of changed) list.publish({ kind: 'appended', callId, epoch: '', records: [] })
  }

  /** Subscribes to a channel for its first listener, and unsubscribes after its last listener has left. */
  const acquireChannel = async (channel: string): Promise<Unsubscribe> => {
    const known = subscriptions.get(channel) ?? { watchers: 0, ready: link.subscribe(channel) }
    subscriptions.set(channel, known)
    known.watchers += 1
    let held = true
    const release = () => {
      if (!held) return
      held = false
      known.watchers -= 1
      if (known.watchers > 0 || subscriptions.get(channel) !== known) return
      subscriptions.delete(channel)
      link.unsubscribe(channel)
    }
    try {
      await known.ready
      return release
    } catch (error) {
      release()
      throw toUnavailableError(error)
    }
  }

  /** Subscribes to Redis channels, then adds the local listener. */
  const subscribeChannels = async (
    channels: readonly string[],
    listen: () => Promise<Unsubscribe>,
  ): Promise<Unsubscribe> => {
    const held = await Promise.allSettled(channels.map(acquireChannel))
    const end = () => {
      for (const each of held) if (each.status === 'fulfilled') each.value()
    }
    const failed = held.find((each) => each.status === 'rejected')
    if (failed) {
      end()
      throw failed.reason
    }
    const stop = await listen()
    return () => {
      stop()
      end()
    }
  }

  const readJson: CallStore['readJson'] = async (callId, after, limit = Number.POSITIVE_INFINITY) => {
    // Read the log in pages, so that a long call does not delay other calls.
    let epoch: string | undefined
    let events: string[] = []
    for (;;) {
      const page = await readPage(callId, after + events.length, Math.min(PAGE_SIZE, limit - events.length))
      if (!page) return null
      if (epoch !== undefined && epoch !== page.epoch) events = []
      else {
        events.push(...page.events)
        if (page.events.length < PAGE_SIZE || events.length >= limit) return { epoch: page.epoch, events }
      }
      epoch = page.epoch
    }
  }

  return {
    isShared: true,

    async append(callId, events, { sessionId = '', expectedHead, isOver = false, traceparent } = {}) {
      const mark = randomUUID()
      const place = nextScore()
      const session = sessionId === '' ? [] : [names.session(sessionId)]
      const beside = link.isOneServer ? [...names.listShards(callId), ...session] : []
      // Write the session with every append, because Redis may have lost it.
      const [legs] = link.isOneServer ? [] : session
      const joined = legs && evalScript(JOIN, [legs], callId, String(retentionMs))
      const content = events.flatMap(({ event, digest = '' }) => [event.id, digest, JSON.stringify(event)])
      const ask = async () => {
        const deadline = String(performance.now() + clockAhead + timeoutMs)
        const fixed = [
          deadline,
          mark,
          String(place),
          String(retentionMs),
          publish,
          sessionId,
          encodeHead(expectedHead),
          callId,
        ]
        const ofList = [grownMessage(callId), String(now() - retentionMs), isOver ? '1' : '']
        return (await evalScript(
          APPEND,
          [names.call(callId), ...beside],
          ...fixed,
          ...ofList,
          ...content,
          ...(traceparent === undefined ? [] : [traceparent]),
        )) as AppendReply
      }
      let [reply] = await Promise.all([ask(), joined])
      if (reply[0] === 'late') {
        // A late reply without a timeout means that the Redis clock is ahead of ours.
        clockAhead = Number(reply[1]) - performance.now()
        reply = await ask()
        if (reply[0] === 'late')
          throw new StoreUnavailableError('Redis received the append after its deadline and rejected it. Try again.')
      }
      const [epoch, before, fates] = reply as Exclude<AppendReply, Late>
      if (fates === undefined) return { isStale: true, epoch, records: [], duplicates: [] }
      const records = numberEvents(
        before,
        events.filter((_, index) => fates[index] === 'a').map(({ event }) => event),
      )
      const duplicates = events.flatMap(({ event: { id } }, index) =>
        fates[index] === 'a' ? [] : [{ id, isConflict: fates[index] === 'c' }],
      )
      if (records.length > 0 && !link.isOneServer) {
        updateList(callId, { place, isNew: before === 0, isOver }).catch(() => {})
      }
      return { isStale: false, epoch, records, duplicates }
    },

    async listLegs(sessionId) {
      return (await send(names.session(sessionId), 'SMEMBERS')) as string[]
    },

    async read(callId, after, limit) {
      const slice = await readJson(callId, after, limit)
      return slice && { epoch: slice.epoch, records: parseRecords(slice.events, after) }
    },

    readJson,

    async has(callId, eventId) {
      return (await send(names.call(callId), 'HEXISTS', `e:${eventId}`)) === 1
    },

    async head(callId) {
      const page = await readPage(callId, 0, 0)
      return page && { epoch: page.epoch, seq: page.seq }
    },

    async list(options) {
      // Redis has expired older calls. Retention asks for old calls with `before`, and removes their entries.
      const oldest = options.before === undefined ? now() - retentionMs : 0
      const lines = await readList({ ...options, since: Math.max(options.since ?? 0, oldest) })
      return lines.map(([callId, place]) => ({ callId, updatedAt: Math.floor(place) }))
    },

    subscribe: (callId, listener) =>
      subscribeChannels([names.call(callId)], () => calls.subscriptions.subscribe(callId, listener)),
    subscribeAll: (listener) => subscribeChannels(names.lists, () => list.subscriptions.subscribeAll(listener)),
    subscribeRevocations: (listener) =>
      subscribeChannels([names.revoked], () => calls.subscriptions.subscribeRevocations(listener)),

    async rewrite(callId, { epoch, seq }, records) {
      const content = records.flatMap(({ seq: number, event }) => [String(number), JSON.stringify(event)])
      const args = [epoch, String(seq), randomUUID(), publish, ...content]
      const grown = await evalScript(REWRITE, [names.call(callId)], ...args)
      if (typeof grown !== 'string') return false
      const [, live, ended] = names.listShards(callId)
      await evalScript(LEAVE_STAGE, [live, ended], callId, grown)
      return true
    },

    async forget(callId, before) {
      const known = await evalScript(FORGET, [names.call(callId)], publish, before === undefined ? '' : String(before))
      if (known === GROWN) return false
      // The list entry may outlive an expired call.
      const wasListed = await updateList(callId, null)
      if (typeof known === 'string' && known !== '') await send(names.session(known), 'SREM', callId)
      return typeof known === 'string' || wasListed
    },

    async revoke({ id, at, until }) {
      const text = JSON.stringify({ id, at, until } satisfies Revocation)
      await evalScript(REVOKE, [names.revoked], publish, text, String(until), String(now()))
    },

    listRevocations: revocations,

    // Write to every node, because a replica or a full Redis still answers PING.
    ping: () => {
      // Redis may have lost the format, and another server may have stored its own.
      claimed = null
      return withFormat(() => link.sendToEach(names.ping, (key) => ['SET', key, String(now()), 'PX', '60000']))
    },

    close: () => link.close(),
  }
}

/** A message on the channel of a call. */
type ChannelMessage =
  | { readonly forgotten: true }
  | {
      readonly epoch: string
      readonly after: number
      readonly events: readonly unknown[]
      readonly traceparent?: string
    }

function toStoreChange(callId: string, message: ChannelMessage): StoreChange {
  if ('forgotten' in message) return { kind: 'forgotten', callId }
  const { epoch, after, events, traceparent } = message
  return { kind: 'appended', callId, epoch, records: toRecords(events, after), traceparent }
}

type Late = ['late', string]
/** The reply of the `APPEND` script. Without `fates`, the append was stale. */
type AppendReply = Late | [epoch: string, before: number, fates?: string]

/** Returns the list message for a call whose log has grown. Subscribers read the records that they need. */
const grownMessage = (callId: string) =>
  JSON.stringify({ kind: 'appended', callId, epoch: '', records: [] } satisfies StoreChange)

/** The expected head as an argument of `APPEND`. */
const encodeHead = (at: Cursor | null | undefined) => (at === undefined ? '*' : at ? `${at.epoch} ${at.seq}` : '')

interface Page {
  readonly epoch: string
  /** The last sequence number of the log. */
  readonly seq: number
  /** The sequence number before the first event. */
  readonly after: number
  readonly events: readonly string[]
}

/**
 * Checks the URLs of Redis.
 *
 * @throws when one is not a Redis URL, or the list is empty.
 */
export function readRedisUrls(url: string | readonly string[]): readonly [string, ...string[]] {
  const [first, ...rest] = typeof url === 'string' ? [url] : url
  const isRedis = (each: string) => URL.canParse(each) && /^rediss?:$/.test(new URL(each).protocol)
  // The error must not quote the URL, which may hold a password.
  if (first === undefined || ![first, ...rest].every(isRedis)) {
    throw new Error('The URL of Redis must have the form redis://host:6379, or rediss://user:password@host:6380.')
  }
  return [first, ...rest]
}

function toUnavailableError(error: unknown): StoreUnavailableError {
  if (StoreUnavailableError.isInstance(error)) return error
  return new StoreUnavailableError(`Redis failed: ${reasonOf(error).slice(0, 200)}`, { cause: error })
}
