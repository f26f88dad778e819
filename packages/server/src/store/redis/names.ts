/**
 * The names of Redis keys and channels. The call id is a hash tag, so that a cluster keeps a call on one node.
 */

/**
 * The format of keys and values, part of every key name except `format`. Raise it when a key name or a value changes:
 * servers with different formats refuse to share a prefix.
 */
export const FORMAT = 2

/** The number of shards that distribute the list of calls over a cluster. A change requires a new `FORMAT`. */
const LIST_SHARDS = 16

/** Returns the names of all keys and channels under a prefix. */
export function createNames(prefix: string) {
  const root = `${prefix}:${FORMAT}`
  const partsOf = (name: string) => Array.from({ length: LIST_SHARDS }, (_, part) => `${root}:${name}:{${part}}`)
  const [lists, live, ended] = [partsOf('calls'), partsOf('live'), partsOf('ended')]
  const isPart = new Set(lists)
  const keysOf = (part: number) => [lists[part] as string, live[part] as string, ended[part] as string] as const
  const begin = `${root}:call:{`
  return {
    /** The key that holds the format of the data in Redis. */
    format: `${prefix}:format`,
    lists,
    /** The shards of the list of calls, for each stage. */
    stages: { live, ended },
    isList: (channel: string) => isPart.has(channel),
    /** The name of a call's key and channel. */
    call: (callId: string) => `${begin}${callId.replace(/[%{}]/g, encodeURIComponent)}}`,
    callIn: (channel: string) => decodeURIComponent(channel.slice(begin.length, -1)),
    session: (sessionId: string) => `${root}:session:{${sessionId.replace(/[%{}]/g, encodeURIComponent)}}`,
    /** A call's shard in each list: all calls, live calls and ended calls. */
    listShards: (callId: string) => keysOf(shardOf(callId)),
    /** The name of the key and channel of revocations. */
    revoked: `${root}:{revoked}`,
    ping: `${root}:ping`,
  }
}

function shardOf(callId: string): number {
  let sum = 0
  for (const character of callId) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return sum % LIST_SHARDS
}
