/**
 * Call logs in Redis: for more servers than one. Any server takes any webhook and serves any watcher; nothing is kept
 * in a server that another would need.
 *
 * What is one call's is one key, named with a hash tag, so that a Redis Cluster spreads calls over its servers, and one
 * script appends a whole batch: deduplicated, numbered and told in one step, whichever servers ask at the same time.
 *
 * Redis answers before it has written to disk, unless it is set to `appendfsync always`. What it may have lost is never
 * passed off as whole: the epoch changes with every restart and every failover (see `redis/scripts.ts`).
 *
 * An append whose answer is lost on the way may have been made. Asking again is safe: what is in the log already is
 * answered as a duplicate.
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
import { type LinkOptions, reasonOf, run } from './link.ts'
import { FORMAT, namesOf } from './names.ts'
import { APPEND, FORGET, JOIN, LEAVE_STAGE, LIST, READ, REVOKE, REWRITE, type Script } from './scripts.ts'
import { ServerLink } from './server-link.ts'

/** How a Redis store is made. */
export interface RedisStoreOptions {
  /**
   * `redis://…` or `rediss://…` of one server; of several of a Redis Cluster, from which the others are found. Required:
   * `undefined`, as from an unset environment variable, is an error at start.
   */
  readonly url: string | readonly string[] | undefined
  /** Begins the name of every key and channel. Default `callgather`. */
  readonly prefix?: string
  /**
   * How long Redis itself keeps a call after its log last grew, in milliseconds; a server's `retentionHours` may erase
   * it sooner. Default one week. While a call is kept its events are deduplicated, so this must be longer than a webhook
   * can stay valid.
   */
  readonly retentionMs?: number
  /** The longest that anything waits for Redis, in milliseconds. Default 2000. */
  readonly timeoutMs?: number
  /** Told when Redis is lost or there again, and of settings of Redis that lose calls. Default `process.emitWarning`. */
  readonly warn?: (message: string) => void
  /** The clock, in milliseconds. Default `Date.now`. */
  readonly now?: () => number
}

const WEEK = 7 * 24 * 3_600_000
const PAGE = 1_000
/** How `FORGET` answers when the call has grown since. */
const GROWN = 1
/** Calls that are erased or looked up at the same time: live appends use the same connection. */
const CONCURRENCY = 16

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
 * A store in Redis (6.2 or newer, or what speaks like it), shared by any number of servers. Needs the package `redis`.
 *
 * @throws when a URL is none of Redis.
 */
export function redisStore(options: RedisStoreOptions): CallStore {
  checkOptions('redisStore', optionsSchema, options)
  const { prefix = 'callgather', retentionMs = WEEK, timeoutMs = 2_000, now = Date.now } = options
  const { warn = (message) => process.emitWarning(message, 'CallGatherWarning') } = options
  const names = namesOf(prefix)
  /** How far the clock of Redis is ahead of our monotonic one: as ours, until Redis says that it is another. */
  let clockAhead = Date.now() - performance.now()
  // Two buses: a call's own channel brings its records, the list's channels tell only that there are some.
  const report = (error: unknown) => warn(`A subscriber of the store failed: ${describeFailure(error)}`)
  const calls = localBus(report)
  const list = localBus(report)
  const subscriptions = new Map<string, { watchers: number; ready: Promise<void> }>()
  let lastHeard = now()
  let lastPlace = 0

  const linkOptions: LinkOptions = {
    urls: readRedisUrls(requiredOption('redisStore({ url })', options.url)),
    timeoutMs,
    // The host's own function: what it throws must not end the loop that reconnects.
    warn: (message) => {
      try {
        warn(message)
      } catch {}
    },
    onMessage: (channel, text) => {
      lastHeard = now()
      // An unsubscription that met an outage was not made.
      if (!subscriptions.has(channel)) return link.unsubscribe(channel)
      // A message that cannot be parsed counts as lost: the numbers of the log reveal what is missing.
      if (names.isList(channel)) parsed<StoreChange>(text).forEach(list.publish)
      else if (channel === names.revoked) parsed<Revocation>(text).forEach(calls.publishRevocation)
      else for (const message of parsed<Message>(text)) calls.publish(changeOf(names.callIn(channel), message))
    },
    onResumed: () => void resume(),
  }
  const link = linkOptions.urls.length === 1 ? new ServerLink(linkOptions) : new ClusterLink(linkOptions)
  // A sharded message stays within its part of a cluster.
  const publish = link.isOneServer ? 'PUBLISH' : 'SPUBLISH'

  /** What a text says; nothing if it cannot be read. */
  const parsed = <T>(text: string): T[] => {
    try {
      return [JSON.parse(text) as T]
    } catch {
      warn('Redis holds or has sent something that cannot be read. It is left out.')
      return []
    }
  }

  let claimed: Promise<void> | null = null
  /** Has Redis name our format, unless it names one already: another one is refused. */
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
        `${FORMAT}. Use another prefix, another Redis, or the same version on every server.`,
    )
  }

  /** Asks Redis something, once it is known to hold our format. */
  const asking = async <T>(ask: () => Promise<T>): Promise<T> => {
    claimed ??= claimFormat().catch((error: unknown) => {
      claimed = null
      throw error
    })
    try {
      await claimed
      return await ask()
    } catch (error) {
      throw unavailableBy(error)
    }
  }

  /** Runs a script. */
  const attempt = (script: Script, keys: readonly [string, ...string[]], ...args: string[]): Promise<unknown> =>
    asking(() => run(link, script, keys, args))

  /** Sends a command about a key, with what follows the key. */
  const send = (key: string, command: string, ...args: string[]): Promise<unknown> =>
    asking(() => link.send(key, [command, key, ...args]))

  const readPage = async (callId: string, after: number, limit: number): Promise<Page | null> => {
    const reply = await attempt(READ, [names.call(callId)], String(after), String(limit))
    if (!reply) return null
    const [epoch, seq, from, bodies] = reply as [string, number, number, (string | null)[]]
    return { epoch, seq, after: from, events: bodies.map((body) => body ?? '') }
  }

  /**
   * Puts a call in its place in the list, or takes it out, and tells those who watch the list. The list only points to
   * what is in the logs: what is lost of it is mended by the call's next event.
   */
  const putInList = async (callId: string, grown: { place: number; isNew: boolean; isOver: boolean } | null) => {
    const change = grown ? grownIn(callId) : JSON.stringify({ kind: 'forgotten', callId } satisfies StoreChange)
    const place = grown ? String(grown.place) : ''
    const expired = grown?.isNew ? String(now() - retentionMs) : ''
    const args = [publish, change, callId, place, expired, grown?.isOver ? '1' : '']
    return (await attempt(LIST, names.listed(callId), ...args)) !== 0
  }

  /** A moment that no other append of this process has, so that of two in one millisecond the later is listed first. */
  const nextPlace = (): number => {
    lastPlace = Math.max(now(), lastPlace + 0.001)
    return lastPlace
  }

  const listed = async (options: ListOptions): Promise<[callId: string, place: number][]> => {
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
    return (found as string[]).flatMap((each) => parsed<Revocation>(each))
  }

  /** Tells everyone here what they may have missed while the bus was down. */
  const resume = async () => {
    const since = lastHeard - timeoutMs * 5
    const isCall = (channel: string) => !names.isList(channel) && channel !== names.revoked
    const missed = [...subscriptions.keys()].filter(isCall).map(names.callIn)
    if (subscriptions.has(names.revoked)) {
      for (const each of await revocations(now()).catch(() => [])) calls.publishRevocation(each)
    }
    const mend = async (callId: string) => {
      // The last event is enough: a subscriber that does not know the ones before it will see that, and read.
      const page = await readPage(callId, -1, 1)
      if (page)
        calls.publish({ kind: 'appended', callId, epoch: page.epoch, records: parseRecords(page.events, page.after) })
      else calls.publish({ kind: 'forgotten', callId })
    }
    await pMap(missed, (callId) => mend(callId).catch(() => {}), { concurrency: CONCURRENCY })
    if (!subscriptions.has(names.lists[0] as string)) return
    const changed = await listed({ since, limit: PAGE }).catch(() => [])
    for (const [callId] of changed) list.publish({ kind: 'appended', callId, epoch: '', records: [] })
  }

  /** Subscribes for the first who watches a channel, and no longer after the last. */
  const hold = async (channel: string): Promise<Unsubscribe> => {
    const known = subscriptions.get(channel) ?? { watchers: 0, ready: link.subscribe(channel) }
    subscriptions.set(channel, known)
    known.watchers += 1
    let held = true
    const letGo = () => {
      if (!held) return
      held = false
      known.watchers -= 1
      if (known.watchers > 0 || subscriptions.get(channel) !== known) return
      subscriptions.delete(channel)
      link.unsubscribe(channel)
    }
    try {
      await known.ready
      return letGo
    } catch (error) {
      letGo()
      throw unavailableBy(error)
    }
  }

  /** Subscribes to channels before anything listens to what they bring. */
  const watching = async (channels: readonly string[], listen: () => Promise<Unsubscribe>): Promise<Unsubscribe> => {
    const held = await Promise.allSettled(channels.map(hold))
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
    // In pages, so that a long call does not hold up the others.
    let epoch: string | undefined
    let events: string[] = []
    for (;;) {
      const page = await readPage(callId, after + events.length, Math.min(PAGE, limit - events.length))
      if (!page) return null
      if (epoch !== undefined && epoch !== page.epoch) events = []
      else {
        events.push(...page.events)
        if (page.events.length < PAGE || events.length >= limit) return { epoch: page.epoch, events }
      }
      epoch = page.epoch
    }
  }

  return {
    isShared: true,

    async append(callId, events, { sessionId = '', expectedHead, isOver = false } = {}) {
      const mark = randomUUID()
      const place = nextPlace()
      const session = sessionId === '' ? [] : [names.session(sessionId)]
      const beside = link.isOneServer ? [...names.listed(callId), ...session] : []
      // With every append, so that a Redis that has lost it is told again.
      const [legs] = link.isOneServer ? [] : session
      const joined = legs && attempt(JOIN, [legs], callId, String(retentionMs))
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
          endIn(expectedHead),
          callId,
        ]
        const ofList = [grownIn(callId), String(now() - retentionMs), isOver ? '1' : '']
        return (await attempt(APPEND, [names.call(callId), ...beside], ...fixed, ...ofList, ...content)) as AppendReply
      }
      let [reply] = await Promise.all([ask(), joined])
      if (reply[0] === 'late') {
        // Answered at once, and yet too late: its clock goes ahead of ours.
        clockAhead = Number(reply[1]) - performance.now()
        reply = await ask()
        if (reply[0] === 'late') throw new StoreUnavailableError('Redis took the append too late, and did not make it.')
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
        putInList(callId, { place, isNew: before === 0, isOver }).catch(() => {})
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
      // Redis has dropped what is older. Their lines are listed to whoever asks for old calls, and forgets them.
      const oldest = options.before === undefined ? now() - retentionMs : 0
      const lines = await listed({ ...options, since: Math.max(options.since ?? 0, oldest) })
      return lines.map(([callId, place]) => ({ callId, updatedAt: Math.floor(place) }))
    },

    subscribe: (callId, listener) =>
      watching([names.call(callId)], () => calls.subscriptions.subscribe(callId, listener)),
    subscribeAll: (listener) => watching(names.lists, () => list.subscriptions.subscribeAll(listener)),
    subscribeRevocations: (listener) =>
      watching([names.revoked], () => calls.subscriptions.subscribeRevocations(listener)),

    async rewrite(callId, { epoch, seq }, records) {
      const content = records.flatMap(({ seq: number, event }) => [String(number), JSON.stringify(event)])
      const args = [epoch, String(seq), randomUUID(), publish, ...content]
      const grown = await attempt(REWRITE, [names.call(callId)], ...args)
      if (typeof grown !== 'string') return false
      const [, live, ended] = names.listed(callId)
      await attempt(LEAVE_STAGE, [live, ended], callId, grown)
      return true
    },

    async forget(callId, before) {
      const known = await attempt(FORGET, [names.call(callId)], publish, before === undefined ? '' : String(before))
      if (known === GROWN) return false
      // Its line in the list may have outlived it.
      const wasListed = await putInList(callId, null)
      if (typeof known === 'string' && known !== '') await send(names.session(known), 'SREM', callId)
      return typeof known === 'string' || wasListed
    },

    async revoke({ id, at, until }) {
      const text = JSON.stringify({ id, at, until } satisfies Revocation)
      await attempt(REVOKE, [names.revoked], publish, text, String(until), String(now()))
    },

    listRevocations: revocations,

    // A write: a Redis that is a replica, or full, answers a PING gladly. On each server of a cluster, for any of them
    // may be away.
    ping: () => {
      // Redis may have lost the format since, and another server have named its own.
      claimed = null
      return asking(() => link.sendToEach(names.ping, (key) => ['SET', key, String(now()), 'PX', '60000']))
    },

    close: () => link.close(),
  }
}

/** What is published on a call's channel. */
type Message =
  | { readonly forgotten: true }
  | { readonly epoch: string; readonly after: number; readonly events: readonly unknown[] }

const changeOf = (callId: string, message: Message): StoreChange =>
  'forgotten' in message
    ? { kind: 'forgotten', callId }
    : { kind: 'appended', callId, epoch: message.epoch, records: toRecords(message.events, message.after) }

type Late = ['late', string]
/** No fates: the log had moved. */
type AppendReply = Late | [epoch: string, before: number, fates?: string]

/** What is told to those who watch the list when a call has grown: they read what they want to know. */
const grownIn = (callId: string) =>
  JSON.stringify({ kind: 'appended', callId, epoch: '', records: [] } satisfies StoreChange)

/** Where a log is expected to end, as `APPEND` reads it. */
const endIn = (at: Cursor | null | undefined) => (at === undefined ? '*' : at ? `${at.epoch} ${at.seq}` : '')

interface Page {
  readonly epoch: string
  /** How far the log reaches. */
  readonly seq: number
  /** The number before the first of its events. */
  readonly after: number
  readonly events: readonly string[]
}

/**
 * The URLs of a Redis.
 *
 * @throws when one is none of Redis, or there is none.
 */
export function readRedisUrls(url: string | readonly string[]): readonly [string, ...string[]] {
  const [first, ...rest] = typeof url === 'string' ? [url] : url
  const isRedis = (each: string) => URL.canParse(each) && /^rediss?:$/.test(new URL(each).protocol)
  // What was given is not repeated: there may be a password in it.
  if (first === undefined || ![first, ...rest].every(isRedis)) {
    throw new Error('The URL of Redis must have the form redis://host:6379, or rediss://user:password@host:6380.')
  }
  return [first, ...rest]
}

function unavailableBy(error: unknown): StoreUnavailableError {
  if (StoreUnavailableError.isInstance(error)) return error
  return new StoreUnavailableError(`Redis failed: ${reasonOf(error).slice(0, 200)}`, { cause: error })
}
