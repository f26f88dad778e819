/**
 * The way to Redis. Two kinds: to one server, and to a cluster.
 *
 * Everything is bounded. Nothing waits in a queue for a Redis that is away: it fails at once, so that Telnyx is told to
 * send again.
 */
import { StoreUnavailable } from '../call-store.ts'
import type { Script } from './scripts.ts'

/** How Redis is reached. */
export interface LinkOptions {
  /** One server; or some of a cluster's, from which the others are found. */
  readonly urls: readonly [string, ...string[]]
  /** The longest that anything waits for an answer, in milliseconds. */
  readonly timeout: number
  /** A message on a channel that was subscribed to. */
  readonly onMessage: (channel: string, text: string) => void
  /** The bus is up again after it was down: what was published between is lost. */
  readonly onResumed: () => void
  /** Something that whoever runs the server should know. */
  readonly warn: (message: string) => void
}

/** A way to Redis. Whoever asks it something before it is up waits for it, no longer than the timeout. */
export interface RedisLink {
  /** `PUBLISH`; or `SPUBLISH` where Redis has it, so that a message stays within its shard of a cluster. */
  readonly publish: string
  /** Whether one server has all keys, so that a script may take keys of any slot. */
  readonly isOneServer: boolean
  /** Sends a command; all its keys are in the slot of the one that is named. */
  send(key: string, command: readonly string[]): Promise<unknown>
  /** Sends a command to every server that has keys, for a key on each of them whose name begins as is said. */
  sendToEach(name: string, command: (key: string) => readonly string[]): Promise<void>
  subscribe(channel: string): Promise<void>
  unsubscribe(channel: string): void
  close(): Promise<void>
}

/** Runs a script by its name; Redis is given its text only where it does not know it, as after a restart. */
export async function run(
  link: RedisLink,
  { source, sha }: Script,
  keys: readonly [string, ...string[]],
  args: readonly string[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args]
  try {
    return await link.send(keys[0], ['EVALSHA', sha, ...rest])
  } catch (error) {
    if (!reasonOf(error).startsWith('NOSCRIPT')) throw error
    return link.send(keys[0], ['EVAL', source, ...rest])
  }
}

/** The package `redis`. */
export type Redis = typeof import('redis')

/** Redis is an optional part: it is loaded when a store is made of it, and not before. */
export async function loadRedis(): Promise<Redis> {
  try {
    return await import('redis')
  } catch (error) {
    throw new StoreUnavailable('The Redis store needs the package `redis`. Install it: npm install redis', {
      cause: error,
    })
  }
}

/** The settings that both kinds of client share. */
export const clientSettings = (timeout: number) =>
  ({
    RESP: 3,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    // Time is kept here: the client's own ends once a command has been written, and Redis may never answer.
    commandOptions: { timeout: 0 },
    // An idle connection is asked whether it lives; one that does not answer is closed.
    pingInterval: timeout / 2,
  }) as const

/** How long to wait before connecting again: spread out, so that many nodes do not come back in one instant. */
export const retryAfter = (failures: number): number => Math.min(50 * 2 ** failures, 1_000) * (0.5 + Math.random() / 2)

const silences = new WeakSet<Error>()

/** Whether an error says that there was no answer in time. */
export const isSilence = (error: unknown): boolean => error instanceof Error && silences.has(error)

/** An answer, or the end of patience. */
export async function inTime<T>(answer: Promise<T>, timeout: number, who: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new StoreUnavailable(`${who} did not answer within ${timeout} ms.`)
      silences.add(error)
      reject(error)
    }, timeout)
  })
  // Whichever comes second has nobody left to hear it.
  answer.catch(() => {})
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

/** What went wrong, for people; a failure to connect may hide several behind an empty message. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return error instanceof Error ? error.message || error.name : String(error)
}
