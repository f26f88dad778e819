/**
 * The names of keys and channels. What is one call's carries its id as a hash tag, so that a cluster has all of it on
 * one server. The layout: who changes it loses what is stored.
 */

/** Into how many parts the list of calls is cut, so that it is not all in one server's hands. Part of the layout. */
const LIST_PARTS = 16

/** The names under a prefix. */
export function namesOf(prefix: string) {
  const lists = Array.from({ length: LIST_PARTS }, (_, part) => `${prefix}:calls:{${part}}`)
  const isPart = new Set(lists)
  const partsOf = (name: string) => lists.map((list) => list.replace(`${prefix}:calls:`, `${prefix}:${name}:`))
  const [live, ended, staged] = [partsOf('live'), partsOf('ended'), partsOf('staged')]
  const keysOf = (part: number) => [lists[part] as string, live[part] as string, ended[part] as string] as const
  const begin = `${prefix}:call:{`
  return {
    lists,
    /** The parts of the list with the calls of one stage. */
    stages: { live, ended },
    isList: (channel: string) => isPart.has(channel),
    /** Key and channel of a call. */
    call: (callId: string) => `${begin}${callId.replace(/[%{}]/g, encodeURIComponent)}}`,
    callIn: (channel: string) => decodeURIComponent(channel.slice(begin.length, -1)),
    session: (sessionId: string) => `${prefix}:session:{${sessionId.replace(/[%{}]/g, encodeURIComponent)}}`,
    /** A call's part of the list, and of the calls of each stage. */
    listed: (callId: string) => keysOf(partOf(callId)),
    /** Each part of the list, of the calls of each stage, and the key that says that the stages are known. */
    parts: lists.map((_, part) => [...keysOf(part), staged[part] as string] as const),
    /** Key and channel of what was revoked. */
    revoked: `${prefix}:{revoked}`,
    ping: `${prefix}:ping`,
  }
}

function partOf(callId: string): number {
  let sum = 0
  for (const character of callId) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return sum % LIST_PARTS
}
