/**
 * The names of keys and channels. What is one call's carries its id as a hash tag, so that a cluster has all of it on
 * one server.
 */

/**
 * The format of keys and of what they hold, part of the name of every key but one, which names the format itself. Raise
 * it with any change of either: servers of different formats refuse to share a Redis.
 */
export const FORMAT = 2

/** Into how many parts the list of calls is cut, so that it is not all in one server's hands. Part of the layout. */
const LIST_PARTS = 16

/** The names under a prefix. */
export function namesOf(prefix: string) {
  const root = `${prefix}:${FORMAT}`
  const partsOf = (name: string) => Array.from({ length: LIST_PARTS }, (_, part) => `${root}:${name}:{${part}}`)
  const [lists, live, ended] = [partsOf('calls'), partsOf('live'), partsOf('ended')]
  const isPart = new Set(lists)
  const keysOf = (part: number) => [lists[part] as string, live[part] as string, ended[part] as string] as const
  const begin = `${root}:call:{`
  return {
    /** Says which format is in use. */
    format: `${prefix}:format`,
    lists,
    /** The parts of the list with the calls of one stage. */
    stages: { live, ended },
    isList: (channel: string) => isPart.has(channel),
    /** Key and channel of a call. */
    call: (callId: string) => `${begin}${callId.replace(/[%{}]/g, encodeURIComponent)}}`,
    callIn: (channel: string) => decodeURIComponent(channel.slice(begin.length, -1)),
    session: (sessionId: string) => `${root}:session:{${sessionId.replace(/[%{}]/g, encodeURIComponent)}}`,
    /** A call's part of the list, and of the calls of each stage. */
    listed: (callId: string) => keysOf(partOf(callId)),
    /** Key and channel of what was revoked. */
    revoked: `${root}:{revoked}`,
    ping: `${root}:ping`,
  }
}

function partOf(callId: string): number {
  let sum = 0
  for (const character of callId) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return sum % LIST_PARTS
}
