/**
 * The names of keys and channels. The call id is a hash tag, so that a cluster keeps a call on one node.
 */

/**
 * The format of keys and values, part of every key name except `format`. Raise it when either changes: servers with
 * different formats refuse to share a prefix.
 */
export const FORMAT = 2

/** The number of shards of the list of calls, which distributes it over a cluster. Part of the format. */
const LIST_SHARDS = 16

/** The names under a prefix. */
export function createNames(prefix: string) {
  const root = `${prefix}:${FORMAT}`
  const partsOf = (name: string) => Array.from({ length: LIST_SHARDS }, (_, part) => `${root}:${name}:{${part}}`)
  const [lists, live, ended] = [partsOf('calls'), partsOf('live'), partsOf('ended')]
  const isPart = new Set(lists)
  const keysOf = (part: number) => [lists[part] as string, live[part] as string, ended[part] as string] as const
  const begin = `${root}:call:{`
  return {
    /** Holds the format in use. */
    format: `${prefix}:format`,
    lists,
    /** The shards of the list for each stage. */
    stages: { live, ended },
    isList: (channel: string) => isPart.has(channel),
    /** Key and channel of a call. */
    call: (callId: string) => `${begin}${callId.replace(/[%{}]/g, encodeURIComponent)}}`,
    callIn: (channel: string) => decodeURIComponent(channel.slice(begin.length, -1)),
    session: (sessionId: string) => `${root}:session:{${sessionId.replace(/[%{}]/g, encodeURIComponent)}}`,
    /** The list shards of a call: all calls, live and ended. */
    listShards: (callId: string) => keysOf(shardOf(callId)),
    /** Key and channel of revocations. */
    revoked: `${root}:{revoked}`,
    ping: `${root}:ping`,
  }
}

function shardOf(callId: string): number {
  let sum = 0
  for (const character of callId) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return sum % LIST_SHARDS
}
